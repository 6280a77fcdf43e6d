"""Events of the door, for whoever watches it: who somebody is stands in none of them, nor what they gave."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

log = logging.getLogger("coffre.sign_in")


class DoorEvent(StrEnum):
    """Codes stay: a SIEM has rules about them."""

    FIRST_STEP = "password_right"
    FIRST_STEP_WRONG = "password_wrong"
    CODE_WRONG = "code_wrong"
    PAUSED = "paused"
    SIGNED_IN = "signed_in"
    NEW_DEVICE = "new_device"
    LETTER_ASKED = "letter_asked"
    LETTER_WRONG = "letter_wrong"
    CHOSEN = "password_chosen"
    PASSKEY_WRONG = "passkey_wrong"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_CLONED = "passkey_cloned"
    THRESHOLD = "threshold"
    """One of the others came more often than `THRESHOLDS` says; `who` is which."""


@dataclass(frozen=True, slots=True)
class Noted:
    """`who`: a pseudonym under the sign-in's own key, the same for one account or identifier; `address` is
    where the request came from.
    """

    event: DoorEvent
    who: str
    address: str


class Witness(Protocol):
    """Whoever is told. Never raises, and takes no time: nobody's sign-in waits for it."""

    def note(self, noted: Noted) -> None: ...


WINDOW_S = 300
THRESHOLDS: Mapping[DoorEvent, int] = {
    DoorEvent.FIRST_STEP_WRONG: 100,
    DoorEvent.CODE_WRONG: 50,
    DoorEvent.LETTER_WRONG: 30,
    DoorEvent.PASSKEY_WRONG: 50,
    DoorEvent.PASSKEY_CLONED: 1,
    DoorEvent.PAUSED: 200,
    DoorEvent.NEW_DEVICE: 500,
}
"""Of one process, in five minutes: beyond, somebody tries much more than people mistype."""


class Watched:
    """Tells every witness, and once a window that a threshold was passed."""

    def __init__(self, witnesses: Sequence[Witness], clock: Callable[[], float]) -> None:
        self._witnesses, self._clock = witnesses, clock
        self._window, self._counts = 0, Counter[DoorEvent]()
        self._lock = threading.Lock()

    def note(self, noted: Noted) -> None:
        self._tell(noted)
        if self._is_passed(noted.event):
            log.warning("more than people mistype", extra={"event": noted.event.value})
            self._tell(Noted(DoorEvent.THRESHOLD, noted.event.value, ""))

    def _is_passed(self, event: DoorEvent) -> bool:
        window = int(self._clock() // WINDOW_S)
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, Counter()
            self._counts[event] += 1
            return self._counts[event] == THRESHOLDS.get(event)

    def _tell(self, noted: Noted) -> None:
        for witness in self._witnesses:
            witness.note(noted)
