"""A verb once its credential is verified: what it counts, says in the log, and how it refuses."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from keyvault.context import Vault
from keyvault.log.appending import Chain, Event
from keyvault.quotas import Touch, is_past
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.call import Call, Denied
from records.emergency import EMERGENCIES
from records.people.actors import Actor
from records.policy import AccessRequest
from records.rules.assumptions import of_refusal, told_in_log
from records.vocabulary.codes import Action, Outcome, PurposeOfUse, ReasonCode


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
