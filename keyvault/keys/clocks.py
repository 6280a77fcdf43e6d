"""Legal clocks of a record, sealed: in clear, the kind of one would tell of a bad diagnosis (ADR 30).

`due_at` (milliseconds) is in clear, so that what is due is found, and bound to what is sealed. The mark is
the latest time that the housekeeper has seen: a clock of the machine that is set back shortens no term.
"""

from dataclasses import dataclass
from uuid import UUID

from keyvault.crypto.envelope import be64
from keyvault.crypto.sealed_json import open_json, seal_json
from keyvault.keys.cards import OpenedCard
from keyvault.store import Row, VaultTransaction, new_id
from records.documents.announcing import Clock, Step, due
from records.documents.facts import DocumentFacts

MARK = "latest"


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A clock with its row's id and when it is due (ms)."""

    clock_id: UUID
    due_at: int
    clock: Clock


def clock_aad(record_id: UUID, clock_id: UUID, due_at: int) -> bytes:
    """Associated data of a clock: one that is moved to another record or day doesn't open."""
    return b"coffre-clock-v1\0" + record_id.bytes + clock_id.bytes + be64(due_at)


def legal_now(tx: VaultTransaction, now: int) -> int:
    """The time (unix seconds) from which a term counts: never before the mark."""
    row = tx.get("clock_mark", name=MARK)
    return now if row is None else max(now, row["at"] // 1000)


def note_time(tx: VaultTransaction, now_ms: int) -> int:
    """Move the mark on to `now_ms`, never back; answers it."""
    tx.insert_new("clock_mark", {"name": MARK, "at": now_ms})
    tx.update("clock_mark", {"at": now_ms}, name=MARK, at__lt=now_ms)
    row = tx.get("clock_mark", name=MARK)
    assert row is not None
    return int(row["at"])


def set_clock(
    tx: VaultTransaction, opened: OpenedCard, facts: DocumentFacts, step: Step, clock_id: UUID | None = None
) -> None:
    """Begin the clock of a hidden document, or move the one of this id on; none where nothing runs out."""
    at = due(facts, step)
    if at is None:
        return
    clock_id, due_at = clock_id or new_id(), at * 1000
    content = Clock(facts.document_id, step).to_json()
    sealed = seal_json(opened.key, content, clock_aad(opened.record_id, clock_id, due_at))
    named = {"clock_id": clock_id, "record_id": opened.record_id}
    if not tx.update("clock", {"due_at": due_at, "sealed": sealed}, **named):
        tx.insert("clock", {**named, "due_at": due_at, "sealed": sealed})


def open_clock(opened: OpenedCard, row: Row) -> RunningClock:
    """Raises `KeyvaultError` "unseal_failed" where it isn't of this record and day."""
    aad = clock_aad(opened.record_id, row["clock_id"], row["due_at"])
    return RunningClock(
        row["clock_id"], row["due_at"], Clock.from_json(open_json(opened.key, row["sealed"], aad))
    )


def documents_on_clocks(tx: VaultTransaction, opened: OpenedCard) -> frozenset[UUID]:
    """The documents of a record that are not announced yet."""
    rows = tx.find("clock", record_id=opened.record_id)
    return frozenset(open_clock(opened, row).clock.document for row in rows)


def end_clock(tx: VaultTransaction, opened: OpenedCard, clock_id: UUID) -> None:
    tx.delete("clock", clock_id=clock_id, record_id=opened.record_id)


def end_clocks_of(tx: VaultTransaction, opened: OpenedCard, document_id: UUID) -> None:
    """End whatever runs for a document."""
    for row in tx.find("clock", record_id=opened.record_id):
        if open_clock(opened, row).clock.document == document_id:
            end_clock(tx, opened, row["clock_id"])
