"""The limit on what a document's streams expand to: a small file must not ask a viewer for gigabytes."""

from collections.abc import Iterator
from typing import Any

import pikepdf

from content.limits import Limits
from content.pdf.image_sizes import jbig2_pixels, jpeg2000_pixels, jpeg_pixels
from content.pdf.stream_filters import DECODERS
from content.verdicts import Rejected

_PIECE = 65_536
_HEAD = 65_536
_MOST_FILTERS = 8
_PIXELS = {
    "/DCTDecode": jpeg_pixels,
    "/DCT": jpeg_pixels,
    "/JPXDecode": jpeg2000_pixels,
    "/JBIG2Decode": jbig2_pixels,
}
_FAX = frozenset(("/CCITTFaxDecode", "/CCF"))
_BILEVEL = _FAX | {"/JBIG2Decode"}
_IN_MEMORY = frozenset(("/ObjStm", "/XRef"))
_FAX_COLUMNS = 1728  # ISO 32000 table 11


class Expansion:
    """Adds up one document's streams. Raises `Rejected` "pdf_too_complex" beyond a limit.

    `most`: bytes one stream may expand to, where less than usual.
    """

    def __init__(self, limits: Limits, most: int | None = None) -> None:
        self._limits = limits
        self._most = most
        self._total = {True: 0, False: 0}  # of images, of everything else

    def measure(self, stream: pikepdf.Object, place: str) -> None:
        """One stream. Nothing is decoded that could not exceed a limit."""
        entries = stream.stream_dict
        filters, parameters = _filters(entries)
        if len(filters) > _MOST_FILTERS:
            raise Rejected("pdf_too_complex", place)
        pixels, is_image = _pixels(entries)
        row = max((_row(each) for each in parameters), default=0)
        raw = stream.read_raw_bytes()
        most = self._most or self._usual(entries, is_image)
        size, head = self._expand(raw, filters, most, place) if filters else (len(raw), b"")
        pixels = max(pixels, _coded_pixels(raw, head, filters), _fax_pixels(entries, filters, parameters))
        if pixels > self._most_pixels(entries, filters) or row > self._limits.pdf_stream_bytes:
            raise Rejected("pdf_too_complex", place)
        self._total[is_image] += size
        if self._total[is_image] > self._most_together(is_image):
            raise Rejected("pdf_too_complex", place)

    def _usual(self, entries: Any, is_image: bool) -> int:
        """Readers hold object streams and cross-references in memory, so these are kept smaller."""
        if str(entries.get("/Type", "")) in _IN_MEMORY:
            return self._limits.pdf_decoded_bytes
        return self._limits.pdf_images_bytes if is_image else self._limits.pdf_stream_bytes

    def _most_pixels(self, entries: Any, filters: list[str]) -> int:
        """What counts is the memory of a viewer: eight pixels of a scan in black and white are a byte."""
        bilevel = _number(entries, "/BitsPerComponent") == 1 or entries.get("/ImageMask") is True
        if bilevel or (filters and filters[-1] in _BILEVEL):
            return self._limits.pdf_bilevel_pixels
        return self._limits.pdf_pixels

    def _most_together(self, is_image: bool) -> int:
        return self._limits.pdf_images_bytes if is_image else self._limits.pdf_streams_bytes

    def _expand(self, raw: bytes, filters: list[str], most: int, place: str) -> tuple[int, bytes]:
        """Bytes behind the general filters, and the first of them; counted, as small streams may be many."""
        pieces: Any = _pieces(raw)
        for name in filters:
            if name not in DECODERS:
                break
            pieces = DECODERS[name](pieces)
        size, head = 0, b""
        for piece in pieces:
            if len(head) < _HEAD:
                head += piece
            size += len(piece)
            if size > most:
                raise Rejected("pdf_too_complex", place)
        return size, head


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def _filters(entries: Any) -> tuple[list[str], list[Any]]:
    names, parameters = entries.get("/Filter"), entries.get("/DecodeParms", entries.get("/DP"))
    listed = list(names) if isinstance(names, pikepdf.Array) else [] if names is None else [names]
    given = list(parameters) if isinstance(parameters, pikepdf.Array) else [parameters]
    return [str(name) for name in listed], [each for each in given if isinstance(each, pikepdf.Dictionary)]


def _pixels(entries: Any) -> tuple[int, bool]:
    is_image = str(entries.get("/Subtype", "")) == "/Image"
    return (_number(entries, "/Width") * _number(entries, "/Height"), True) if is_image else (0, False)


def _row(parameters: Any) -> int:
    """Bytes of one row of a predictor, which decoders set aside at once (§7.4.4.4)."""
    columns, colors = _number(parameters, "/Columns", 1), _number(parameters, "/Colors", 1)
    return columns * colors * _number(parameters, "/BitsPerComponent", 8) // 8


def _coded_pixels(raw: bytes, head: bytes, filters: list[str]) -> int:
    count = _PIXELS.get(filters[-1]) if filters else None
    return count(raw if len(filters) == 1 else head) if count else 0


def _fax_pixels(entries: Any, filters: list[str], parameters: list[Any]) -> int:
    if not filters or filters[-1] not in _FAX:
        return 0
    columns = max((_number(each, "/Columns", _FAX_COLUMNS) for each in parameters), default=_FAX_COLUMNS)
    rows = max((_number(each, "/Rows") for each in parameters), default=0)
    return columns * max(rows, _number(entries, "/Height"), 1)


def _number(entries: Any, key: str, default: int = 0) -> int:
    value = entries.get(key, default)
    return abs(int(value)) if isinstance(value, int) else default
