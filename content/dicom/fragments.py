"""Encapsulated values: fragments up to their delimiter, by their headers (PS3.5 §A.4)."""

import struct
from itertools import pairwise
from typing import NamedTuple

from content.byte_source import Source
from content.dicom.elements import (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Encoding,
    element_follows,
    read_header,
    tag_name,
)
from content.limits import Limits
from content.verdicts import Rejected

Fragment = tuple[int, int]  # offset and length of its content

_LARGEST_TABLE = 16 * 2**20  # bytes: an offset for each of four million frames, in memory at once
_MOST_LOOKED_AT = 10_000  # fragments: to look at the first bytes of one costs a read of the store
_ELEMENTS_LOOKED_AT = 64  # image data that reads as so many elements in a row is not to be expected
_MOST_PADDING = 4096  # one byte makes the length even (PS3.5 §A.4); some writers fill whole blocks
_MOST_SEGMENTS, _RLE_HEADER = 15, 64  # PS3.5 §G.5: sixteen numbers of four bytes, the first a count
# JPEG and JPEG-LS (SOI), JPEG 2000 and HTJ2K (SOC, SIZ), JPEG XL bare and in its container
_BEGINNINGS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


class Fragments(NamedTuple):
    """`pieces` start with the basic offset table, `end` is behind their delimiter.

    `delimited` is False where the delimiter is missing or not as it should be, and every piece is whole.
    """

    pieces: list[Fragment]
    end: int
    delimited: bool = True


class FragmentWalk:
    """The items of one encapsulated value, which lies before `room`, where what contains it ends.

    `inside`: an item of undefined length contains it, so that an item delimiter may be that item's own.
    """

    def __init__(
        self, source: Source, encoding: Encoding, tag: int, room: int, limits: Limits, *, inside: bool = False
    ) -> None:
        self._source = source
        self._encoding = encoding
        self._tag = tag
        self._room = room
        self._limits = limits
        self._inside = inside

    def run(self, position: int) -> Fragments:
        """Raises `Rejected`: "truncated", "element_not_valid", "pixel_fragments_not_valid",
        "too_many_elements".
        """
        pieces: list[Fragment] = []
        while True:
            raw = self._source.read(position, 16)[: max(0, self._room - position)]
            item, length = _item(self._encoding, raw)
            if len(raw) < 8 or item != ITEM or length == UNDEFINED:
                return self._end(pieces, position, raw, item, length)
            pieces.append((position + 8, length))
            position += 8 + length
            if position > self._room:
                outside = "truncated" if position > self._source.size else "element_not_valid"
                raise Rejected(outside, tag_name(self._tag))
            if len(pieces) > self._limits.fragments:
                raise Rejected("too_many_elements")

    def _end(self, pieces: list[Fragment], position: int, raw: bytes, item: int, length: int) -> Fragments:
        if item == SEQUENCE_END and len(raw) >= 8:
            # the delimiter's length is always written, as zero (PS3.5 §A.4); one writer leaves it out
            bare = length > 0 and element_follows(self._encoding, self._tag, raw[4:])
            return Fragments(pieces, position + (4 if bare else 8), not bare)
        width = self._instead(pieces, raw, item, length)
        if width is None:
            if len(raw) < 8:
                raise Rejected("truncated", tag_name(self._tag))
            raise Rejected("pixel_fragments_not_valid", str(len(pieces)))
        return Fragments(pieces, position + width, delimited=False)

    def _instead(self, pieces: list[Fragment], raw: bytes, item: int, length: int) -> int | None:
        """How many bytes stand in the delimiter's place; None where they are no known writer's slip.

        Nothing, zero bytes, an item delimiter, a delimiter's tag without its length, or the next element.
        """
        if not pieces:
            return None
        if not raw[:8].strip(b"\0") or (len(raw) < 8 and item in (SEQUENCE_END, ITEM_END)):
            return min(len(raw), 8)
        if item == ITEM_END and not length:
            return 0 if self._inside and _item(self._encoding, raw[8:])[0] != ITEM_END else 8
        if item == ITEM_END and element_follows(self._encoding, self._tag, raw[4:]):
            return 4
        return 0 if element_follows(self._encoding, self._tag, raw) else None


def _item(encoding: Encoding, raw: bytes) -> tuple[int, int]:
    """Tag and length of the item or delimiter that starts so; zeros stand for what is missing of it."""
    order = "<" if encoding.little else ">"
    group, element, length = struct.unpack_from(order + "HHI", raw.ljust(8, b"\0"))
    return group << 16 | element, length


def holds_fragments(source: Source, encoding: Encoding, position: int, end: int) -> bool:
    """Whether the items at `position` are pieces of bytes, since no data set fills the first one with any.

    For a value of unknown type and undefined length, which PS3.5 §6.2.2 has as a sequence.
    """
    while True:
        item, length = _item(encoding, source.read(position, 8))
        if item != ITEM or length == UNDEFINED or position + 8 + length > end:
            return False
        if length:
            return not _fills(source, position + 8, position + 8 + length)
        position += 8


def _fills(source: Source, position: int, end: int) -> bool:
    """Whether elements of some encoding reach from `position` exactly to `end`, judged by a few of them."""
    return any(_elements(source, encoding, position, end) for encoding in (IMPLICIT_LITTLE, EXPLICIT_LITTLE))


def _elements(source: Source, encoding: Encoding, position: int, end: int) -> bool:
    for _ in range(_ELEMENTS_LOOKED_AT):
        if position == end:
            return True
        raw = source.read(position, min(12, end - position))
        if len(raw) < 8 or not raw[:2].strip(b"\0"):
            return False
        try:
            _, _, length, size = read_header(encoding, raw, end - position)
        except Rejected:
            return False
        if length == UNDEFINED:
            return True
        position += size + length
        if position > end:
            return False
    return True


def numbers(source: Source, place: Fragment, size: int) -> list[int]:
    """The little-endian numbers of `size` bytes at (offset, length); empty where the length does not fit."""
    offset, length = place
    if length % size or length > _LARGEST_TABLE:
        return []
    return [
        number for (number,) in struct.iter_unpack("<I" if size == 4 else "<Q", source.read(offset, length))
    ]


def starts(fragments: list[Fragment], offsets: list[int], frames: int) -> list[int] | None:
    """The index of each frame's first fragment, from an offset table; None where the table fits no borders.

    Offsets count from the first fragment's item header (PS3.5 §A.4).
    """
    places = {offset - fragments[0][0]: index for index, (offset, _) in enumerate(fragments)}
    indexes = [places.get(offset, -1) for offset in offsets]
    rising = all(one < other for one, other in pairwise(indexes))
    return indexes if len(indexes) == frames and indexes[0] == 0 and rising else None


def code_streams(fragments: list[Fragment], source: Source) -> list[int]:
    """The index of each fragment whose first bytes begin a code stream; empty where there are too many."""
    if len(fragments) > _MOST_LOOKED_AT:
        return []
    return [index for index, (offset, _) in enumerate(fragments) if _begins(source.read(offset, 12))]


def ends_code_stream(fragment: Fragment, source: Source) -> bool:
    """Whether the marker that ends JPEG, JPEG-LS and JPEG 2000 images stands at the end, padding apart."""
    offset, length = fragment
    # EOI of JPEG and JPEG-LS (ISO/IEC 10918-1 table B.1) and EOC of JPEG 2000 (ISO/IEC 15444-1) are equal
    tail = source.read(offset + max(0, length - _MOST_PADDING), min(length, _MOST_PADDING))
    return tail.rstrip(b"\0").endswith(b"\xff\xd9")


def _begins(head: bytes) -> bool:
    # an RLE header counts its segments, the first of which follows it (PS3.5 §G.5)
    segments, first = struct.unpack_from("<II", head.ljust(8, b"\0"))
    return head.startswith(_BEGINNINGS) or (0 < segments <= _MOST_SEGMENTS and first == _RLE_HEADER)
