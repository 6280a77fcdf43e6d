"""The size of a stored frame beside the one that the data set gives it: one rule for all who read frames.

JPEG and JPEG-LS say it in their frame header (ITU-T T.81 §B.2.2, T.87 annex C), JPEG 2000 in SIZ (T.800
§A.5.1), perhaps inside of a JP2 file (T.800 annex I). RLE declares none (PS3.5 annex G): it is what its
segments unpack to. Of a deflated frame (PS3.5 §A.4.13) and of one without compression it is the bytes.
"""

import struct
import zlib
from typing import NamedTuple

from content.dicom.registry import (
    DEFLATED_FRAMES,
    ENCAPSULATED_UNCOMPRESSED,
    JPEG_2000_FAMILY,
    JPEG_FAMILY,
    RLE,
)

_START, _SCAN, _FILL = b"\xff\xd8", 0xDA, 0xFF
_FRAME_HEADERS = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a segment
_CODE_STREAM, _SIZ = b"\xff\x4f", b"\xff\x51"


# RLE: the header, what two bytes unpack to at most, a byte that means nothing (PS3.5 §G.3.1, §G.5)
_HEADER, _MOST_SEGMENTS, _RUN, _NOTHING = 64, 15, 128, 128
_PADDING = b"\0\x80"


class FrameSize(NamedTuple):
    """Pixels, and components of each."""

    rows: int
    columns: int
    components: int

    @property
    def cells(self) -> int:
        return self.rows * self.columns


def is_of_size(frame: bytes, syntax: str, described: FrameSize, bits: int) -> bool:
    """Whether a whole frame has the size that the data set gives it, with `bits` allocated for a sample.

    One of another size would be shown in other rows than it was taken in, or fill the memory. What is too
    short and says no size fails to decode.
    """
    if syntax == RLE:
        return _unpacks_to(frame, described, bits)
    needed = (described.cells * described.components * bits + 7) // 8
    if syntax == ENCAPSULATED_UNCOMPRESSED:
        return len(frame) <= needed + 1  # padding makes the length even
    if syntax == DEFLATED_FRAMES:
        return len(_inflated(frame, needed + 2)) in (needed, needed + 1)
    return syntax not in JPEG_FAMILY | JPEG_2000_FAMILY or declared(frame, syntax) == described


def begins_as(head: bytes, length: int, syntax: str, described: FrameSize, bits: int) -> bool:
    """Whether it may be, by the first bytes of a frame of `length` bytes; they may not say."""
    if syntax == RLE:
        return _may_unpack_to(head, length, described, bits)
    if syntax == ENCAPSULATED_UNCOMPRESSED:
        return length <= (described.cells * described.components * bits + 7) // 8 + 1
    found = declared(head, syntax) if syntax in JPEG_FAMILY | JPEG_2000_FAMILY else None
    return found is None or found == described


def _inflated(frame: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, most)
    except zlib.error:
        return b""


def _segments(head: bytes) -> tuple[int, ...]:
    """Where the segments begin (PS3.5 §G.5); none where the header is none."""
    count, *starts = struct.unpack("<16L", head[:_HEADER].ljust(_HEADER, b"\0"))
    return tuple(starts[:count]) if count <= _MOST_SEGMENTS else ()


def _may_unpack_to(head: bytes, length: int, described: FrameSize, bits: int) -> bool:
    expected = described.components * bits // 8
    starts = _segments(head)
    if bits == 1:
        return len(starts) == 1
    most = (length - _HEADER) * (_RUN // 2)
    return len(starts) == expected and most >= expected * described.cells


def _unpacks_to(frame: bytes, described: FrameSize, bits: int) -> bool:
    """Each segment holds one byte of every sample (PS3.5 §G.2), and nothing but padding behind them."""
    starts = _segments(frame)
    if len(starts) != max(1, described.components * bits // 8):
        return False
    cells = described.cells if bits > 1 else (described.cells * described.components + 7) // 8
    ends = (*starts[1:], len(frame))
    return all(_holds(frame[start:end], cells) for start, end in zip(starts, ends, strict=True))


def _holds(segment: bytes, cells: int) -> bool:
    at, found, length = 0, 0, len(segment)
    while at < length and found < cells:
        number = segment[at]
        if number < _NOTHING:
            found += min(number + 1, length - at - 1)
            at += number + 2
        elif number > _NOTHING:
            found += 257 - number
            at += 2
        else:
            at += 1
    return found == cells and not segment[at:].strip(_PADDING)


def declared(frame: bytes, syntax: str) -> FrameSize | None:
    """The frame's own size; None where it is cut or says none."""
    try:
        return _of_jpeg_2000(frame) if syntax in JPEG_2000_FAMILY else _of_jpeg(frame)
    except (struct.error, IndexError):
        return None


def _of_jpeg(frame: bytes) -> FrameSize | None:
    at = len(_START) if frame.startswith(_START) else len(frame)
    while frame[at] == _FILL:
        marker = frame[at + 1]
        if marker == _FILL or marker in _ALONE:
            at += 1 if marker == _FILL else 2
            continue
        (length,) = struct.unpack_from(">H", frame, at + 2)
        if marker in _FRAME_HEADERS:
            return FrameSize(*struct.unpack_from(">xHHB", frame, at + 4))
        if marker == _SCAN or length < 2:
            return None
        at += 2 + length
    return None


def _of_jpeg_2000(frame: bytes) -> FrameSize | None:
    at = 0 if frame.startswith(_CODE_STREAM) else _boxed(frame)
    if frame[at : at + 4] != _CODE_STREAM + _SIZ:
        return None
    right, bottom, left, top, components = struct.unpack_from(">4I16xH", frame, at + 8)
    return FrameSize(bottom - top, right - left, components)


def _boxed(frame: bytes) -> int:
    """Where the code stream begins in a JP2 file (T.800 §I.4)."""
    at = 0
    while True:
        size, kind = struct.unpack_from(">I4s", frame, at)
        begin = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", frame, begin)
            begin += 8
        if kind == b"jp2c":
            return begin
        if size < begin - at:  # 0: the last one
            raise IndexError
        at += size
