"""The housekeeper does the chores without being asked, each at its own pace."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from coffre.housekeeper.chores import Chores
from coffre.notifying.messenger import Messenger
from coffre.processes.pulse import Pulse
from records.errors import CoffreError

log = logging.getLogger("coffre.housekeeper")

Pace = tuple[float, Callable[[], object]]
"""A chore, and how many seconds lie between two turns of it."""

CHORES, NOTICES = "housekeeper", "messenger"
LOOPS: Mapping[str, float] = {CHORES: 600.0, NOTICES: 300.0}
"""Its threads, and the seconds that each may take from one sign of life to the next: a list of a thousand
objects that go at a slow store's pace, and a turn of notices to a slow mail server.
"""


class Housekeeper:
    """Runs the chores in one thread, each at its own pace, and the messenger in another: a mail server may
    take its time, and the log may not.
    """

    def __init__(self, chores: Chores, messenger: Messenger, signs: Mapping[str, Pulse]) -> None:
        """`signs`: of life, one for each of `LOOPS`."""
        paces: list[Pace] = [
            (0.5, chores.sequence),
            (2.0, chores.ship),
            (5.0, chores.ring),
            (5.0, chores.issuers),
            (1.0, chores.jobs),
            (30.0, chores.sweep),
            (30.0, chores.copy_states),
            (300.0, chores.day_keys),
            (3600.0, chores.compact),
            (3600.0, chores.months),
        ]
        self._chores = chores
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(each, signs[name]), name=name, daemon=True)
            for name, each in ((CHORES, paces), (NOTICES, [(1.0, messenger.notify)]))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the present chore; the log is sequenced and signed a last time."""
        self._stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        _attempt(self._chores.sequence)
        _attempt(self._chores.ship)

    def _run(self, paces: Sequence[Pace], sign: Pulse) -> None:
        due = [0.0 for _ in paces]
        while not self._stopping.wait(0.1):
            now = time.monotonic()
            sign.beat()
            for at, (pace, chore) in enumerate(paces):
                if due[at] <= now:
                    _attempt(chore)
                    sign.beat()
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
