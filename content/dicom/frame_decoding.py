"""The optional check that compressed frames decode, with the decoders at hand; off by default."""

from contextlib import suppress
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.uid import UID

from content.byte_source import Source
from content.dicom.facts import first
from content.dicom.frame_sizes import FrameSize, is_of_size
from content.dicom.registry import DEFLATED_FRAMES, ENCAPSULATED_UNCOMPRESSED, NATIVE, RLE
from content.limits import Limits
from content.series_metadata import Frames
from content.verdicts import Finding, Rejected

_DESCRIPTION = {
    "00280002": "SamplesPerPixel",
    "00280004": "PhotometricInterpretation",
    "00280006": "PlanarConfiguration",
    "00280010": "Rows",
    "00280011": "Columns",
    "00280100": "BitsAllocated",
    "00280101": "BitsStored",
    "00280103": "PixelRepresentation",
}
_DEFAULTS = {"PixelRepresentation": 0, "PlanarConfiguration": 0, "SamplesPerPixel": 1}


def check_decoding(
    source: Source, frames: Frames | None, attributes: dict[str, Any], syntax: str, limits: Limits
) -> list[Finding]:
    """Decodes at most `limits.decoded_frames` frames. Raises `Rejected` "frames_not_decodable"."""
    if not limits.decoded_frames or frames is None or syntax in (*NATIVE, ENCAPSULATED_UNCOMPRESSED):
        return []
    described = _described(attributes)
    decoder = None if syntax == DEFLATED_FRAMES else _decoder(syntax)
    unchecked = [Finding("frames_not_decoded")]
    if described is None or (decoder is None and syntax != DEFLATED_FRAMES):
        return unchecked
    described.file_meta = FileMetaDataset()
    described.file_meta.TransferSyntaxUID = UID(syntax)
    size = FrameSize(described.Rows, described.Columns, described.SamplesPerPixel)
    for number, pieces in enumerate(frames[: limits.decoded_frames], 1):
        data = b"".join(source.read(offset, length) for offset, length in pieces)
        described.PixelData = encapsulate([data])
        described["PixelData"].VR = "OB"
        if not is_of_size(data, syntax, size, described.BitsAllocated):
            raise Rejected("frames_not_decodable", f"frame {number}")
        try:
            if decoder is not None and not (syntax == RLE and described.BitsAllocated == 1):
                decoder.as_buffer(described)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise what they like
            raise Rejected("frames_not_decodable", f"frame {number}") from error
    return unchecked if len(frames) > limits.decoded_frames else []


def _described(attributes: dict[str, Any]) -> Dataset | None:
    described = Dataset()
    for keyword, value in _DEFAULTS.items():
        setattr(described, keyword, value)
    for tag, keyword in _DESCRIPTION.items():
        value = first(attributes, tag)
        if isinstance(value, (int, str)):
            setattr(described, keyword, value)
    needed = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PhotometricInterpretation")
    return described if all(keyword in described for keyword in needed) else None


def _decoder(syntax: str) -> Decoder | None:
    with suppress(NotImplementedError):
        decoder = get_decoder(syntax)
        return decoder if decoder.is_available else None
    return None


def load_decoders() -> None:
    """Loads what decoders load at first use: later, in the sandbox, no file can be opened."""
    with suppress(ImportError):
        from PIL import Image  # noqa: PLC0415 - only where the check is on

        Image.init()
