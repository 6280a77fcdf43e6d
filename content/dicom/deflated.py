"""The deflated transfer syntax: the data set is one deflate stream after the file meta (PS3.5 §A.5)."""

import zlib
from enum import IntEnum

from content.byte_source import Source
from content.limits import Limits
from content.verdicts import Rejected

_CHUNK = 65_536
_TRAILER = 8  # checksum and length (RFC 1952 section 2.3)


class Packing(IntEnum):
    """The wrapping of a deflate stream, as zlib counts it; `NONE`: there is no such stream."""

    NONE = 0
    RAW = -zlib.MAX_WBITS  # PS3.5 §A.5
    ZLIB = zlib.MAX_WBITS  # RFC 1950
    GZIP = zlib.MAX_WBITS | 16  # RFC 1952


def packing_of(first: bytes) -> Packing:
    """How the data set that starts with `first` (five bytes or more) is packed.

    The headers of zlib and the first groups of a plain data set would begin a stored block, whose length and
    complement tell that it is none (RFC 1951 section 3.2.4).
    """
    stored = len(first) >= 5 and not first[0] & 0b110
    length, complement = int.from_bytes(first[1:3], "little"), int.from_bytes(first[3:5], "little")
    if first.startswith(b"\x1f\x8b\x08"):
        return Packing.GZIP
    if not stored or length ^ complement == 0xFFFF:
        return Packing.RAW
    wrapped = first[0] & 0x0F == zlib.DEFLATED and not int.from_bytes(first[:2], "big") % 31
    return Packing.ZLIB if wrapped else Packing.NONE


class _Inflater:
    """One pass over the inflated bytes, at most 64 KiB at a time, so that a bomb costs time and no memory."""

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._position = start
        packing = packing_of(source.read(start, 16))
        self._stream = zlib.decompressobj(packing or Packing.RAW)
        self._waiting = b""

    def next(self) -> bytes:
        """The next bytes; empty at the end of the stream."""
        while not self._stream.eof:
            if not self._waiting:
                self._waiting = self._source.read(self._position, _CHUNK)
                self._position += len(self._waiting)
            if not self._waiting:
                raise Rejected("deflate_not_valid")
            try:
                data = self._stream.decompress(self._waiting, _CHUNK)
            except zlib.error as error:
                raise Rejected("deflate_not_valid") from error
            self._waiting = self._stream.unconsumed_tail
            if data:
                return data
        return b""

    def ends_here(self) -> bool:
        """Whether only padding or a trailer of gzip, which some writers leave, follows the stream."""
        rest = self._stream.unused_data
        while len(rest.rstrip(b"\0")) <= _TRAILER:
            rest = rest.rstrip(b"\0") + self._source.read(self._position, _CHUNK)
            if self._position >= self._source.size:
                return True
            self._position = min(self._position + _CHUNK, self._source.size)
        return False


class InflatedSource:
    """The inflated data set as a source that is read forwards; a read before the previous one is refused.

    The stream is inflated once to know its size and that it ends well, and once more while it is read.
    """

    def __init__(self, source: Source, start: int, limits: Limits) -> None:
        self.size = self._measure(_Inflater(source, start), limits)
        self._inflater = _Inflater(source, start)
        self._window = b""
        self._start = 0

    @staticmethod
    def _measure(inflater: _Inflater, limits: Limits) -> int:
        size = 0
        while data := inflater.next():
            size += len(data)
            if size > limits.inflated_bytes:
                raise Rejected("deflate_too_large")
        if not inflater.ends_here():
            raise Rejected("deflate_not_valid", "bytes after the stream")
        return size

    def read(self, offset: int, length: int) -> bytes:
        if offset < self._start:
            raise ValueError("an inflated data set is read forwards")
        end = min(offset + length, self.size)
        if end > self._start + len(self._window):
            self._advance(offset, end)
        begin = offset - self._start
        return self._window[begin : begin + max(0, end - offset)]

    def _advance(self, offset: int, end: int) -> None:
        """Moves the window on, so that it holds everything from `offset` to `end`."""
        have = self._start + len(self._window)
        pieces = [self._window[max(0, offset - self._start) :]]
        while have < end:
            data = self._inflater.next()
            have += len(data)
            pieces.append(data[max(0, len(data) - max(0, have - offset)) :])
        self._window = b"".join(pieces)
        self._start = have - len(self._window)
