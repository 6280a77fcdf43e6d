"""One version of an entry replaces another: who may, and what becomes of both (R36)."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from records.documents.facts import DocumentFacts
from records.errors import Invalid
from records.vocabulary.codes import DOCUMENT_TRANSITIONS, DocumentState


@dataclass(frozen=True, slots=True)
class Replaced:
    """The version that another one replaces, a document, and the entry of both: its first version."""

    entry: UUID
    version: UUID

    @classmethod
    def of_json(cls, value: Any) -> "Replaced | None":
        """The reverse of `to_json`; None for null. Raises Invalid "bad_shape"."""
        if value is None:
            return None
        try:
            return cls(UUID(value["entry"]), UUID(value["version"]))
        except (LookupError, TypeError, ValueError, AttributeError):
            raise Invalid("The version to replace is named by two ids.", code="bad_shape") from None

    def to_json(self) -> dict[str, str]:
        return {"entry": str(self.entry), "version": str(self.version)}


def is_own(document: DocumentFacts) -> bool:
    """Whether its holder deposited it: nobody else has neither a number nor a structure."""
    return not document.author and not document.author_structure


def may_succeed(former: DocumentFacts, new: DocumentFacts) -> bool:
    """Only what its holder deposited and is the newest still, by the holder and with the same type."""
    newest = DocumentState.DEPRECATED in DOCUMENT_TRANSITIONS[former.state]
    same = former.kind == new.kind == "document" and former.type_code == new.type_code
    return newest and same and is_own(former) and is_own(new)


def successor(former: DocumentFacts, new: DocumentFacts) -> DocumentFacts:
    """The new version: hidden at least as well as the former, and shown to whom that was shown."""
    return replace(
        new,
        labels=new.labels | former.labels,
        shown_to=former.shown_to,
        replaces=former.document_id,
    )


def succeeded(former: DocumentFacts) -> DocumentFacts:
    """The former version, from now on: history."""
    return replace(former, state=DocumentState.DEPRECATED)
