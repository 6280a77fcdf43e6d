"""Changes of one document after its deposit: refused, archived, deleted; and back (R31, R32, R37).

Changes are pure, from one set of facts to the next, and each may be repeated. Times are unix seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from records.documents.facts import DocumentFacts, HoldersRefusal
from records.errors import Invalid
from records.vocabulary.codes import DOCUMENT_TRANSITIONS, Action, DocumentState, check_transition

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """One change of a document; `reason` is why its holder refuses it, and said of nothing else."""

    action: Action
    reason: str | None = None


def changed(document: DocumentFacts, wanted: DocumentChange, now: int) -> DocumentFacts:
    """The document after the change.

    Raises Conflict `bad_transition` where its state does not lead there, Invalid `reason_missing`.
    """
    return _CHANGES[wanted.action](document, wanted, now)


def _moved(state: DocumentState) -> "_Change":
    def move(document: DocumentFacts, _: DocumentChange, __: int) -> DocumentFacts:
        if document.state is not state:
            check_transition(DOCUMENT_TRANSITIONS, document.state, state)
        return replace(document, state=state)

    return move


def _refused(document: DocumentFacts, wanted: DocumentChange, now: int) -> DocumentFacts:
    """The day of a refusal stays where its reason alone is written anew."""
    reason = check_reason(wanted.reason)
    at = now if document.refused is None else document.refused.at
    return replace(document, refused=HoldersRefusal(at, reason))


def check_reason(reason: str | None) -> str:
    """Why a document is refused (R1111-47), without the space around it; raises Invalid `reason_missing`."""
    words = (reason or "").strip()
    if not words or len(words) > LONGEST_REASON:
        raise Invalid(f"Write why, in at most {LONGEST_REASON} characters.", code="reason_missing")
    return words


_Change = Callable[[DocumentFacts, DocumentChange, int], DocumentFacts]
_CHANGES: Mapping[Action, _Change] = MappingProxyType(
    {
        Action.REFUSE: _refused,
        Action.ADMIT: lambda document, _, __: replace(document, refused=None),
        Action.ARCHIVE: _moved(DocumentState.ARCHIVED),
        Action.UNARCHIVE: _moved(DocumentState.APPROVED),
        Action.DELETE: _moved(DocumentState.DELETED),
    }
)
DOCUMENT_CHANGES = frozenset(_CHANGES)
OF_ALL_COPIES = frozenset({Action.REFUSE, Action.ADMIT})
"""What holds for every copy of a document, whichever structure deposited it."""
BY_ID_ALONE = DOCUMENT_CHANGES - OF_ALL_COPIES
"""What an author asks for, who needs no right to consult: no record is named, so that none is told of."""
