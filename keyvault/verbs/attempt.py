"""The one beginning of every verb that somebody asks for: verify, count, decide, log; and how it refuses.

Credentials are verified by `Vault.actor`, for requests that came over HTTP by `keyvault/verbs/caller.py`, for
deposits by `keyvault/verbs/worker/deposits/received.py`: a bad one has its line there. From then on a
`Preamble` says for one verb what is counted, what its line in the log says and how it refuses. `attempt` is
the beginning of the verbs on a record, `keyvault/verbs/operator/permission.py` that of an operator's.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self
from uuid import UUID

from keyvault.context import Vault
from keyvault.credentials.possession_proof import PresentedProof
from keyvault.log.appending import Chain, Event
from keyvault.opened_records import OpenedRecord
from keyvault.quotas import Touch, is_past
from keyvault.store import Row, VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.access_notices import tell_of_access
from keyvault.verbs.open_emergencies import emergency_use, open_window
from records.emergency import EMERGENCIES
from records.people.actors import Actor
from records.policy import AccessRequest, Deny, EmergencyUse, Facts, Permit, decide
from records.rules.assumptions import of_refusal, told_in_log
from records.vocabulary.codes import Action, Obligation, Outcome, PurposeOfUse, ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call: its credential, purpose and reason; token and proof are accepted by the vault alone.

    `certificate` is the thumbprint of the client certificate that the named proxy saw (RFC 8705).
    """

    token: str = field(repr=False)
    purpose: PurposeOfUse = PurposeOfUse.NORMAL
    reason: str | None = field(default=None, repr=False)
    presented: PresentedProof | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal, already logged and counted. Callers answer alike whatever the reason, but for quotas.

    `obligations` follow from who asks and from what is asked, never from what the record holds.
    """

    reason: ReasonCode
    obligations: frozenset[Obligation] = field(default=frozenset(), compare=False)

    @property
    def is_of_quota(self) -> bool:
        return self.reason is ReasonCode.QUOTA_EXCEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Preamble:
    """What one verb counts, decides about and writes in the log.

    `actor` is None where a deposit's credential was not accepted. `counted` is what the limits of the person
    count, as `Vault.touched` answers it; the action, where nothing is named.
    """

    action: Action
    actor: Actor | None
    counted: bytes = field(repr=False)
    purpose: PurposeOfUse
    reason: str | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        call: Call,
        actor: Actor,
        action: Action,
        counted: bytes = b"",
        *,
        purpose: PurposeOfUse | None = None,
    ) -> Self:
        """`purpose`: the verb's own, where it has one whatever the call says."""
        return cls(
            action=action,
            actor=actor,
            counted=counted or action.value.encode(),
            purpose=purpose or call.purpose,
            reason=call.reason,
        )

    @property
    def touch(self) -> Touch | None:
        return Touch(self.actor, self.counted, self.purpose in EMERGENCIES) if self.actor else None

    def over_quota(self, transaction: Transaction, each: Iterable[bytes] | None = None) -> bool:
        """Count the call for the person, before anything is opened; True where the limit is passed.

        `each`: what is counted instead, where a call names several things.
        """
        if self.touch is None:
            return False
        # in one order, so that two calls at once don't wait for each other
        names = [self.counted] if each is None else sorted({*each})
        return transaction.over_quota(*(replace(self.touch, touched=name) for name in names))

    def is_past_quota(self, vault: Vault, tx: VaultTransaction, now_ms: int) -> bool:
        """Whether the person's limit is passed already; nothing is counted."""
        assert self.touch is not None  # nothing is opened for nobody
        return is_past(tx, vault.settings.quotas, vault.pseudonym, self.touch, now_ms)

    def structure_over_quota(self, transaction: Transaction) -> bool:
        """Count what is about to be permitted for the person's structure; True, uncounted, without room."""
        return self.touch is not None and transaction.structure_over_quota(self.touch)

    def request(self, now: int) -> AccessRequest:
        """What is decided; `now` in unix seconds."""
        assert self.actor is not None  # nothing is decided for nobody
        return AccessRequest(self.actor, self.action, self.purpose, now, self.reason)

    def event(self, outcome: Outcome, reason: ReasonCode, **more: Any) -> Event:
        """The line about it; the reason that was written for an emergency is in its details."""
        details = dict(more.pop("details", {}))
        if self.reason and self.purpose in EMERGENCIES:
            details["reason"] = self.reason
        told = {"record": None, **more, "details": details}
        return Event(
            action=self.action,
            outcome=outcome,
            reason=reason,
            purpose=self.purpose,
            actor=self.actor,
            **told,
        )

    def refuse(self, transaction: Transaction, chain: Chain, reason: ReasonCode, **more: Any) -> Denied:
        """Count a refusal and give it its line on `chain`. A refusal too many is one of the quota."""
        counted = self.touch if reason is not ReasonCode.QUOTA_EXCEEDED else None
        if counted is not None and transaction.refused_too_often(counted):
            reason = ReasonCode.QUOTA_EXCEEDED
        if self.actor is None:
            transaction.append(chain, self.event(Outcome.DENY, reason, **more))
            return Denied(reason)
        request = self.request(transaction.now)
        obligations = of_refusal(request, reason)
        details = told_in_log(request, obligations) | more.pop("details", {})
        transaction.append(chain, self.event(Outcome.DENY, reason, details=details, **more))
        return Denied(reason, obligations)


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
