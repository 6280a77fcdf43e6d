"""Failures and asks of strangers are counted here, and written by the second: none costs a write."""

import threading
from collections import Counter
from collections.abc import Mapping

from records.vocabulary.door_events import COUNTED, DoorEvent
from sign_in.watching.events import Noted

Counted = Mapping[tuple[DoorEvent, str | None], int]
"""How often an event came: of all, under None, and at the account of a person, under the INS."""


class Counts:
    """Of one process. Whoever kills it loses what one second has counted; syslog was told of each."""

    def __init__(self) -> None:
        self._counts = Counter[tuple[DoorEvent, str | None]]()
        self._lock = threading.Lock()

    def note(self, noted: Noted) -> None:
        if noted.event not in COUNTED:
            return
        with self._lock:
            self._counts[noted.event, None] += 1
            if noted.ins is not None:
                self._counts[noted.event, noted.ins] += 1

    def take(self) -> Counted:
        """What came since the last time."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        return taken

    def give_back(self, taken: Counted) -> None:
        """It could not be written."""
        with self._lock:
            self._counts.update(taken)
