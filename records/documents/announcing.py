"""Announcement: a professional hides a document from its patient until it is told in a visit (R22, R1111-53).

Two weeks without an announcement, and the patient is told that something waits; a month, and it is visible.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from records.documents.depositing_labels import labelled_too, stated_labels
from records.documents.facts import Announcement, DocumentFacts
from records.errors import Conflict, Invalid, Refused
from records.text.shape import Shape, members
from records.vocabulary.codes import Label

UNTIL_NOTICE_S = 14 * 86_400


class Step(StrEnum):
    """What a clock does once it is due: tell that something waits, or end the hiding."""

    NOTICE = "notice"
    VISIBLE = "visible"


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of one document that is not announced; `kind` is for clocks of other laws to come."""

    document: UUID
    step: Step
    kind: str = "announcement"

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "document": str(self.document), "step": self.step.value}

    @classmethod
    def from_json(cls, value: object) -> "Clock":
        """The reverse of `to_json`; raises Invalid `bad_shape` on anything else."""
        found = members(value, _CLOCK, what="clock")
        try:
            return cls(UUID(found["document"]), Step(found["step"]), found["kind"])
        except ValueError:
            raise Invalid("A clock holds an unknown code.", code="bad_shape") from None


_CLOCK: Shape = {"kind": str, "document": str, "step": str}


def due(document: DocumentFacts, step: Step) -> int | None:
    """When a step of a document's clock is due, in unix seconds; None where nothing hides it by a clock."""
    hidden = Label.INVISIBLE_PATIENT in document.labels and document.announcement is not None
    if not hidden or document.announcement is None:
        return None
    return (
        document.announcement.since + UNTIL_NOTICE_S
        if step is Step.NOTICE
        else document.visible_to_patient_from
    )


def hidden_by_author(
    document: DocumentFacts, present: frozenset[Label], wanted: Iterable[str], now: int
) -> DocumentFacts:
    """A document that its author's side hides from the patient from `now` on.

    `present` are its labels with those of its copies. Raises Invalid like `stated_labels`; Refused
    `label_not_entitled` for another change, Conflict `already_announced`: nobody hides what was announced.
    """
    chosen = stated_labels(wanted, document.type_code)
    if chosen - {Label.INVISIBLE_PATIENT} != present - {Label.INVISIBLE_PATIENT} or chosen < present:
        raise Refused(
            "A professional adds INVISIBLE_PATIENT and leaves the other labels as they are; it ends with an "
            "announcement.",
            code="label_not_entitled",
        )
    if Label.INVISIBLE_PATIENT not in chosen - present:
        return document
    if document.announcement is not None:
        raise Conflict(
            "This document was hidden and is announced: it stays visible to the patient.",
            code="already_announced",
        )
    return labelled_too(document, frozenset({Label.INVISIBLE_PATIENT}), now)


def announced(document: DocumentFacts, by: str | None, now: int) -> DocumentFacts:
    """A document that is hidden no more: announced `by` a professional, or None for the month's end.

    Raises Conflict `not_hidden` for one that never was; one that was announced stays as it is.
    """
    if Label.INVISIBLE_PATIENT not in document.labels:
        if document.announcement is None:
            raise Conflict("This document is not hidden from the patient.", code="not_hidden")
        return document
    since = now if document.announcement is None else document.announcement.since
    return replace(
        document,
        labels=document.labels - {Label.INVISIBLE_PATIENT},
        visible_to_patient_from=None,
        announcement=Announcement(since=since, announced_by=by, announced_at=now),
    )
