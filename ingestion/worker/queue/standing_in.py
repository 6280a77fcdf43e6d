"""While a worker is held by a slow submission, a stand-in serves others beside it.

However slow the files of one structure are, and were there one worker alone, another's deposit waits for
seconds: the stand-in takes submissions of structures that no worker serves, and a stand-in that is held has
a stand-in of its own. No worker waits for its stand-in.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from records.errors import CoffreError

log = logging.getLogger("coffre.ingestion")

PATIENCE_S = 1.0
"""Submissions that take no longer are worth no stand-in."""
LOOK_AGAIN_S = 0.5


class Bench:
    """The places of stand-ins, which the workers of a process share; from 1 to `places`."""

    def __init__(self, places: int) -> None:
        self._free = list(range(places, 0, -1))
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    @contextmanager
    def standing_in(self, serve: Callable[[int], bool], stopping: Callable[[], bool]) -> Iterator[None]:
        """Within it, from the second second on, another thread calls `serve(place)` again and again.

        `serve` answers whether there was one to serve. Leaving does not wait for the one that it serves.
        """
        done = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(serve, stopping, done), name="stand-in", daemon=True
        )
        with self._lock:
            self._threads.add(thread)
        thread.start()
        try:
            yield
        finally:
            done.set()

    def close(self) -> None:
        """Returns once no stand-in is at work; whoever calls it says to all that they stop."""
        while True:
            with self._lock:
                thread = next(iter(self._threads), None)
            if thread is None:
                return
            thread.join()

    def _run(self, serve: Callable[[int], bool], stopping: Callable[[], bool], done: threading.Event) -> None:
        try:
            if done.wait(PATIENCE_S):
                return
            while not done.is_set() and not stopping():
                if not self._served(serve):
                    done.wait(LOOK_AGAIN_S)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _served(self, serve: Callable[[int], bool]) -> bool:
        """A store that is away is asked again later; a submission that fails says so itself."""
        with self._lock:
            place = self._free.pop() if self._free else None
        if place is None:
            return False
        try:
            return serve(place)
        except Exception as error:
            code = error.code if isinstance(error, CoffreError) else type(error).__name__
            log.warning("a stand-in could not take a submission", extra={"code": code})
            return False
        finally:
            with self._lock:
                self._free.append(place)
