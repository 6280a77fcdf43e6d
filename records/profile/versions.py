"""Versions of own information as a record's documents show them: what counts now, what was before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from records.documents.listed import ListedDocument
from records.errors import NotFound
from records.fhir.dates import instant
from records.fhir.resources.document_references import filled
from records.profile.entries import Entry, kept_entry
from records.profile.kinds import ASSERTED, KINDS, OBSERVATION_VALUES, EntryKind
from records.vocabulary.codes import DocumentState, Label


@dataclass(frozen=True, slots=True)
class EntryVersion:
    """One version: `entry_id` is the document that was the entry's first version. `at` in milliseconds.

    `is_former`: another one replaced it, or it says itself that it no longer counts.
    """

    document_id: UUID
    entry_id: UUID
    entry: Entry
    labels: frozenset[Label]
    at: int
    is_former: bool
    document: ListedDocument = field(repr=False)

    @property
    def kind(self) -> EntryKind:
        return self.entry.kind


def versions_of(documents: Iterable[ListedDocument]) -> tuple[EntryVersion, ...]:
    """The versions among these documents, in their order; a file of the same type is none."""
    found = (_version(each) for each in documents)
    return tuple(each for each in found if each is not None)


def _version(document: ListedDocument) -> EntryVersion | None:
    kept = document.summary.file.entry if document.summary.file else None
    entry = kept_entry(kept.resource) if kept else None
    if kept is None or entry is None:
        return None
    return EntryVersion(
        document_id=document.document_id,
        entry_id=kept.entry or document.document_id,
        entry=entry,
        labels=document.facts.labels,
        at=document.created_at,
        is_former=document.facts.state is not DocumentState.APPROVED,
        document=document,
    )


def current(versions: Iterable[EntryVersion]) -> tuple[EntryVersion, ...]:
    """What counts now."""
    return tuple(each for each in versions if not each.is_former)


def history(versions: Iterable[EntryVersion], entry_id: UUID) -> tuple[EntryVersion, ...]:
    """The versions of one entry, newest first. Raises NotFound where none may be seen."""
    found = tuple(each for each in versions if each.entry_id == entry_id)
    if not found:
        raise NotFound("There is no such document, or you may not see it.", code="no_such_document")
    return found


def shown_version(version: EntryVersion, record: UUID) -> dict[str, Any]:
    """The FHIR resource as readers get it, with whose it is and that the patient asserts it."""
    rule = KINDS[version.kind]
    subject = "subject" if "subject" in rule.members else "patient"
    asserted = {"system": OBSERVATION_VALUES, "code": ASSERTED, "display": "patient asserted"}
    meta: Mapping[str, Any] = {
        "versionId": str(version.document_id),
        "lastUpdated": instant(version.at),
        "security": [asserted],
    }
    own = {name: value for name, value in version.entry.resource.items() if name not in ("id", "meta")}
    return filled(
        {
            "resourceType": rule.resource,
            "id": str(version.entry_id),
            "meta": meta,
            **own,
            subject: {"reference": f"Patient/{record}"},
        }
    )
