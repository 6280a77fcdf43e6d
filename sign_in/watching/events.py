"""Events of the door, for whoever watches it: who somebody is leaves in none of them in clear."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from records.vocabulary.door_events import DoorEvent


@dataclass(frozen=True, slots=True)
class Noted:
    """`who`: a pseudonym under the sign-in's own key, the same for one account or identifier; `address` is
    where the request came from. `ins`: whose account it was, for that person's own log alone.
    """

    event: DoorEvent
    who: str
    address: str
    ins: str | None = field(default=None, repr=False)


class Witness(Protocol):
    """Whoever is told. Never raises, and takes no time: nobody's sign-in waits for it."""

    def note(self, noted: Noted) -> None: ...


class Watched:
    """Tells every witness."""

    def __init__(self, witnesses: Sequence[Witness]) -> None:
        self._witnesses = witnesses

    def note(self, noted: Noted) -> None:
        for witness in self._witnesses:
            witness.note(noted)
