"""Labels that come with a deposit, and the month for which INVISIBLE_PATIENT hides a document (R22, R24)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from records.documents.facts import Announcement, DocumentFacts, check_labels
from records.vocabulary.codes import Label

SIGNATURE_TYPE = "E1762"
"""The type (ASTM) of a submission's signature, which nobody lists: it alone has all labels at once (R24)."""


def may_cumulate(type_code: str) -> bool:
    """R24: whether a document of this type may be hidden from the patient and masked to professionals."""
    return type_code == SIGNATURE_TYPE


def stated_labels(codes: Iterable[str], type_code: str = "") -> frozenset[Label]:
    """The labels that a depositor states; raises Invalid `unknown_label` or `labels_conflict` (R24)."""
    return check_labels(codes, cumul_allowed=may_cumulate(type_code))


def visible_from(since: int) -> int:
    """When INVISIBLE_PATIENT ends by itself: the same day of the next month, or its last one (R22).

    Unix seconds, in UTC.
    """
    start = datetime.fromtimestamp(since, UTC)
    next_month = start.replace(day=1) + timedelta(days=32)
    last_day = (next_month.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    end = start.replace(year=next_month.year, month=next_month.month, day=min(start.day, last_day.day))
    return int(end.timestamp())


def is_hidden(document: DocumentFacts, now: int) -> bool:
    """Whether INVISIBLE_PATIENT hides a document at `now`: until the date that ends it by itself (R22)."""
    if Label.INVISIBLE_PATIENT not in document.labels:
        return False
    return document.visible_to_patient_from is None or now < document.visible_to_patient_from


def labelled_too(document: DocumentFacts, added: frozenset[Label], now: int) -> DocumentFacts:
    """A document with more labels. One that INVISIBLE_PATIENT hides from now on is hidden for a month; one
    that is hidden already keeps its date.
    """
    labels = document.labels | added
    if Label.INVISIBLE_PATIENT not in added or is_hidden(document, now):
        return replace(document, labels=labels)
    return replace(
        document,
        labels=labels,
        visible_to_patient_from=visible_from(now),
        announcement=Announcement(since=now),
    )
