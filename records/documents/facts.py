"""Facts and labels that the vault keeps about each document to decide on it; never content."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args
from uuid import UUID

from records.errors import Invalid, Refused
from records.text.shape import Shape, members
from records.vocabulary.codes import DocumentState, Label
from records.vocabulary.document_types import class_of

Kind = Literal["study", "document"]


@dataclass(frozen=True, slots=True)
class Announcement:
    """A document is hidden from its patient, `since` (unix seconds), until it is announced.

    `announced_by` is the national number of whoever announced it, `announced_at` when (R22). Without an
    announcement `DocumentFacts.visible_to_patient_from` ends it.
    """

    since: int
    announced_by: str | None = None
    announced_at: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class HoldersRefusal:
    """The holder refused a document, `at` (unix seconds), for the reason as written (R31)."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """The facts of one document or study.

    `author_structure` and `author` (a professional's national number, or empty) are those of whoever
    deposited it, `declared_structure` and `declared_author` those that the document names. `class_code`
    follows from the type; `practice_setting` is the medical domain (XDS practiceSettingCode); each may be
    empty. `shown_to` are circles of the holder, never numbers. `visible_to_patient_from` (unix seconds) ends
    INVISIBLE_PATIENT by itself (R22). `replaces` is the document of which this is the next version (R36).
    """

    document_id: UUID
    kind: Kind
    type_code: str
    author_structure: str
    author: str
    labels: frozenset[Label]
    state: DocumentState
    visible_to_patient_from: int | None = None
    shown_to: frozenset[UUID] = frozenset()
    class_code: str = ""
    practice_setting: str = ""
    declared_author: str = ""
    declared_structure: str = ""
    announcement: Announcement | None = None
    replaces: UUID | None = None
    refused: HoldersRefusal | None = None

    def is_by(self, rpps: str | None, structure: str | None) -> bool:
        """Whether a person, or somebody of a structure, is of the author's side: who deposited it or whom it
        names (R32).
        """
        person = bool(rpps) and rpps in (self.author, self.declared_author)
        return person or (bool(structure) and structure in (self.author_structure, self.declared_structure))

    def to_json(self) -> dict[str, Any]:
        """The members of `coffre-facts-v2`."""
        return {
            "document_id": str(self.document_id),
            "kind": self.kind,
            "type_code": self.type_code,
            "author_structure": self.author_structure,
            "author": self.author,
            "labels": sorted(self.labels),
            "state": self.state.value,
            "visible_to_patient_from": self.visible_to_patient_from,
            "shown_to": sorted(map(str, self.shown_to)),
            "class_code": self.class_code,
            "practice_setting": self.practice_setting,
            "declared_author": self.declared_author,
            "declared_structure": self.declared_structure,
            "announcement": None if self.announcement is None else asdict(self.announcement),
            "replaces": None if self.replaces is None else str(self.replaces),
            "refused": None if self.refused is None else asdict(self.refused),
        }

    @classmethod
    def from_json(cls, value: object) -> "DocumentFacts":
        """The reverse of `to_json`; raises Invalid `bad_shape` on anything else."""
        found = members(value, {**_FIRST_MEMBERS, **_MORE_MEMBERS}, what="document's facts")
        return _facts(found | _more(found))

    @classmethod
    def from_first_json(cls, value: object) -> "DocumentFacts":
        """The facts in their first form, which had no more than who, what, labels and state."""
        found = _facts(members(value, _FIRST_MEMBERS, what="document's facts"))
        return replace(found, class_code=class_of(found.type_code))


_FIRST_MEMBERS: Shape = {
    "document_id": str,
    "kind": str,
    "type_code": str,
    "author_structure": str,
    "author": str,
    "labels": list,
    "state": str,
    "visible_to_patient_from": (int, type(None)),
}
_MORE_MEMBERS: Shape = {
    "shown_to": list,
    "class_code": str,
    "practice_setting": str,
    "declared_author": str,
    "declared_structure": str,
    "announcement": (dict, type(None)),
    "replaces": (str, type(None)),
    "refused": (dict, type(None)),
}
_ANNOUNCEMENT: Shape = {
    "since": int,
    "announced_by": (str, type(None)),
    "announced_at": (int, type(None)),
}
_REFUSAL: Shape = {"at": int, "reason": str}


def _more(found: Mapping[str, Any]) -> dict[str, Any]:
    """The members of the second form that are not text, as values."""
    announcement, replaced, refused = found["announcement"], found["replaces"], found["refused"]
    try:
        circles, replaces = frozenset(map(UUID, found["shown_to"])), replaced and UUID(replaced)
    except (ValueError, TypeError, AttributeError):
        raise Invalid("A document's facts hold an id that is none.", code="bad_shape") from None
    return {
        "shown_to": circles,
        "replaces": replaces,
        "announcement": announcement
        and Announcement(**members(announcement, _ANNOUNCEMENT, what="document's announcement")),
        "refused": refused and HoldersRefusal(**members(refused, _REFUSAL, what="holder's refusal")),
    }


def _facts(found: dict[str, Any]) -> DocumentFacts:
    if found["kind"] not in get_args(Kind):
        raise Invalid("A document is of kind study or document.", code="bad_shape")
    try:
        return DocumentFacts(
            **found
            | {
                "document_id": UUID(found["document_id"]),
                "labels": frozenset(map(Label, found["labels"])),
                "state": DocumentState(found["state"]),
            }
        )
    except ValueError:
        raise Invalid("A document's facts hold an unknown code.", code="bad_shape") from None


HOLDERS_LABELS = frozenset({Label.MASQUE_PS, Label.INVISIBLE_REPRESENTANTS_LEGAUX})
"""What the holder decides on; INVISIBLE_PATIENT is for professionals, who announce what it hides (R22)."""


def labelled_alike(copies: Iterable[DocumentFacts]) -> tuple[DocumentFacts, ...]:
    """The same content in the hands of several structures: the holder's labels on one copy hold for all
    (R20), to whom one is shown all are (R40), and who refused one refused all (R31).
    """
    copies = tuple(copies)
    shared = frozenset[Label]().union(*(each.labels for each in copies)) & HOLDERS_LABELS
    shown_to = frozenset[UUID]().union(*(each.shown_to for each in copies))
    refused = next((each.refused for each in copies if each.refused is not None), None)
    return tuple(
        replace(each, labels=each.labels | shared, shown_to=shown_to, refused=each.refused or refused)
        for each in copies
    )


def labels_by_holder(present: frozenset[Label], wanted: frozenset[Label]) -> frozenset[Label]:
    """The labels of a document that the holder sees, after the holder's choice.

    An INVISIBLE_PATIENT that is there has ended, or the holder would not see the document: it goes. Raises
    Refused `label_not_entitled` where the holder adds one, which nobody could take off again.
    """
    if Label.INVISIBLE_PATIENT in wanted - present:
        raise Refused(
            "Only a professional hides a document from its patient: choose MASQUE_PS, "
            "INVISIBLE_REPRESENTANTS_LEGAUX or both.",
            code="label_not_entitled",
        )
    return wanted & HOLDERS_LABELS


def check_labels(labels: Iterable[str], cumul_allowed: bool = False) -> frozenset[Label]:
    """The labels as a set; raises Invalid `unknown_label`, or `labels_conflict` (R24).

    Hidden from the patient and masked to professionals at once, a document would have no reader left:
    only signature documents (typeCode E1762) may be so, `cumul_allowed` says it.
    """
    try:
        chosen = frozenset(map(Label, labels))
    except ValueError:
        raise Invalid(f"Choose labels among {', '.join(Label)}.", code="unknown_label") from None
    if not cumul_allowed and chosen >= {Label.INVISIBLE_PATIENT, Label.MASQUE_PS}:
        raise Invalid(
            "A document cannot be both hidden from the patient and masked to professionals: choose one.",
            code="labels_conflict",
        )
    return chosen
