"""`choices`: what the holder of a record decided, as its card says it; no document is read for it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.reader.snapshot import Question, carry_out
from records.vocabulary.codes import Action, Role


@dataclass(frozen=True, slots=True)
class Choices:
    """The card without identity, for its holder; None for anybody else who may open the record."""

    own: dict[str, Any] | None = field(repr=False)


class ChoicesVerbs:
    """For the reader process, on behalf of whoever may open the record."""

    _vault: Vault

    def choices(self, call: Call, record_id: UUID) -> Choices | Denied:
        """Decided and logged like a list, which says the same beside documents."""
        actor = caller(self._vault, call, "choices", record_id=record_id)

        def read(_: VaultTransaction, found: Attempt) -> Choices:
            return Choices(choices_of(found))

        def told(transaction: Transaction, found: Attempt, answer: Choices) -> Choices:
            transaction.append(found.record.chain, found.event())
            return answer

        return carry_out(self._vault, Question(call, actor, Action.SEARCH, record_id), read, told)


def is_holder(found: Attempt) -> bool:
    return found.actor.role is Role.PATIENT


def choices_of(found: Attempt) -> dict[str, Any] | None:
    """The holder's card without identity, for the holder alone."""
    card = found.record.card.card
    if not is_holder(found) or card is None:
        return None
    choices = card.to_json()
    return {name: choices[name] for name in ("authorisations", "blocks", "attending", "emergency", "consent")}


def concerning(found: Attempt) -> dict[str, Any] | None:
    """What of the card a professional may know: the choices about himself, and of nobody else."""
    card, number = found.record.card.card, found.actor.rpps
    if is_holder(found) or card is None or number is None:
        return None
    choices = card.to_json()
    return {
        "authorisations": [each for each in choices["authorisations"] if each["professional"] == number],
        "blocks": [each for each in choices["blocks"] if each == number],
        "attending": [each for each in choices["attending"] if each == number],
    }
