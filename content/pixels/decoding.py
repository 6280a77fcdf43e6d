"""Frames decoded: stored bytes to samples, by pydicom's decoders and the codecs they drive (PS3.5 §8, §A.4).

Which codec reads which syntax stands in docs/dependencies.md. Samples come as an array of rows × columns, or
rows × columns × 3 colour by pixel.
"""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, Jpeg2KImagePlugin  # noqa: F401 - pydicom names the format; unknown, it loads them all
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, JPEGExtended12Bit

from content.dicom.elements import PIXEL_TAGS
from content.dicom.registry import DEFLATED_FRAMES, ENCAPSULATED_UNCOMPRESSED, EXPLICIT, RLE
from content.pixels import twelve_bit
from content.pixels.failures import CANNOT_RENDER, DAMAGED, TOO_LARGE, Unpictured
from content.pixels.image_file import LARGEST_FRAME, ImageFile, Pieces
from content.pixels.syntaxes import CODECS, TWELVE_BIT

Samples = NDArray[Any]

_NATIVE_KEYWORDS = dict(zip(PIXEL_TAGS, ("PixelData", "FloatPixelData", "DoubleFloatPixelData"), strict=True))
_KEPT = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "PixelRepresentation"),
)
_DEFAULTS = {"SamplesPerPixel": 1, "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A frame's samples and what they are: `photometric` as the decoder leaves them, `bits` stored."""

    samples: Samples
    photometric: str
    bits: int


def decode(image: ImageFile, number: int, pieces: Pieces | None = None, *, as_rgb: bool) -> Decoded:
    """Frame `number`, counted from 1. `as_rgb`: luminance and chrominance become RGB.

    Raises `Unpictured`; codecs raise what they like.
    """
    data, first_bit = image.encoded(number, pieces)
    assert image.pixels is not None
    described = _described(image)
    if image.is_native and image.bits_allocated == 1:
        return _of_bits(described, data, first_bit)
    if image.syntax == RLE and image.bits_allocated == 1:
        return _of_bits(described, _unpacked(data, image.bits_per_frame), 0)
    syntax, data = _readable(image, described, data)
    if syntax == EXPLICIT:
        keyword = _NATIVE_KEYWORDS[image.pixels.tag]
        setattr(described, keyword, data + b"\0" * (len(data) % 2))
        described[keyword].VR = "OW" if keyword == "PixelData" else described[keyword].VR
    else:
        described.PixelData = encapsulate([data])
        described["PixelData"].VR = "OB"
    described.file_meta = FileMetaDataset()
    described.file_meta.TransferSyntaxUID = UID(syntax)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise Unpictured(CANNOT_RENDER) from error
    codec = _codec(syntax, described.BitsStored)
    samples, form = decoder.as_array(described, index=0, raw=not as_rgb, decoding_plugin=codec)
    unused = _unused_low_bits(image)
    bits = int(form.get("bits_stored") or image.bits_allocated) - unused
    return Decoded(samples >> unused if unused else samples, str(form["photometric_interpretation"]), bits)


def _described(image: ImageFile) -> Dataset:
    described, found = Dataset(), image.dataset
    for keyword in _KEPT:
        value = found.get(keyword, _DEFAULTS.get(keyword))
        if value is not None:
            setattr(described, keyword, value)
    if described.SamplesPerPixel > 1 and "PlanarConfiguration" not in described:
        described.PlanarConfiguration = 0
    described.BitsAllocated = image.bits_allocated
    if "BitsStored" not in described or not 0 < described.BitsStored <= described.BitsAllocated:
        described.BitsStored = described.BitsAllocated
    described.BitsStored += _unused_low_bits(image)
    return described


def _unused_low_bits(image: ImageFile) -> int:
    """Bits below the samples: once the highest bit could be any (PS3.5 §8.1.1 of before 2014)."""
    stored, high = image.dataset.get("BitsStored"), image.dataset.get("HighBit")
    if not image.is_native or not stored or high is None:
        return 0
    unused = int(high) + 1 - int(stored)
    return unused if 0 < unused <= image.bits_allocated - int(stored) else 0


def _readable(image: ImageFile, described: Dataset, data: bytes) -> tuple[str, bytes]:
    """The syntax whose decoder reads the bytes, and the bytes in little-endian order where it is native."""
    if image.syntax == DEFLATED_FRAMES:
        return EXPLICIT, _inflated(image, data)
    if not image.is_native and image.syntax != ENCAPSULATED_UNCOMPRESSED:
        return image.syntax, data
    if described.PhotometricInterpretation == "YBR_FULL_422" and 8 * len(data) >= image.bits_per_frame:
        described.PhotometricInterpretation = "YBR_FULL"  # some writers do not leave samples out
    if image.encoding.little:
        return EXPLICIT, data
    return EXPLICIT, in_other_order(data, image.bits_allocated // 8)


def in_other_order(data: bytes, width: int) -> bytes:
    """Big-endian samples, or words, of `width` bytes as little-endian ones."""
    data += b"\0" * (-len(data) % max(width, 1))
    return np.frombuffer(data, np.dtype(f"u{width}")).byteswap().tobytes() if width > 1 else data


def _inflated(image: ImageFile, data: bytes) -> bytes:
    """Each frame is a raw deflate stream of its own (PS3.5 §A.4.13)."""
    needed = (image.bits_per_frame + 7) // 8
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, needed)
    if len(inflated) < needed:
        raise Unpictured(DAMAGED)
    return inflated


def _unpacked(data: bytes, bits: int) -> bytes:
    """RLE of single bits packs the bytes that hold eight of them each: one row of so many samples."""
    form: dict[str, Any] = {
        "rows": 1,
        "columns": (bits + 7) // 8,
        "samples_per_pixel": 1,
        "number_of_frames": 1,
        "bits_allocated": 8,
        "bits_stored": 8,
        "pixel_representation": 0,
        "pixel_keyword": "PixelData",
        "photometric_interpretation": "MONOCHROME2",
        "pixel_vr": "OB",
    }
    found, _ = get_decoder(RLE).as_buffer(encapsulate([data]), index=0, **form)
    return bytes(found)


def _of_bits(described: Dataset, data: bytes, first_bit: int) -> Decoded:
    cells = described.Rows * described.Columns
    if cells > LARGEST_FRAME:  # each becomes a byte
        raise Unpictured(TOO_LARGE)
    flat = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[first_bit : first_bit + cells]
    return Decoded(flat.reshape(described.Rows, described.Columns), described.PhotometricInterpretation, 1)


def _codec(syntax: str, bits: int) -> str:
    """One codec for each syntax: the others that pydicom knows are not tried on what it refuses."""
    if syntax == JPEGExtended12Bit and bits > 8:
        return TWELVE_BIT
    return CODECS.get(syntax, "")


def load_decoders() -> None:
    """Loads what codecs load at first use: later, in the sandbox, no file can be opened."""
    Image.preinit()  # JPEG among them, and none of the rarer formats; JPEG 2000 has its own import
    decoder = get_decoder(JPEGExtended12Bit)
    if TWELVE_BIT not in decoder.available_plugins:
        decoder.add_plugin(TWELVE_BIT, (twelve_bit.__name__, twelve_bit.decode_frame.__name__))
