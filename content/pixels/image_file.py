"""One instance, read up to its pixel data: the attributes that describe the image, where its frames lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from content.byte_source import BytesSource, Source
from content.dicom.deflated import InflatedSource, Packing, packing_of
from content.dicom.elements import PIXEL_TAGS, UNDEFINED, Bulk, Encoding, Raw, read_header
from content.dicom.file_meta import FileHead, encoding_of, read_head
from content.dicom.fragments import FragmentWalk
from content.dicom.frame_sizes import FrameSize, is_of_size
from content.dicom.pixel_data import Shape, encapsulated, shape
from content.dicom.registry import DEFLATED_DATA_SETS, EXPLICIT
from content.limits import Limits
from content.pixels.failures import CANNOT_RENDER, DAMAGED, NOT_FOUND, TOO_LARGE, Unpictured
from content.pixels.source_file import SourceFile

LARGEST_FRAME = 192 * 2**20
"""Bytes of one decoded frame. Mammograms and photographs of whole bodies take up to 50 MB."""
Pieces = Sequence[tuple[int, int]]

COLOURS = ("Red", "Green", "Blue")

_SYNTAX = 0x00020010
# what a picture is made from; everything else is stepped over
_DESCRIPTION = (
    *(
        "SpecificCharacterSet",
        "SOPClassUID",
        "SOPInstanceUID",
        "SamplesPerPixel",
        "PhotometricInterpretation",
    ),
    *("PlanarConfiguration", "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    *("ModalityLUTSequence", "RescaleIntercept", "RescaleSlope"),
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in COLOURS),
    *(f"{colour}PaletteColorLookupTableData" for colour in COLOURS),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in COLOURS),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)
DESCRIPTION = [tag for tag in map(tag_for_keyword, _DESCRIPTION) if tag is not None]


@dataclass(frozen=True, slots=True)
class PixelElement:
    """The element that holds the pixels; `length` is `UNDEFINED` where fragments follow."""

    tag: int
    vr: str | None
    offset: int
    length: int


def dataset_at(
    source: Source, start: int, encoding: Encoding, tags: list[int] | None = None
) -> tuple[Dataset, int]:
    """The elements from `start` up to the pixel data or the end, and where that is."""
    file = SourceFile(source, start)
    found = read_dataset(
        file,
        encoding.implicit,
        encoding.little,
        stop_when=lambda tag, _vr, _length: tag in PIXEL_TAGS,
        specific_tags=tags,
    )
    return found, file.tell()


class ImageFile:
    """An instance that may hold an image. `tags`: the attributes to read.

    Raises `Rejected` for what no reader would take; pydicom raises what it likes for damaged values.
    """

    def __init__(self, source: Source, limits: Limits, tags: list[int]) -> None:
        self._limits = limits
        self.head: FileHead = read_head(source, limits)
        meta = self.head.meta.elements.get(_SYNTAX)
        named = meta.value.decode("ascii", "replace").strip(" \0") if isinstance(meta, Raw) else ""
        self.syntax = named or EXPLICIT
        self.source, self.start = source, self.head.start
        self.is_deflated = False
        if named in DEFLATED_DATA_SETS and packing_of(source.read(self.start, 16)) is not Packing.NONE:
            inflated = InflatedSource(source, self.start, limits)
            self.source, self.start = BytesSource(inflated.read(0, inflated.size)), 0
            self.is_deflated = True
        self.encoding: Encoding = encoding_of(self.source.read(self.start, 16), named, self.head)
        self.dataset, self.pixels = self._read(tags)

    def _read(self, tags: list[int]) -> tuple[Dataset, PixelElement | None]:
        encoding = self.encoding
        found, position = dataset_at(self.source, self.start, encoding, tags)
        raw = self.source.read(position, 12)
        if len(raw) < 8:
            return found, None
        tag, vr, length, size = read_header(encoding, raw.ljust(12, b"\0"), self.source.size - position)
        if tag not in PIXEL_TAGS:
            return found, None
        return found, PixelElement(tag, vr, position + size, length)

    @property
    def is_native(self) -> bool:
        return self.pixels is not None and self.pixels.length != UNDEFINED

    @property
    def frames(self) -> int:
        try:
            return max(1, int(self.dataset.get("NumberOfFrames") or 1))
        except ValueError:
            return 1

    @property
    def bits_per_frame(self) -> int:
        """Of the image decoded, in its allocated bits. Raises `Unpictured` where there is no image."""
        found = self.dataset
        if self.pixels is None or not (found.get("Rows") and found.get("Columns")):
            raise Unpictured(CANNOT_RENDER)
        bits = self.size.cells * self.size.components * self.bits_allocated
        if bits > 8 * LARGEST_FRAME:
            raise Unpictured(TOO_LARGE)
        return bits

    @property
    def size(self) -> FrameSize:
        """Of each frame, as the data set says."""
        found = self.dataset
        return FrameSize(int(found.Rows), int(found.Columns), int(found.get("SamplesPerPixel") or 1))

    @property
    def bits_allocated(self) -> int:
        assert self.pixels is not None
        of_floats = {PIXEL_TAGS[1]: 32, PIXEL_TAGS[2]: 64}
        return of_floats.get(self.pixels.tag) or int(self.dataset.BitsAllocated)

    def encoded(self, number: int, pieces: Pieces | None = None) -> tuple[bytes, int]:
        """The stored bytes of frame `number`, counted from 1, and the bit of the first one it begins with.

        `pieces`: where the frame lies, if that is known. Raises `Unpictured`.
        """
        needed = (self.bits_per_frame + 7) // 8
        if not 0 < number <= self.frames:
            raise Unpictured(NOT_FOUND)
        apart = self.bits_allocated % 8 or self.swaps_bytes  # a frame begins inside of a byte or word
        if self.is_native and (pieces is None or self.is_deflated or apart):
            return self._native(number)
        if pieces is None or self.is_deflated:
            pieces = self._pieces(number)
        # compressed frames are smaller than what they decode to, headers apart
        if sum(length for _, length in pieces) > 2 * needed + 2**16:
            raise Unpictured(TOO_LARGE)
        data = b"".join(self.source.read(offset, length) for offset, length in pieces)
        if not (self.is_native or is_of_size(data, self.syntax, self.size, self.bits_allocated)):
            raise Unpictured(DAMAGED)
        return data, 0

    def _native(self, number: int) -> tuple[bytes, int]:
        """Native frames follow each other without padding, be they of single bits (PS3.5 §8.1.1)."""
        assert self.pixels is not None
        bits = self._stored_bits()
        begin = (number - 1) * bits
        first, last = begin // 8, (begin + bits + 7) // 8
        if last > self.pixels.length:
            raise Unpictured(DAMAGED)
        if not self.swaps_bytes:
            return self.source.read(self.pixels.offset + first, last - first), begin % 8
        # the words around the frame, which may begin or end in the middle of one
        start, end = first & ~1, min(last + last % 2, self.pixels.length)
        words = self.source.read(self.pixels.offset + start, end - start)
        words += b"\0" * (len(words) % 2)
        data = bytearray(len(words))
        data[0::2], data[1::2] = words[1::2], words[0::2]
        return bytes(data[first - start : last - start]), begin % 8

    @property
    def swaps_bytes(self) -> bool:
        """Whether samples of a byte or less lie in big-endian words (PS3.5 §7.3, §8.1.1)."""
        in_words = self.pixels is not None and self.pixels.vr == "OW" and self.bits_allocated <= 8
        return in_words and self.is_native and not self.encoding.little

    def _stored_bits(self) -> int:
        """Of a native frame: those of subsampled colour are smaller, if the writer left samples out."""
        assert self.pixels is not None
        sizes = self._shape().bits_per_frame
        total = 8 * self.pixels.length
        return next((bits for bits in reversed(sizes) if bits * self.frames <= total), sizes[0])

    def _pieces(self, number: int) -> Pieces:
        table = self.table()
        if table is not None and number <= len(table):
            return table[number - 1]
        raise Unpictured(DAMAGED)

    def table(self) -> Sequence[Pieces] | None:
        """Where each compressed frame lies; None where the stored bytes do not say."""
        assert self.pixels is not None
        bulk = Bulk(self.pixels.tag, self.pixels.vr, self.pixels.offset, self.pixels.length)
        form = self._shape()
        room = self.source.size
        walk = FragmentWalk(self.source, self.encoding, bulk.tag, room, self._limits)
        bulk.fragments, _, bulk.delimited = walk.run(bulk.offset)
        found = encapsulated({bulk.tag: bulk}, form, self.syntax, self.source, self._limits).frames
        if found is None and self.frames == 1:
            return [[piece for piece in bulk.fragments[1:] if piece[1]]]
        return found

    def _shape(self) -> Shape:
        attributes: dict[str, Any] = {"00280008": {"Value": [self.frames]}}
        for tag in ("00280002", "00280004", "00280010", "00280011", "00280100"):
            element = self.dataset.get(int(tag, 16))
            if element is not None and element.value not in (None, ""):
                value = element.value
                attributes[tag] = {"Value": [value if tag == "00280004" else int(value)]}
        assert self.pixels is not None
        return shape(attributes, self.pixels.tag)
