"""So many at work at once, so many waiting; of one caller a share, so that nobody keeps out the others."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from content.pixels.failures import RenderingBusy

UNDER_WAY = 20
"""Further places for what is under way."""
_LONGER = 3


class Slots:
    """`working` at once, `waiting` for at most `patience` seconds; everybody else gets "rendering_busy".

    One caller has half of these places at most, where it is said whose they are. What is `under_way` already
    has places of its own and more patience: it would be cut.
    """

    def __init__(self, working: int, waiting: int, patience: float) -> None:
        self._working = threading.BoundedSemaphore(working)
        self._places = working + waiting
        self._patience = patience
        self._lock = threading.Lock()
        self._present: Counter[Hashable] = Counter()

    @contextmanager
    def one(self, caller: Hashable = None, *, under_way: bool = False) -> Iterator[None]:
        self._enter(caller, under_way=under_way)
        try:
            if not self._working.acquire(timeout=self._patience * (_LONGER if under_way else 1)):
                raise _busy()
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._leave(caller)

    def _enter(self, caller: Hashable, *, under_way: bool) -> None:
        with self._lock:
            places = self._places + (UNDER_WAY if under_way else 0)
            share = places if caller is None else max(1, places // 2)
            if self._present.total() >= places or self._present[caller] >= share:
                raise _busy()
            self._present[caller] += 1

    def _leave(self, caller: Hashable) -> None:
        with self._lock:
            self._present[caller] -= 1
            if not self._present[caller]:
                del self._present[caller]


def _busy() -> RenderingBusy:
    return RenderingBusy(
        "Too many images are being drawn at the moment. Try again in a few seconds.", code="rendering_busy"
    )
