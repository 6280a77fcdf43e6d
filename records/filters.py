"""Filters of a list, on facts and summary of a document; an empty filter takes all."""

from dataclasses import dataclass
from datetime import date

from records.documents.facts import DocumentFacts
from records.documents.summaries import DocumentSummary


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """`since` is the instant of reception in unix seconds; `first` and `last` are days of the document's own
    date, included.
    """

    since: int | None = None
    kinds: frozenset[str] = frozenset()
    type_codes: frozenset[str] = frozenset()
    first: date | None = None
    last: date | None = None

    @property
    def asks_date(self) -> bool:
        """Whether the summary is looked at."""
        return self.first is not None or self.last is not None

    def takes_facts(self, facts: DocumentFacts) -> bool:
        return (not self.kinds or facts.kind in self.kinds) and (
            not self.type_codes or facts.type_code in self.type_codes
        )

    def takes_date(self, summary: DocumentSummary) -> bool:
        """A document without a date that can be read is of no day."""
        if not self.asks_date:
            return True
        day = day_of(summary.date)
        return (
            day is not None
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )


def day_of(text: str | None) -> date | None:
    """The day of a DICOM DA or of a FHIR date, dateTime or instant, which begin with year, month and day."""
    digits = (text or "")[:10].replace("-", "").replace(".", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if digits.isascii() else None
    except ValueError:
        return None
