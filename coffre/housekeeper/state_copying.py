"""Copies of documents' states in the index: what a reader that died left, follows what the vault decided."""

import threading
from dataclasses import dataclass, field

from keyvault.process.guard import HousekeeperDoor
from storage.ports.index import HousekeeperIndex

MOST_CALLS = 20
"""Calls of one turn: other chores wait meanwhile."""


@dataclass(slots=True)
class StateCopying:
    """Goes on where it was; a new one begins a little before the end of the log, so that it may follow on a
    kill of everything.
    """

    index: HousekeeperIndex
    vault: HousekeeperDoor
    _begin: int | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, now_ms: int) -> int:
        """Writes the states that were changed since the last turn; answers how many copies were there."""
        copied = 0
        with self._turn:
            for _ in range(MOST_CALLS):
                found = self.vault.changed_states(self._begin)
                for document_id, state in found.states:
                    copied += self.index.set_state(document_id, state, now_ms)
                self._begin = found.following
                if found.is_last:
                    break
        return copied
