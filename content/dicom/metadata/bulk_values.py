"""Bulk data of a stored instance by the path of its attribute, in the encoding of Explicit VR Little Endian.

Runs in the sandbox: for instances whose bulk data was not noted at ingestion, and for values that the stored
bytes do not hold as they are given, deflated or big endian ones.
"""

from array import array
from collections.abc import Iterator, Sequence

from content.byte_source import BytesSource, SliceSource, Source, in_pieces
from content.dicom.deflated import InflatedSource, Packing, packing_of
from content.dicom.elements import PIXEL_TAGS, Bulk, DataSet, Encoding, Raw
from content.dicom.facts import first
from content.dicom.file_meta import encoding_of, read_head
from content.dicom.metadata.json_writer import JsonWriter
from content.dicom.registry import DEFLATED_DATA_SETS
from content.dicom.walk import Walk
from content.limits import Limits

_WIDTHS = {
    **dict.fromkeys(("OW", "US", "SS"), 2),
    **dict.fromkeys(("OL", "OF", "UL", "SL", "FL"), 4),
    **dict.fromkeys(("OD", "OV", "FD", "UV", "SV"), 8),
}
_WORDS = {2: "H", 4: "I", 8: "Q"}
_BITS_ALLOCATED = 0x00280100


def value_at(source: Source, path: Sequence[str | int], limits: Limits, start: int = 0) -> Iterator[bytes]:
    """The value field at a path of tags and numbers of items, in pieces; from byte `start` on, where a word
    begins.

    Raises `LookupError` where there is none, or one in fragments; `Rejected` where the instance can't be
    read.
    """
    data_set, encoding = _data_set(source, limits)
    structure = Walk(data_set, limits, encoding, data_set.start).run()
    dataset, found = _element(structure.dataset, path)
    if isinstance(found, Bulk) and found.fragments is None:
        again, _ = _data_set(source, limits)  # an inflated one is read forwards alone
        value: Source = SliceSource(again, found.offset, found.length)
    elif isinstance(found, Raw):
        value = BytesSource(found.value)
    else:
        raise LookupError
    if not value.size:
        raise LookupError
    width = 1 if dataset.encoding.little else _width(dataset, int(str(path[-1]), 16), found.vr)
    return (_swapped(piece, width) for piece in in_pieces(SliceSource(value, start, value.size - start)))


class _From:
    """A source whose data set begins at `start`."""

    def __init__(self, source: Source, start: int) -> None:
        self.size, self.start, self.read = source.size, start, source.read


def _data_set(source: Source, limits: Limits) -> tuple[_From, Encoding]:
    head = read_head(source, limits)
    named = str(first(JsonWriter().dataset(head.meta), "00020010") or "")
    inside = _From(source, head.start)
    if named in DEFLATED_DATA_SETS and packing_of(source.read(head.start, 16)) is not Packing.NONE:
        inside = _From(InflatedSource(source, head.start, limits), 0)
    return inside, encoding_of(inside.read(inside.start, 16), named, head)


def _element(dataset: DataSet, path: Sequence[str | int]) -> tuple[DataSet, object]:
    for tag, number in zip(path[:-1:2], path[1::2], strict=True):
        items = dataset.elements[int(str(tag), 16)]
        dataset = (items if isinstance(items, list) else [])[int(number)]
    return dataset, dataset.elements[int(str(path[-1]), 16)]


def _width(dataset: DataSet, tag: int, vr: str | None) -> int:
    """Bytes of what is swapped as one (PS3.5 section 7.3); samples of pixels, too."""
    width = _WIDTHS.get(vr or "UN", 1)
    bits = dataset.elements.get(_BITS_ALLOCATED)
    if tag in PIXEL_TAGS and width == 2 and isinstance(bits, Raw):
        return max(width, int.from_bytes(bits.value[:2], "big") // 8)
    return width


def _swapped(piece: bytes, width: int) -> bytes:
    if width not in _WORDS or len(piece) % width:
        return piece
    words = array(_WORDS[width], piece)
    words.byteswap()
    return words.tobytes()
