"""Forgets what serves nobody any more, whether or not anybody comes in, asks, or prints letters."""

from collections.abc import Callable

from records.durations import MINUTE_MS
from sign_in.store import AccountStore

ENDING = ("asked_account", "challenge", "entry", "letter", "session", "tries")
"""Tables whose rows say when they end."""
PACE_S = 10 * MINUTE_MS / 1000


class Forgetting:
    """Any number of processes may forget the same."""

    def __init__(self, store: AccountStore, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock

    def once(self) -> bool:
        """Whether more waits: never. A transaction for each table: nobody who comes in waits for all."""
        now_ms = int(self._clock() * 1000)
        for table in ENDING:
            with self._store.writing() as tx:
                tx.delete(table, expires__le=now_ms)
        return False
