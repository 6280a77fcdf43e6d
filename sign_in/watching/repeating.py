"""A thread of the sign-in process that does something again and again, and later and later while it fails."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from records.errors import CoffreError

log = logging.getLogger("coffre.sign_in")
PACE_S, LONGEST_S = 1.0, 30.0


class Repeating:
    """`once` says whether more waits. `failed`: what our log says where it raises."""

    def __init__(self, name: str, once: Callable[[], bool], failed: str) -> None:
        self._name, self._once, self._failed = name, once, failed
        self._stopping = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """As long as the doors are open, and once more at the end."""
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()

    def _run(self) -> None:
        pause = PACE_S
        while not self._stopping.wait(pause):
            pause = self._attempt(pause)
        self._attempt(pause)

    def _attempt(self, pause: float) -> float:
        """Seconds until the next time: none where more waits."""
        try:
            return 0.0 if self._once() else PACE_S
        except Exception as error:
            code = error.code if isinstance(error, CoffreError) else type(error).__name__
            log.warning(self._failed, extra={"code": code})
            return min(LONGEST_S, max(PACE_S, 2 * pause))
