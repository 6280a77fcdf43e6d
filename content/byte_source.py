"""Bytes by position: the source from which validators read, whatever stands behind it."""

import io
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Protocol

BLOCK = 65_536
CACHED_BLOCKS = 128
LARGEST = 2**20  # of one fetch


class ShortRead(Exception):  # noqa: N818
    """The other side gave fewer bytes than asked for, although they lie inside the object."""


class Source(Protocol):
    """`read(offset, length)` gives fewer bytes than asked for only at the end of the source."""

    size: int

    def read(self, offset: int, length: int) -> bytes: ...


def in_pieces(source: Source) -> Iterator[bytes]:
    """The whole source from its start, at most `LARGEST` bytes at a time."""
    for offset in range(0, source.size, LARGEST):
        yield source.read(offset, LARGEST)


class BytesSource:
    """A source in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class SliceSource:
    """A part of another source, counted from its own start."""

    def __init__(self, source: Source, offset: int, length: int) -> None:
        self._source = source
        self._offset = offset
        self.size = length

    def read(self, offset: int, length: int) -> bytes:
        return self._source.read(self._offset + offset, max(0, min(length, self.size - offset)))


class Followed:
    """A source and a few bytes behind it."""

    def __init__(self, source: Source, after: bytes) -> None:
        self._source = source
        self._after = after
        self.size = source.size + len(after)

    def read(self, offset: int, length: int) -> bytes:
        data = self._source.read(offset, length) if offset < self._source.size else b""
        start = max(0, offset - self._source.size)
        return data + self._after[start : start + length - len(data)]


class BlockReader:
    """Reads through `fetch(offset, length)` in blocks of 64 KiB and keeps the latest 8 MiB.

    `fetch` must return exactly `length` bytes; anything else raises `ShortRead`. `head` is what is already
    known of the start of the object.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, head: bytes = b"") -> None:
        self.size = size
        self._fetch = fetch
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._start = 0
        self._block = b""
        if len(head) == min(size, BLOCK):
            self._blocks[0] = self._block = head

    def read(self, offset: int, length: int) -> bytes:
        begin = offset - self._start
        if begin >= 0 and begin + length <= len(self._block):
            return self._block[begin : begin + length]
        return self._read_across(offset, max(0, min(length, self.size - offset)))

    def _read_across(self, offset: int, length: int) -> bytes:
        if length > BLOCK:
            return self._exactly(offset, length)
        pieces = []
        while length > 0:
            block = self._enter(offset // BLOCK)
            piece = block[offset - self._start : offset - self._start + length]
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _enter(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            block = self._exactly(number * BLOCK, min(BLOCK, self.size - number * BLOCK))
            self._blocks[number] = block
            if len(self._blocks) > CACHED_BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        self._start, self._block = number * BLOCK, block
        return block

    def _exactly(self, offset: int, length: int) -> bytes:
        end = offset + length
        return b"".join(self._piece(at, min(LARGEST, end - at)) for at in range(offset, end, LARGEST))

    def _piece(self, offset: int, length: int) -> bytes:
        data = self._fetch(offset, length)
        if len(data) != length:
            raise ShortRead(f"{len(data)} bytes instead of {length}")
        return data


class _RawFile(io.RawIOBase):
    def __init__(self, source: Source) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if start + offset < 0:
            raise ValueError("seek before the start")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._source.read(self._position, len(buffer)) if self._position < self._source.size else b""
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class SearchedFile(io.BufferedReader):
    """A seekable binary file over `source` that may be read to its end only so often.

    Raises `OSError` before such reads give more than `most` bytes together; `exhausted` says so from then on.
    """

    def __init__(self, source: Source, most: int) -> None:
        super().__init__(_RawFile(source), BLOCK)
        self._size, self._left = source.size, most

    @property
    def exhausted(self) -> bool:
        return self._left < 0

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size >= 0:
            return super().read(size)
        self._left -= max(0, self._size - self.tell())
        if self.exhausted:
            raise OSError("read to its end too often")
        return super().read()


def as_file(source: Source) -> io.BufferedReader:
    """A seekable binary file over `source`, for libraries that want one."""
    return io.BufferedReader(_RawFile(source), BLOCK)
