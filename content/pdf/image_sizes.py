"""The size that a compressed image states in its first bytes: JPEG, JPEG 2000, JBIG2, CCITT.

A few bytes can ask a viewer for gigabytes of pixels, whatever the image's dictionary says.
"""

from collections.abc import Iterator

_JPEG_FRAMES = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_J2K_SIZE = b"\xff\x4f\xff\x51"
_J2K_MOST_TILES = 65_535  # ISO/IEC 15444-1 table A.9
_JBIG2_PAGE, _JBIG2_SYMBOLS, _JBIG2_PATTERNS = 48, 0, 16
_JBIG2_TEXTS, _JBIG2_HALFTONES = frozenset((4, 6, 7)), frozenset((20, 22, 23))
_JBIG2_REGIONS = frozenset((4, 6, 7, 20, 22, 23, 36, 38, 39, 40, 42, 43))
_JBIG2_UNKNOWN = 0xFFFFFFFF
_JBIG2_MOST_SYMBOLS = 2**20  # defined or drawn by one segment; a page of text has thousands
_JBIG2_REGION = 17  # bytes of the information that each region starts with (§7.4.1)


def jpeg_pixels(data: bytes) -> int:
    """ITU-T T.81 §B.2.2; 0 where no frame header is in sight."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _JPEG_FRAMES:
            return _be(data, place + 5, 2) * _be(data, place + 7, 2)
        place += 2 if marker in _JPEG_ALONE else 1 if marker == 0xFF else 2 + _be(data, place + 2, 2)
    return 0


def jpeg2000_pixels(data: bytes) -> int:
    """ISO/IEC 15444-1 §A.5.1. More tiles than the standard allows count as endless pixels."""
    place = data.find(_J2K_SIZE)
    if place < 0 or len(data) < place + 42:
        return 0
    right, bottom, left, top, width, height = (_be(data, place + 8 + 4 * index, 4) for index in range(6))
    if width and height and -(-right // width) * -(-bottom // height) > _J2K_MOST_TILES:
        return 2**64
    return max(0, right - left) * max(0, bottom - top)


def jbig2_pixels(data: bytes) -> int:
    """Pixels of page and regions together (ISO/IEC 14492 §7.2 and 7.4); too many symbols count as endless.

    How often a symbol is refined out of others is coded with the pixels and is not looked at.
    """
    pixels = 0
    for kind, body in _jbig2_segments(data):
        if kind == _JBIG2_PAGE or kind in _JBIG2_REGIONS:
            width, height = _be(body, 0, 4), _be(body, 4, 4)
            pixels += width * (0 if kind == _JBIG2_PAGE and height == _JBIG2_UNKNOWN else height)
        if _symbols(kind, body) > _JBIG2_MOST_SYMBOLS:
            return 2**64
        if kind in _JBIG2_HALFTONES:
            pixels += _be(body, _JBIG2_REGION + 1, 4) * _be(body, _JBIG2_REGION + 5, 4)  # HGW x HGH
    return pixels


def _symbols(kind: int, body: bytes) -> int:
    """How many symbols or patterns a segment defines, or how many instances of them it draws."""
    if kind == _JBIG2_SYMBOLS:
        return _new_symbols(body)
    if kind == _JBIG2_PATTERNS:
        return _be(body, 3, 4)  # GRAYMAX (§7.4.4.1)
    return _instances(body) if kind in _JBIG2_TEXTS else 0


def _instances(body: bytes) -> int:
    """SBNUMINSTANCES (§7.4.3.1), behind the flags, those for Huffman tables and the adaptive pixels."""
    flags = _be(body, _JBIG2_REGION, 2)
    place = _JBIG2_REGION + 2 + (2 if flags & 1 else 0) + (4 if flags & 2 and not flags >> 15 else 0)
    return _be(body, place, 4)


def _jbig2_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and first 64 bytes of each segment, of the embedded organisation without file header."""
    place = 0
    while place + 11 <= len(data):
        number, flags = _be(data, place, 4), data[place + 4]
        count, header = data[place + 5] >> 5, 1
        if count == 7:
            count = _be(data, place + 5, 4) & 0x1FFFFFFF
            header = 4 + (count + 8) // 8
        width = 1 if number <= 256 else 2 if number <= 65_536 else 4
        start = place + 5 + header + count * width + (4 if flags & 0x40 else 1)
        length = _be(data, start, 4)
        yield flags & 0x3F, data[start + 4 : start + 68]
        if length == _JBIG2_UNKNOWN:
            return  # of one generic region only, whose size has been counted
        place = start + 4 + length


def _new_symbols(body: bytes) -> int:
    """SDNUMNEWSYMS (§7.4.2.1), behind the flags and the adaptive pixels."""
    flags = _be(body, 0, 2)
    pixels = 0 if flags & 1 else 8 if not flags >> 10 & 3 else 2
    pixels += 4 if flags & 2 and not flags >> 12 & 1 else 0
    return _be(body, 2 + pixels + 4, 4)


def _be(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "big")
