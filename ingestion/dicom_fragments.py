"""Encapsulated pixel data: fragments up to their delimiter, by their headers (PS3.5 §A.4)."""

import struct
from itertools import pairwise

from ingestion.dicom_elements import ITEM, SEQUENCE_END, UNDEFINED, Encoding, read_header, tag_name
from ingestion.limits import Limits
from ingestion.reader import Source
from ingestion.verdicts import Rejected

Fragment = tuple[int, int]  # offset and length of its content

_LARGEST_TABLE = 16 * 2**20
_MOST_LOOKED_AT = 10_000
# JPEG and JPEG-LS, JPEG 2000 and HTJ2K, JPEG XL bare and in its container
_BEGINNINGS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def walk_fragments(
    source: Source, encoding: Encoding, tag: int, position: int, limits: Limits
) -> tuple[list[Fragment], int]:
    """The items that start at `position`, the basic offset table first, and where their delimiter ends.

    Raises `Rejected`: "truncated", "pixel_fragments_not_valid", "too_many_elements".
    """
    fragments: list[Fragment] = []
    while True:
        raw = source.read(position, 8)
        if len(raw) < 8:
            raise Rejected("truncated", tag_name(tag))
        item, _, length, _ = read_header(encoding, raw, 0)
        position += 8
        if item == SEQUENCE_END:
            return fragments, position
        if item != ITEM or length == UNDEFINED:
            raise Rejected("pixel_fragments_not_valid", str(len(fragments)))
        fragments.append((position, length))
        position += length
        if position > source.size:
            raise Rejected("truncated", tag_name(tag))
        if len(fragments) > limits.fragments:
            raise Rejected("too_many_elements")


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


def code_streams(fragments: list[Fragment], frames: int, source: Source) -> list[int] | None:
    """The same from the fragments' first bytes, where as many begin a code stream as there are frames."""
    if len(fragments) > _MOST_LOOKED_AT:
        return None
    begins = [
        index
        for index, (offset, _) in enumerate(fragments)
        if source.read(offset, 12).startswith(_BEGINNINGS)
    ]
    return begins if len(begins) == frames and begins[0] == 0 else None
