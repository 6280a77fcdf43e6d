"""Notes for the vault of what came at the doors: rows of the sign-in's own store until it has them.

An arrival is written in the transaction that lets somebody in: there is no sign-in without its event, and
none waits for the vault. Failures are added up by the minute, whoever they are of.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.door_notes import DoorNote
from records.durations import HOUR_MS, MINUTE_MS
from records.vocabulary.codes import Role
from records.vocabulary.door_events import DoorEvent
from sign_in.store import AccountTransaction, Row
from sign_in.tokens.proven import Proven

STILL_MS = 10_000
"""How long after its minute a count may still be added to: no process writes later than that."""


class Outbox:
    """Notes in their table."""

    def __init__(self, keys: AccountKeys, clock: Callable[[], float]) -> None:
        self._keys, self._clock = keys, clock

    def arrived(self, tx: AccountTransaction, event: DoorEvent, who: Proven) -> None:
        """Somebody whom a door has recognised."""
        told = {
            "role": who.role.value,
            "subject": who.subject,
            "claims": dict(who.claims),
            "means": str(who.means),
        }
        self._put(tx, uuid7(), event, self._now_ms(), self._now_ms(), told)

    def asked(self, tx: AccountTransaction, event: DoorEvent, ins: str) -> None:
        """Something was asked for at a person's account, by nobody whom a door knows: told once an hour."""
        now = self._now_ms()
        note_id = self._named(event, ins, now // HOUR_MS)
        self._put(tx, note_id, event, now, now, {"claims": {"ins": ins}})

    def opened(self, tx: AccountTransaction, by: Proven, ins: str) -> None:
        """`by` opened an account for the person of this INS."""
        told = {"role": by.role.value, "subject": by.subject, "claims": {**by.claims, "ins": ins}}
        self._put(tx, uuid7(), DoorEvent.ACCOUNT_OPENED, self._now_ms(), self._now_ms(), told)

    def add(self, tx: AccountTransaction, event: DoorEvent, ins: str | None, counted: int) -> None:
        """Failures of this minute, of all, or those at one person's account."""
        until = (self._now_ms() // MINUTE_MS + 1) * MINUTE_MS
        note_id = self._named(event, ins or "", until)
        if not self._put(tx, note_id, event, until, until + STILL_MS, {"ins": ins}, counted):
            row = tx.get("door_note", lock=True, note_id=note_id)
            before = row["counted"] if row else 0
            tx.update("door_note", {"counted": before + counted}, note_id=note_id)

    def due(self, tx: AccountTransaction, limit: int) -> list[DoorNote]:
        """The oldest notes that nothing is added to any more."""
        rows = tx.find("door_note", order=("due", "note_id"), limit=limit, due__le=self._now_ms())
        return [self._opened(row) for row in rows]

    def told(self, tx: AccountTransaction, notes: Iterable[DoorNote]) -> None:
        """The vault has them."""
        tx.delete("door_note", note_id__in=[each.note_id for each in notes])

    def put_off(self, tx: AccountTransaction, note: DoorNote) -> None:
        """The vault does not take it as it is: others go on, and it is told again in an hour."""
        tx.update("door_note", {"due": self._now_ms() + HOUR_MS}, note_id=note.note_id)

    def _put(
        self,
        tx: AccountTransaction,
        note_id: UUID,
        event: DoorEvent,
        at: int,
        due: int,
        told: Mapping[str, Any],
        counted: int = 1,
    ) -> bool:
        sealed = self._keys.seal(Sealed.DOOR_NOTE, note_id.bytes, {"event": event.value, "at": at, **told})
        row = {"note_id": note_id, "due": due, "counted": counted, "sealed": sealed}
        return tx.insert_new("door_note", row)

    def _opened(self, row: Row) -> DoorNote:
        told = self._keys.open(Sealed.DOOR_NOTE, row["note_id"].bytes, row["sealed"])
        event, role = DoorEvent(told.pop("event")), told.pop("role", None)
        return DoorNote(
            note_id=row["note_id"],
            event=event,
            counted=row["counted"],
            role=None if role is None else Role(role),
            **told,
        )

    def _named(self, event: DoorEvent, whose: str, when: int) -> UUID:
        return UUID(bytes=self._keys.name(Named.DOOR_NOTE, event.value, whose, str(when))[:16])

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
