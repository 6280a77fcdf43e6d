"""The one beginning of every verb that somebody asks for: verify, count, decide, log; and how it refuses.

Credentials are verified by `Vault.actor`, for requests that came over HTTP by `keyvault/verbs/caller.py`, for
deposits by `keyvault/verbs/worker/deposits/received.py`: a bad one has its line there. From then on a
`Preamble` says for one verb what is counted, what its line in the log says and how it refuses. `attempt` is
the beginning of the verbs on a record, `keyvault/verbs/operator/permission.py` that of an operator's.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.log.appending import Event
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.access_notices import tell_of_access
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.open_emergencies import emergency_use, open_window
from keyvault.verbs.preamble import Preamble
from records.emergency import EMERGENCIES
from records.people.actors import Actor
from records.policy import AccessRequest, Deny, EmergencyUse, Facts, Permit, decide
from records.rules.assumptions import told_in_log
from records.vocabulary.codes import Action, Obligation, Outcome, ReasonCode


@dataclass(frozen=True, slots=True)
class Attempt:
    """A permitted question about a record, ready to be carried out in the same transaction."""

    call: Call
    actor: Actor
    record: OpenedRecord
    request: AccessRequest
    permit: Permit
    emergency: EmergencyUse | None

    @property
    def public_id(self) -> UUID:
        found: UUID = self.record.row["public_id"]
        return found

    def event(self, *, obligations: Collection[Obligation] = (), **more: Any) -> Event:
        """A permitted event on this record; `obligations` are those of what is shown."""
        preamble = Preamble.of(self.call, self.actor, self.request.action, b"")
        details = told_in_log(self.request, obligations) | more.pop("details", {})
        return preamble.event(
            Outcome.PERMIT, self.permit.reason, record=self.public_id, details=details, **more
        )

    @property
    def facts(self) -> Facts:
        return Facts(self.record.facts, None, self.emergency)


def attempt(
    vault: Vault,
    transaction: Transaction,
    call: Call,
    actor: Actor,
    action: Action,
    *,
    locator: str | None = None,
    record_id: UUID | None = None,
    discloses: bool = True,
    known: OpenedRecord | None = None,
) -> Attempt | Denied:
    """Ask whether `actor` may do `action` on the record that `locator` or `record_id` names.

    The record stays locked until the transaction ends: no change of its card and no deposit comes between
    the decision, what is disclosed and the event. What discloses nothing to somebody who has a right of their
    own needs no lock and has no event. In an emergency that there is such a record is news: the first answer
    begins the emergency, with its line, window and notices (`begin_emergency`).

    `known`: the record as a snapshot opened it, which is not opened again. Raises `Moved` where a change came
    since; then nothing of the transaction may be kept.
    """
    row = _find(vault, transaction, locator, record_id)
    named = record_id if record_id is not None else locator or ""
    preamble = Preamble.of(call, actor, action, vault.touched(row, named))
    locks = discloses or call.purpose in EMERGENCIES
    over = preamble.over_quota(transaction)
    if known is None:
        record = vault.open(transaction.rows, row, lock=locks, actor=actor)
    else:
        record = vault.unmoved(transaction.rows, row, known, lock=locks)
    request = preamble.request(transaction.now)
    emergency = emergency_use(vault, transaction.rows, record, request, transaction.now_ms)
    decision = decide(request, Facts(record.facts, None, emergency))
    if over or (isinstance(decision, Permit) and preamble.structure_over_quota(transaction)):
        decision = Deny(ReasonCode.QUOTA_EXCEEDED)
    if isinstance(decision, Deny):
        about = preamble.counted
        return refuse(vault, transaction, call, actor, action, record, decision.reason, about=about)
    found = Attempt(call, actor, record, request, decision, emergency)
    if discloses:
        tell_of_access(vault, transaction, record, request, decision)
        transaction.again = partial(_write_down, vault, found)
    else:
        begin_emergency(vault, transaction, found)
    return found


def begin_emergency(vault: Vault, transaction: Transaction, found: Attempt) -> None:
    """Where an answer without a line of its own is the first of an emergency: window, notices and a line
    which says that the record was looked for. What comes later in its four hours tells nothing new by that.
    """
    if open_window(vault, transaction, found.record, found.request, found.permit):
        transaction.append(found.record.chain, replace(found.event(), action=Action.IDENTIFY))


def _write_down(vault: Vault, found: Attempt, transaction: Transaction, failed: str) -> None:
    """The line of what was permitted and could not be done, with its window and notices."""
    row = transaction.rows.get("record", record_id=found.record.row["record_id"])
    record = vault.open(transaction.rows, row, lock=True)
    tell_of_access(vault, transaction, record, found.request, found.permit)
    transaction.append(record.chain, found.event(details={"failed": failed}))


def refuse(
    vault: Vault,
    transaction: Transaction,
    call: Call,
    actor: Actor,
    action: Action,
    record: OpenedRecord,
    reason: ReasonCode,
    object_id: str | None = None,
    about: bytes = b"",
) -> Denied:
    """Log a refusal on the record's chain, or on chain 0 where there is no such record.

    `about`: what was named, as `Vault.touched` answers it; without it, the record. A refusal too many is one
    of the quota.
    """
    counted = about or vault.touched(record.row, record.row["public_id"])
    return Preamble.of(call, actor, action, counted).refuse(
        transaction,
        vault.chain_of(record),
        reason,
        record=record.row["public_id"] if record.exists else None,
        object_id=object_id,
        about=about,
    )


def _find(vault: Vault, transaction: Transaction, locator: str | None, record_id: UUID | None) -> Row | None:
    if record_id is not None:
        return transaction.rows.get("record", record_id=record_id)
    assert locator is not None
    return vault.find_record(transaction.rows, locator)
