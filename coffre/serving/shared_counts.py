"""Web processes count together, so that a limit is one whichever of them accepts.

They share the memory of the counts because it was mapped before they were forked.

Addresses are kept as keyed hashes; two that meet in one place count together, which limits and never lets in.
"""

import fcntl
import hashlib
import math
import mmap
import secrets
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PLACES = 1 << 15
_EMPTY = bytes(8)
_REACH = 32
"""Places that are looked at for one address, from where its hash points."""


class _Table:
    """Fixed entries of (hash, numbers), changed by one process at a time."""

    def __init__(self, numbers: str) -> None:
        self._entry = struct.Struct("=8s" + numbers)
        self._memory = mmap.mmap(-1, PLACES * self._entry.size)
        self._key = secrets.token_bytes(16)
        # a lock of the process (fcntl(2)), which ends with it: nobody waits for who was killed
        self._lock = tempfile.TemporaryFile()  # noqa: SIM115 - held as long as the table

    @contextmanager
    def held(self) -> Iterator[None]:
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def hash_of(self, name: str) -> bytes:
        return hashlib.blake2b(name.encode(), digest_size=8, key=self._key).digest()

    def reached(self, name: bytes) -> Iterator[int]:
        first = int.from_bytes(name, "big") % PLACES
        return ((first + step) % PLACES for step in range(_REACH))

    def read(self, place: int) -> tuple[bytes, list[float]]:
        name, *numbers = self._entry.unpack_from(self._memory, place * self._entry.size)
        return name, numbers

    def write(self, place: int, name: bytes, numbers: list[float]) -> None:
        self._entry.pack_into(self._memory, place * self._entry.size, name, *numbers)


class Buckets:
    """So many calls at once, and so many a second, for each address."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is the same in all processes (CLOCK_MONOTONIC is, on one machine)."""
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._table = _Table("dd")

    def take(self, name: str) -> int:
        """Count one call; the seconds to wait where there were too many, else 0."""
        now, hashed = self._clock(), self._table.hash_of(name)
        with self._table.held():
            place, left, at = self._found(hashed, now)
            left = min(self._burst, left + (now - at) * self._per_second)
            self._table.write(place, hashed, [left - 1 if left >= 1 else left, now])
        return 0 if left >= 1 else max(1, math.ceil((1 - left) / self._per_second))

    def _found(self, name: bytes, now: float) -> tuple[int, float, float]:
        """The place of an address with its numbers; the longest silent gives way to a new one."""
        oldest, oldest_at = -1, math.inf
        for place in self._table.reached(name):
            there, (left, at) = self._table.read(place)
            if there == name:
                return place, left, at
            since = at if there != _EMPTY else -math.inf
            if since < oldest_at:
                oldest, oldest_at = place, since
        return oldest, float(self._burst), now


class Connections:
    """Open connections by address, a column for each process: those of a killed one can be dropped."""

    def __init__(self, processes: int = 1) -> None:
        self._table = _Table(f"{processes}I")

    def of_process(self, number: int) -> "ConnectionsHere":
        """The column of one process, empty: it has no connection yet."""
        with self._table.held():
            for place in range(PLACES):
                name, counts = self._table.read(place)
                if counts[number]:
                    counts[number] = 0
                    self._table.write(place, name, counts)
        return ConnectionsHere(self, number)

    def add(self, name: str, number: int, by: int) -> int:
        """Change one count; answers how many of this address there are now in all processes."""
        hashed = self._table.hash_of(name)
        with self._table.held():
            place = self._place(hashed)
            _, counts = self._table.read(place)
            counts[number] = max(0, counts[number] + by)
            self._table.write(place, hashed, counts)
        return int(sum(counts))

    def _place(self, name: bytes) -> int:
        """Its own, or the first where nobody is; where all are taken, that of a neighbour."""
        free = -1
        last = -1
        for last in self._table.reached(name):
            there, counts = self._table.read(last)
            if there == name:
                return last
            if free < 0 and not any(counts):
                free = last
        return free if free >= 0 else last


class ConnectionsHere:
    """The connections of this process among those of all."""

    def __init__(self, every: Connections, number: int) -> None:
        self._every, self._number = every, number
        self.total = 0

    def enter(self, name: str) -> int:
        """Answers how many this address has now, wherever they were accepted."""
        self.total += 1
        return self._every.add(name, self._number, 1)

    def leave(self, name: str) -> None:
        self.total -= 1
        self._every.add(name, self._number, -1)
