"""The housekeeper does the chores without being asked, each at its own pace."""

import logging
import threading
import time
from collections.abc import Callable

from coffre.housekeeper.chores import Chores
from records.errors import CoffreError

log = logging.getLogger("coffre.housekeeper")


class Housekeeper:
    """Runs the chores in one thread, each at its own pace."""

    def __init__(self, chores: Chores) -> None:
        self._paces: list[tuple[float, Callable[[], object]]] = [
            (0.5, chores.sequence),
            (2.0, chores.ship),
            (5.0, chores.ring),
            (1.0, chores.jobs),
            (30.0, chores.sweep),
            (300.0, chores.day_keys),
            (3600.0, chores.compact),
        ]
        self._chores = chores
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the present chore; the log is sequenced and signed a last time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        _attempt(self._chores.sequence)
        _attempt(self._chores.ship)

    def _run(self) -> None:
        due = [0.0 for _ in self._paces]
        while not self._stopping.wait(0.1):
            now = time.monotonic()
            for at, (pace, chore) in enumerate(self._paces):
                if due[at] <= now:
                    _attempt(chore)
                    due[at] = time.monotonic() + pace


def _attempt(chore: Callable[[], object]) -> None:
    """A chore that fails is tried again at its next turn."""
    try:
        chore()
    except Exception as error:
        code = error.code if isinstance(error, CoffreError) else type(error).__name__
        if code == "vault_frozen":  # for hours perhaps, and every call is told
            return
        log.warning("chore failed", extra={"chore": getattr(chore, "__name__", "?"), "code": code})
