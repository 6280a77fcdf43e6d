"""Tell the vault what came at the doors; while it is away, notes wait."""

import logging
from collections.abc import Callable, Sequence

from records.door_notes import DoorNote
from records.errors import Conflict, Invalid
from records.vocabulary.door_events import DoorEvent
from sign_in.store import AccountStore
from sign_in.watching.counts import Counts
from sign_in.watching.events import Noted, Witness
from sign_in.watching.outbox import Outbox

log = logging.getLogger("coffre.sign_in")

AT_ONCE = 100
Tell = Callable[[Sequence[DoorNote]], list[DoorEvent]]
"""The vault's verb: which events have now passed their threshold."""


class Telling:
    """Any number of processes may tell the same notes: the vault knows those that it has."""

    def __init__(
        self,
        store: AccountStore,
        outbox: Callable[[], Outbox],
        counts: Counts,
        tell: Tell,
        witness: Witness,
    ) -> None:
        """`outbox` is asked for when something is told: a restored installation whose key of accounts was
        not brought yet signs nobody in, and all else of it runs.
        """
        self._store, self._made, self._counts = store, outbox, counts
        self._tell, self._witness = tell, witness

    @property
    def _outbox(self) -> Outbox:
        return self._made()

    def more(self) -> bool:
        """`once`, and whether more is due."""
        return self.once() == AT_ONCE

    def once(self) -> int:
        """Write what was counted, then tell what is due; the number of notes that the vault took."""
        self._write()
        with self._store.reading() as tx:
            notes = self._outbox.due(tx, AT_ONCE)
        if not notes:
            return 0
        passed = self._told(notes)
        for event in passed:
            self._witness.note(Noted(DoorEvent.THRESHOLD, event.value, ""))
        return len(notes)

    def _told(self, notes: Sequence[DoorNote]) -> list[DoorEvent]:
        try:
            passed = self._tell(notes)
        except (Invalid, Conflict) as error:  # one of them is wrong: those before it may have been taken
            if len(notes) > 1:
                return [event for each in notes for event in self._told([each])]
            log.error("the vault takes no such note", extra={"code": error.code})  # noqa: TRY400
            with self._store.writing() as tx:
                self._outbox.put_off(tx, notes[0])
            return []
        with self._store.writing() as tx:
            self._outbox.told(tx, notes)
        return passed

    def _write(self) -> None:
        taken = self._counts.take()
        if not taken:
            return
        try:
            with self._store.writing() as tx:
                for event, ins in sorted(taken, key=_in_order):
                    self._outbox.add(tx, event, ins, taken[event, ins])
        except BaseException:
            self._counts.give_back(taken)
            raise


def _in_order(each: tuple[DoorEvent, str | None]) -> tuple[str, str]:
    """The same in every process: two that count at once don't wait for each other in a ring."""
    event, ins = each
    return event.value, ins or ""
