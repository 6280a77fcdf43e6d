"""What one operator asks for alone: decided and on the log before anything is answered."""

from collections.abc import Mapping

from keyvault.context import Vault
from keyvault.log import Happening
from keyvault.verbs.attempt import Call, Denied
from records.policy import AccessRequest, Deny, Facts, RecordFacts, decide
from records.vocabulary.codes import Action, Outcome, ReasonCode, RecordState


def objection(vault: Vault, call: Call, action: Action, details: Mapping[str, object]) -> Denied | None:
    """None where the vault permits it; the entry stands in the log either way."""
    actor = vault.actor(call.token)
    with vault.change() as change:
        request = AccessRequest(actor, action, call.purpose, change.now, call.reason)
        decision = decide(request, Facts(RecordFacts(RecordState.ACTIVE, None)))
        refused = decision.reason if isinstance(decision, Deny) else None
        happening = Happening(
            action=action,
            outcome=Outcome.PERMIT if refused is None else Outcome.DENY,
            reason=refused or ReasonCode.OPERATOR,
            purpose=call.purpose,
            actor=actor,
            record=None,
            details=details,
        )
        change.append(vault.system_chain, happening)
    return None if refused is None else Denied(refused)
