"""Acts that one operator asks for alone: decided and on the log before anything is answered."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from keyvault.context import Transaction, Vault
from keyvault.log.appending import Event
from keyvault.verbs.attempt import Call, Denied
from records.policy import AccessRequest, Deny, Facts, RecordFacts, decide
from records.vocabulary.codes import Action, Outcome, ReasonCode, RecordState


@contextmanager
def alone(
    vault: Vault, call: Call, details: Mapping[str, object]
) -> Iterator[tuple[Transaction, Denied | None]]:
    """A change that has its entry already, and why it is refused; what is done in it commits with that."""
    actor = vault.actor(call.token)
    with vault.transaction() as transaction:
        request = AccessRequest(actor, Action.ROOT, call.purpose, transaction.now, call.reason)
        decision = decide(request, Facts(RecordFacts(RecordState.ACTIVE, None)))
        refused = decision.reason if isinstance(decision, Deny) else None
        event = Event(
            action=Action.ROOT,
            outcome=Outcome.PERMIT if refused is None else Outcome.DENY,
            reason=refused or ReasonCode.OPERATOR,
            purpose=call.purpose,
            actor=actor,
            record=None,
            details=details,
        )
        transaction.append(vault.system_chain, event)
        yield transaction, None if refused is None else Denied(refused)
