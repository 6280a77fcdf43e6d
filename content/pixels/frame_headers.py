"""The size that a compressed frame declares, read before a codec makes room for it or believes it.

JPEG and JPEG-LS say it in their frame header (ITU-T T.81 §B.2.2, T.87 annex C), JPEG 2000 in SIZ (T.800
§A.5.1), perhaps inside of a JP2 file (T.800 annex I). RLE declares none (PS3.5 annex G).
"""

import struct
from typing import NamedTuple

from content.pixels.failures import DAMAGED, Unpictured
from content.pixels.syntaxes import JPEG_2000_FAMILY, JPEG_FAMILY

_START, _SCAN, _FILL = b"\xff\xd8", 0xDA, 0xFF
_FRAME_HEADERS = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a segment
_CODE_STREAM, _SIZ = b"\xff\x4f", b"\xff\x51"


class FrameSize(NamedTuple):
    """Pixels, and components of each."""

    rows: int
    columns: int
    components: int


def check_size(frame: bytes, syntax: str, described: FrameSize) -> None:
    """Raises `Unpictured` where the frame has not the size that the data set gives it: its samples would be
    shown in other rows than they were taken in, or fill the memory.
    """
    if syntax in JPEG_FAMILY | JPEG_2000_FAMILY and declared(frame, syntax) != described:
        raise Unpictured(DAMAGED)


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
