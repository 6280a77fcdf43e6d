"""Begin an operator's verb: decide where there is no record, and write to chain 0 before anything is done.

One operator acts `alone`, or two of them act `Together`. Both on the preamble of every verb
(`keyvault/verbs/preamble.py`): each refusal is counted and has its line.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from keyvault.context import Vault
from keyvault.credentials.issuers import OPERATORS
from keyvault.transaction import Transaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.preamble import Preamble
from records.errors import Refused
from records.policy import Deny, Facts, RecordFacts, decide
from records.vocabulary.codes import Action, Outcome, ReasonCode, RecordState

NOWHERE = RecordFacts(RecordState.ACTIVE, None)


def denied(
    vault: Vault,
    transaction: Transaction,
    preamble: Preamble,
    *,
    facts: RecordFacts = NOWHERE,
    over: bool = False,
    **more: Any,
) -> Denied | None:
    """Decide; `over`: the person's quota is passed. A refusal has its line on chain 0, with `more` in it."""
    decision = decide(preamble.request(transaction.now), Facts(facts))
    reason = decision.reason if isinstance(decision, Deny) else None
    if over:
        reason = ReasonCode.QUOTA_EXCEEDED
    return None if reason is None else preamble.refuse(transaction, vault.system_chain, reason, **more)


def permit(vault: Vault, transaction: Transaction, preamble: Preamble, **more: Any) -> None:
    """The line on chain 0 of what an operator was permitted."""
    transaction.append(vault.system_chain, preamble.event(Outcome.PERMIT, ReasonCode.OPERATOR, **more))


@contextmanager
def alone(
    vault: Vault, call: Call, details: Mapping[str, object]
) -> Iterator[tuple[Transaction, Denied | None]]:
    """A change that has its entry already, and why it is refused; what is done in it commits with that."""
    preamble = Preamble.of(call, vault.actor(call.token), Action.ROOT)
    with vault.transaction() as transaction:
        refused = denied(vault, transaction, preamble, details=details)
        if refused is None:
            permit(vault, transaction, preamble, details=details)
        yield transaction, refused


@dataclass(frozen=True, slots=True)
class Together:
    """What two operators ask for together. Each of them has a line of their own, with the same details."""

    vault: Vault = field(repr=False)
    preambles: tuple[Preamble, ...]
    details: Mapping[str, object] = field(repr=False)

    @classmethod
    def of(cls, vault: Vault, calls: Sequence[Call], details: Mapping[str, object]) -> Self:
        """Raises `Refused` "two_operators" for fewer, or for the same person twice, once each has a line."""
        actors = [vault.actor(call.token) for call in calls]
        people = {tuple(actor.person) for actor in actors}
        asked = (Preamble.of(call, actor, Action.ROOT) for call, actor in zip(calls, actors, strict=True))
        together = cls(vault, tuple(asked), details)
        if len(actors) != OPERATORS or len(people) < OPERATORS:
            with vault.transaction() as transaction:
                together.refuse(transaction, ReasonCode.NOT_AUTHORISED)
            raise Refused("A rotation wants two different operators: name the second.", code="two_operators")
        return together

    def about(self, counted: bytes) -> Self:
        """The same for what a limit counts, as `Vault.touched` answers it."""
        return replace(self, preambles=tuple(replace(each, counted=counted) for each in self.preambles))

    def objection(self) -> Denied | None:
        """Why the first of them is refused who is; that one alone has a line."""
        now = self.vault.now_ms() // 1000
        for preamble in self.preambles:
            decision = decide(preamble.request(now), Facts(NOWHERE))
            if isinstance(decision, Deny):
                with self.vault.transaction() as transaction:
                    return denied(self.vault, transaction, preamble, details=self.details)
        return None

    def over_quota(self, transaction: Transaction) -> bool:
        """Counted for both; True where either limit is passed."""
        over = [preamble.over_quota(transaction) for preamble in self.preambles]
        return any(over)

    def refuse(self, transaction: Transaction, reason: ReasonCode) -> Denied:
        """All of them are refused; where it is one refusal too many for either, as one of the quota."""
        chain = self.vault.system_chain
        answers = [each.refuse(transaction, chain, reason, details=self.details) for each in self.preambles]
        return next((each for each in answers if each.is_of_quota), Denied(reason))

    def permit(self, transaction: Transaction, record: UUID | None = None) -> None:
        for preamble in self.preambles:
            permit(self.vault, transaction, preamble, record=record, details=self.details)
