"""Room in memory for what is read or held as a whole, shared by all requests: beyond it they are refused.

Large descriptions while they are read, and what children decoded for as long as a client has not read it.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from records.errors import CoffreError

MOST = 512 * 2**20
"""Bytes that are held at once, in one process."""
SMALL = 256 * 1024
"""Bytes of JSON, or of a picture, that need no room of their own: connections are bounded already."""
OF_TEXT = 8
"""Bytes of a description that is read, for each of its JSON."""
PATIENCE_S = 5.0


class ReadingBusy(CoffreError):  # noqa: N818
    """More is wanted at once than memory is set aside for. Try again in a moment."""

    code = "reading_busy"


class Memory:
    """`most` bytes; one caller has half of them at most, so that nobody keeps out the others."""

    def __init__(self, most: int = MOST, patience: float = PATIENCE_S) -> None:
        self._most, self._patience = most, patience
        self._freed = threading.Condition()
        self._held: Counter[bytes] = Counter()

    @contextmanager
    def holding(self, caller: bytes, size: int) -> Iterator[None]:
        """Room for reading `size` bytes of JSON, waited for a few seconds. Raises `ReadingBusy`.

        What is larger than a share is read alone in it.
        """
        wanted = 0 if size <= SMALL else min(size * OF_TEXT, self._most // 2)
        self._take(caller, wanted)
        try:
            yield
        finally:
            self._give_back(caller, wanted)

    def room(self, caller: bytes) -> "Room":
        """Room for one answer that a child makes."""
        return Room(partial(self._take, caller), partial(self._give_back, caller))

    def _take(self, caller: bytes, wanted: int) -> None:
        with self._freed:
            if not self._freed.wait_for(lambda: self._has_room(caller, wanted), self._patience):
                raise ReadingBusy(
                    "Too much is being read at the moment. Try again in a few seconds.", code="reading_busy"
                )
            self._held[caller] += wanted

    def _give_back(self, caller: bytes, wanted: int) -> None:
        with self._freed:
            self._held[caller] -= wanted
            if not self._held[caller]:
                del self._held[caller]
            self._freed.notify_all()

    def _has_room(self, caller: bytes, wanted: int) -> bool:
        has_share = self._held[caller] + wanted <= self._most // 2
        return not wanted or (has_share and self._held.total() + wanted <= self._most)


class Room:
    """What one answer holds, its first 256 KiB left out: small pictures always come."""

    def __init__(self, take: Callable[[int], None], give_back: Callable[[int], None]) -> None:
        self._take, self._give_back = take, give_back
        self._size = 0
        self._counted = 0

    def take(self, size: int) -> None:
        """Waits for a few seconds. Raises `ReadingBusy`."""
        wanted = max(0, self._size + size - SMALL) - self._counted
        if wanted > 0:
            self._take(wanted)
            self._counted += wanted
        self._size += size

    def give_back(self, size: int) -> None:
        self._size -= size
        spare = self._counted - max(0, self._size - SMALL)
        if spare > 0:
            self._counted -= spare
            self._give_back(spare)
