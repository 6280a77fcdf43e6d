"""Judge and open in a snapshot that holds no lock; then decide, count and log in a short transaction.

The transaction compares `record.epoch`: where a change came between, nothing of the snapshot is used, and all
begins anew. Documents are judged as of the snapshot's instant.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from keyvault.context import Vault
from keyvault.opened_records import Moved, OpenedRecord
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.open_emergencies import emergency_use
from keyvault.verbs.preamble import Preamble
from records.people.actors import Actor
from records.policy import Deny, Facts, decide
from records.vocabulary.codes import Action

T = TypeVar("T")
A = TypeVar("A")

MOST_SNAPSHOTS = 3
"""After so many that a change overtook, everything is done in the transaction, where none can."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks what of which record, by its internal id."""

    call: Call
    actor: Actor
    action: Action
    record_id: UUID


@dataclass(frozen=True, slots=True)
class _Seen(Generic[T]):
    """What a snapshot showed: `found` and what was prepared for it, or how that failed; or a refusal."""

    record: OpenedRecord
    found: Attempt | None = None
    prepared: T | None = None
    failed: Exception | None = None


def carry_out(
    vault: Vault,
    asked: Question,
    prepare: Callable[[VaultTransaction, Attempt], T],
    finish: Callable[[Transaction, Attempt, T], A],
) -> A | Denied:
    """`prepare` reads and opens; `finish` writes and answers, in the transaction that decides and logs.

    What `prepare` raises is raised there, so that it has its line.
    """
    for _ in range(MOST_SNAPSHOTS):
        seen = _look(vault, asked, prepare)
        with suppress(Moved):
            return _finish(vault, asked, seen, finish)
    with vault.transaction() as transaction:
        found = _attempt(vault, transaction, asked, None)
        if isinstance(found, Denied):
            return found
        return finish(transaction, found, prepare(transaction.rows, found))


def _look(vault: Vault, asked: Question, prepare: Callable[[VaultTransaction, Attempt], T]) -> _Seen[T]:
    now_ms = vault.now_ms()
    with vault.store.reading() as tx:
        row = tx.get("record", record_id=asked.record_id)
        record = vault.open(tx, row, actor=asked.actor)
        counted = vault.touched(row, asked.record_id)
        preamble = Preamble.of(asked.call, asked.actor, asked.action, counted)
        found = permitted(vault, tx, preamble, asked.call, record, now_ms)
        if found is None:
            return _Seen(record)
        try:
            return _Seen(record, found, prepare(tx, found))
        except Exception as error:  # raised once more where it has its line
            return _Seen(record, found, failed=error)


def permitted(
    vault: Vault, tx: VaultTransaction, preamble: Preamble, call: Call, record: OpenedRecord, now_ms: int
) -> Attempt | None:
    """What would be permitted at this instant; None where nothing would. Nothing is counted or logged."""
    if preamble.is_past_quota(vault, tx, now_ms):
        return None
    request = preamble.request(now_ms // 1000)
    emergency = emergency_use(vault, tx, record, request, now_ms)
    decision = decide(request, Facts(record.facts, None, emergency))
    if isinstance(decision, Deny):
        return None
    return Attempt(call, request.actor, record, request, decision, emergency)


def _finish(
    vault: Vault, asked: Question, seen: _Seen[T], finish: Callable[[Transaction, Attempt, T], A]
) -> A | Denied:
    with vault.transaction() as transaction:
        found = _attempt(vault, transaction, asked, seen.record)
        if isinstance(found, Denied):
            return found
        if seen.failed is not None:
            raise seen.failed
        if seen.found is None:  # refused then, permitted now
            transaction.again = None
            raise Moved
        return finish(transaction, found, seen.prepared)  # type: ignore[arg-type]


def _attempt(
    vault: Vault, transaction: Transaction, asked: Question, known: OpenedRecord | None
) -> Attempt | Denied:
    call, actor, action = asked.call, asked.actor, asked.action
    return attempt(vault, transaction, call, actor, action, record_id=asked.record_id, known=known)
