"""The values of a decision: the request, the facts it rests on, and the answer."""

from dataclasses import dataclass, field

from records.card.card import Card
from records.choices.authorisations import Authorisation
from records.choices.authorising import NO_CIRCLE, of_card
from records.documents.facts import DocumentFacts
from records.people.actors import Actor
from records.vocabulary.codes import Action, Obligation, PurposeOfUse, ReasonCode, RecordState


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A request for a decision: `now` in unix seconds, `reason` as the actor wrote it."""

    actor: Actor
    action: Action
    purpose: PurposeOfUse
    now: int
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """The record's state and card; `card` is None where there is no such record.

    `authorisation` is that of whoever asks, and of nobody else, with the grounds that count alone.
    """

    state: RecordState
    card: Card | None
    authorisation: Authorisation | None = None

    def authorisation_of(self, actor: Actor) -> Authorisation | None:
        """What a card of an earlier label says counts only where the actor has no row."""
        if self.authorisation is not None or self.card is None:
            return self.authorisation
        given = self.card.authorisation_of(actor.rpps or "")
        return None if given is None else of_card(given, NO_CIRCLE)


@dataclass(frozen=True, slots=True)
class EmergencyUse:
    """This actor's earlier emergencies on this record, in this purpose, as the vault remembers them.

    `expired`: a window with this same reason was opened more than 4 h ago. `windows_today`: windows opened
    today under other reasons than this one. `is_open`: a window with this same reason is.
    """

    expired: bool
    windows_today: int
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a decision rests on; `document` None asks about the record as such."""

    record: RecordFacts
    document: DocumentFacts | None = None
    emergency: EmergencyUse | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    reason: ReasonCode
    obligations: frozenset[Obligation] = frozenset()


@dataclass(frozen=True, slots=True)
class Deny:
    reason: ReasonCode
    obligations: frozenset[Obligation] = frozenset()


Decision = Permit | Deny
