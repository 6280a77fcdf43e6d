"""A thread of the sign-in process that does something again and again, and later and later while it fails."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from records.errors import CoffreError

log = logging.getLogger("coffre.sign_in")
PACE_S, LONGEST_S = 1.0, 30.0


class Repeating:
    """`once` says whether more waits. `failed`: what our log says where it raises. `pace_s`: from one time to
    the next, where nothing more waits.
    """

    def __init__(self, name: str, once: Callable[[], bool], failed: str, pace_s: float = PACE_S) -> None:
        self._name, self._once, self._failed, self._pace_s = name, once, failed, pace_s
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
        pause = self._pace_s
        while not self._stopping.wait(pause):
            pause = self._attempt(pause)
        self._attempt(pause)

    def _attempt(self, pause: float) -> float:
        """Seconds until the next time: none where more waits."""
        try:
            return 0.0 if self._once() else self._pace_s
        except Exception as error:
            code = error.code if isinstance(error, CoffreError) else type(error).__name__
            log.warning(self._failed, extra={"code": code})
            return min(LONGEST_S, max(self._pace_s, 2 * pause))
