"""The way every verb on a record begins: verify, count, open, decide; a refusal is logged and returned."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from audit.canonical import canonical
from keyvault.context import OpenedRecord, Transaction, Vault
from keyvault.credentials.possession import PresentedProof
from keyvault.keys.secret_keys import Use
from keyvault.log.appending import Event
from keyvault.quotas import Touch
from keyvault.store import Row, VaultTransaction
from records.actors import Actor
from records.emergency import DAY_MS, EMERGENCIES, WINDOW_MS, normal_reason, use_of
from records.policy import AccessRequest, Deny, EmergencyUse, Facts, Permit, decide
from records.vocabulary.codes import Action, Obligation, Outcome, PurposeOfUse, ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who asks, and what for; token and proof are accepted by the vault alone."""

    token: str = field(repr=False)
    purpose: PurposeOfUse = PurposeOfUse.NORMAL
    reason: str | None = field(default=None, repr=False)
    presented: PresentedProof | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal, already logged and counted. Callers answer alike whatever the reason, but for quotas."""

    reason: ReasonCode


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

    def event(self, **more: Any) -> Event:
        """A permitted happening on this record."""
        details = dict(more.pop("details", {}))
        if self.call.reason and self.call.purpose in EMERGENCIES:
            details["reason"] = self.call.reason
        return Event(
            action=self.request.action,
            outcome=Outcome.PERMIT,
            reason=self.permit.reason,
            purpose=self.call.purpose,
            actor=self.actor,
            record=self.public_id,
            details=details,
            **more,
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
) -> Attempt | Denied:
    """Ask whether `actor` may do `action` on the record that `locator` or `record_id` names.

    The record stays locked until the transaction ends: no change of its card and no deposit comes between
    the decision, what is disclosed and the event. What discloses nothing needs no lock, has no event and
    begins no emergency: no notice without a line to explain it.
    """
    row = _find(vault, transaction, locator, record_id)
    named = record_id if record_id is not None else locator or ""
    touch = Touch(actor, vault.touched(row, named), call.purpose in EMERGENCIES)
    over = transaction.over_quota(touch)  # before anything is opened
    record = vault.open(transaction.rows, row, lock=discloses)
    request = AccessRequest(actor, action, call.purpose, transaction.now, call.reason)
    emergency = emergency_use(vault, transaction, record, actor, call)
    decision = decide(request, Facts(record.facts, None, emergency))
    if over or (isinstance(decision, Permit) and transaction.structure_over_quota(touch)):
        decision = Deny(ReasonCode.QUOTA_EXCEEDED)
    if isinstance(decision, Deny):
        return refuse(vault, transaction, call, actor, action, record, decision.reason, about=touch.touched)
    found = Attempt(call, actor, record, request, decision, emergency)
    if discloses:
        _open_window(vault, transaction, record, actor, call, decision)
        transaction.again = partial(_write_down, vault, found)
    return found


def _write_down(vault: Vault, found: Attempt, transaction: Transaction, failed: str) -> None:
    """The line of what was permitted and could not be done, with its window and notices."""
    row = transaction.rows.get("record", record_id=found.record.row["record_id"])
    record = vault.open(transaction.rows, row, lock=True)
    _open_window(vault, transaction, record, found.actor, found.call, found.permit)
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
    is_told_apart: bool = True,
) -> Denied:
    """Log a refusal on the record's chain, or on chain 0 where there is no such record.

    `about`: what was named, as `Vault.touched` answers it; without it, the record. A refusal too many is one
    of the quota. Without `is_told_apart` the record counts as one that is not there.
    """
    exists = record.exists and is_told_apart
    named = about or vault.touched(record.row, record.row["public_id"])
    touch = Touch(actor, named, call.purpose in EMERGENCIES)
    if reason is not ReasonCode.QUOTA_EXCEEDED and transaction.refused_too_often(touch):
        reason = ReasonCode.QUOTA_EXCEEDED
    details = {"reason": call.reason} if call.reason and call.purpose in EMERGENCIES else {}
    transaction.append(
        record.chain if exists else vault.system_chain,
        Event(
            action=action,
            outcome=Outcome.DENY,
            reason=reason,
            purpose=call.purpose,
            actor=actor,
            record=record.row["public_id"] if exists else None,
            object_id=object_id,
            details=details,
            about=about,
        ),
    )
    return Denied(reason)


def _find(vault: Vault, transaction: Transaction, locator: str | None, record_id: UUID | None) -> Row | None:
    if record_id is not None:
        return transaction.rows.get("record", record_id=record_id)
    assert locator is not None
    return vault.find_record(transaction.rows, locator)


def emergency_use(
    vault: Vault, transaction: Transaction, record: OpenedRecord, actor: Actor, call: Call
) -> EmergencyUse | None:
    if call.purpose not in EMERGENCIES:
        return None
    today = transaction.rows.find(
        "emergency_window",
        record_id=record.row["record_id"],
        actor=_actor_key(vault, actor),
        purpose=call.purpose.value,
        opened_at__gt=transaction.now_ms - DAY_MS,
    )
    reason = _reason_hash(vault, call.reason) if normal_reason(call.reason) else None
    windows = [(row["reason_hash"], row["opened_at"]) for row in today]
    return use_of(windows, reason, _reason_hash(vault, None), transaction.now_ms)


def _open_window(
    vault: Vault, transaction: Transaction, record: OpenedRecord, actor: Actor, call: Call, permit: Permit
) -> None:
    """Start a window with its notices, unless one with the same reason is still open."""
    if call.purpose not in EMERGENCIES:
        return
    key = {
        "record_id": record.row["record_id"],
        "actor": _actor_key(vault, actor),
        "purpose": call.purpose.value,
        "reason_hash": _reason_hash(vault, call.reason),
    }
    if transaction.rows.find(
        "emergency_window", limit=1, opened_at__gt=transaction.now_ms - WINDOW_MS, **key
    ):
        return
    transaction.rows.insert("emergency_window", {**key, "opened_at": transaction.now_ms})
    recipients = []
    if Obligation.NOTIFY_PATIENT in permit.obligations:
        recipients.append("patient")
    card = record.card.card
    if Obligation.NOTIFY_ATTENDING in permit.obligations and card is not None:
        # the block of a named doctor holds for what is told too
        recipients += [f"professional:{number}" for number in sorted(card.attending - card.blocks)]
    for recipient in recipients:
        queue_notice(vault, transaction, record, kind=call.purpose.value, recipient=recipient)


def queue_notice(
    vault: Vault, transaction: Transaction, record: OpenedRecord, *, kind: str, recipient: str
) -> None:
    """Queue a notice with its cause, in the same transaction. It carries no health data."""
    notice_id = new_id()
    role = recipient.partition(":")[0]
    payload = {"kind": kind, "at": transaction.now, "record": str(record.row["public_id"]), "to": recipient}
    sealed = vault.keyring.accountability.seal(Use.NOTICE, payload, b"coffre-notice-v1\x00" + notice_id.bytes)
    transaction.rows.insert(
        "notice",
        {
            "notice_id": notice_id,
            "record_id": record.row["record_id"],
            "kind": kind,
            "recipient": role,  # in clear only what tells nobody's number
            "payload": sealed,
            "state": "queued",
            "worker": None,
            "lease_until": 0,
            "created_at": transaction.now_ms,
        },
    )


def new_id() -> UUID:
    """A time-ordered id (UUIDv7): rows of one moment lie together in every index."""
    return uuid7()


def _actor_key(vault: Vault, actor: Actor) -> bytes:
    return vault.pseudonym(b"coffre-actor-v1", canonical(actor.value))


def _reason_hash(vault: Vault, reason: str | None) -> bytes:
    return vault.pseudonym(b"coffre-reason-v1", normal_reason(reason).encode())


def forget_windows(tx: VaultTransaction, now_ms: int) -> None:
    """Drop the emergency windows that no decision looks at any more: a day ago and older."""
    tx.delete("emergency_window", opened_at__le=now_ms - DAY_MS)
