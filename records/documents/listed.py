"""A document that an actor may see, as lists and searches show it."""

from dataclasses import dataclass, field
from uuid import UUID

from records.documents.facts import DocumentFacts
from records.documents.summaries import DocumentSummary
from records.vocabulary.codes import Obligation


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """`created_at` in milliseconds since the epoch; `obligations` are those of showing it now."""

    document_id: UUID
    facts: DocumentFacts
    created_at: int
    summary: DocumentSummary = field(repr=False)
    obligations: frozenset[Obligation] = frozenset()

    @property
    def structure(self) -> str:
        """That deposited it."""
        return self.facts.author_structure
