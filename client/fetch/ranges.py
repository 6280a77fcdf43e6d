"""Parts of a grant as the ranges in which their objects are read: neighbours joined, several at once.

A range holds segments that hold bytes of a wanted part, and no others: what lies between two parts, such as a
part that was withdrawn or is masked, is not fetched unless it shares their last or first segment.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol
from uuid import UUID

from keyvault.crypto.opened_segments import border, segment_of
from keyvault.crypto.sealed_blob import SEGMENT

MIB = 1 << 20
SHORTEST, LONGEST = 4 * MIB, 16 * MIB
"""Ciphertext bytes of a range, where there is as much to read."""
AT_ONCE = 4
MEMORY = (AT_ONCE + 1) * LONGEST
"""Bytes that opened ranges take: those that are read, and the one that is being written."""
LEAST_MEMORY = 2 * SHORTEST


Fetch = Callable[[UUID, int, int], list[bytes]]
"""Takes an object, an offset and a length in its plaintext, and gives these bytes in pieces."""


class Piece(Protocol):
    """A wanted piece of an object's plaintext."""

    @property
    def blob_id(self) -> UUID: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How many ranges are read at once, and the segments of each."""

    at_once: int
    segments: int

    @classmethod
    def within(cls, memory: int, at_once: int = AT_ONCE) -> "Pace":
        """The longest ranges of which `memory` bytes hold one more than are read at once.

        Fewer at once where it does not suffice for so many of the shortest; never fewer than one.
        """
        at_once = max(1, min(at_once, memory // SHORTEST - 1))
        length = memory // (at_once + 1)
        return cls(at_once, max(SHORTEST, min(LONGEST, length)) // SEGMENT)


USUAL = Pace.within(MEMORY)


@dataclass(frozen=True, slots=True)
class Range:
    """`length` plaintext bytes of an object from `offset`, and which of them are of which part.

    `cuts` are (number of the part, start, stop), both counted from `offset`.
    """

    blob_id: UUID
    offset: int
    length: int
    cuts: tuple[tuple[int, int, int], ...]


def plan(parts: Sequence[Piece], segments: int) -> Iterator[Range]:
    """Yields the ranges of at most so many segments that hold the parts, in the parts' order."""
    for run in _runs(parts):
        waiting = deque(run)
        start, end = parts[run[0]].offset, _end(parts[run[-1]])
        while waiting:
            stop = min(end, border(segment_of(start) + segments))
            yield Range(parts[run[0]].blob_id, start, stop - start, tuple(_cut(parts, waiting, start, stop)))
            start = stop


def read(parts: Sequence[Piece], fetch: Fetch, pace: Pace) -> Iterator[tuple[int, Iterator[memoryview]]]:
    """Yields each part's number with its plaintext in pieces, in the parts' order.

    `fetch` is called in several threads at once. What it raises is raised where the part is read that needs
    the range; nothing is asked for after that.
    """
    ahead = _ahead(plan(parts, pace.segments), fetch, pace.at_once)
    pieces = (piece for one, content in ahead for piece in _slices(one, content))
    for number, found in groupby(pieces, key=lambda pair: pair[0]):
        yield number, (piece for _, piece in found)


def _ahead(ranges: Iterable[Range], fetch: Fetch, at_once: int) -> Iterator[tuple[Range, list[bytes]]]:
    """Yields each range's plaintext in order, while the next ones are read."""
    asked: deque[tuple[Range, Future[list[bytes]]]] = deque()
    pool = ThreadPoolExecutor(at_once, "range")
    try:
        for one in ranges:
            asked.append((one, pool.submit(fetch, one.blob_id, one.offset, one.length)))
            if len(asked) > at_once:
                yield _first(asked)
        while asked:
            yield _first(asked)
    finally:
        # who is interrupted does not wait for ranges that are no longer wanted
        pool.shutdown(wait=False, cancel_futures=True)


def _slices(one: Range, content: Iterable[bytes]) -> Iterator[tuple[int, memoryview]]:
    """Yields the pieces of each part in a range; a part that is empty has one, too."""
    source, piece, begin = iter(content), memoryview(b""), 0
    for number, at, stop in one.cuts:
        yield number, memoryview(b"")
        while at < stop:
            while begin + len(piece) <= at:
                begin += len(piece)
                piece = memoryview(next(source))
            taken = piece[at - begin : stop - begin]
            yield number, taken
            at += len(taken)  # noqa: PLW2901 - where the part goes on


def _first(asked: deque[tuple[Range, Future[list[bytes]]]]) -> tuple[Range, list[bytes]]:
    one, content = asked.popleft()
    return one, content.result()


def _runs(parts: Sequence[Piece]) -> Iterator[list[int]]:
    """Numbers of parts that follow each other in one object, no segment being between them."""
    run: list[int] = []
    for number, part in enumerate(parts):
        if run and not _adjoins(parts[run[-1]], part):
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _adjoins(former: Piece, part: Piece) -> bool:
    if part.blob_id != former.blob_id or part.offset < _end(former) or not (former.length and part.length):
        return False
    return segment_of(part.offset) <= segment_of(_end(former) - 1) + 1


def _cut(
    parts: Sequence[Piece], waiting: deque[int], start: int, stop: int
) -> Iterator[tuple[int, int, int]]:
    """Yields what [start, stop) holds of the parts that wait, and takes away those that end there."""
    while waiting and parts[waiting[0]].offset <= stop:
        part = parts[waiting[0]]
        yield waiting[0], max(part.offset, start) - start, min(_end(part), stop) - start
        if _end(part) > stop:
            break
        waiting.popleft()


def _end(part: Piece) -> int:
    return part.offset + part.length
