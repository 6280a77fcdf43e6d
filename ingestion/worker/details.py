"""The details of a document from its validated parts: what a list shows, sealed by the vault.

Attributes for QIDO-RS are kept as DICOM JSON (PS3.18 section F) by level, so that answers need no content.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from content.facts import StudyFacts
from ingestion.envelope import Declared
from ingestion.grouping import Group, InspectedPart
from records.documents.details import (
    ContentDetails,
    DocumentDetails,
    EntryDetails,
    FileDetails,
    InstanceDetails,
    Place,
    RenditionDetails,
    SeriesDetails,
    SetAside,
    StudyDetails,
)
from records.profile.replacing import Replaced
from records.vocabulary.document_types import DOCUMENT_TYPES

# PS3.18 tables 10.6.3-3 to 10.6.3-5, and what viewers ask beyond them
STUDY_TAGS = [
    "00080020",
    "00080030",
    "00080050",
    "00080090",
    "00081030",
    "00100010",
    "00100020",
    "00100021",
    "00100030",
    "00100040",
    "0020000D",
    "00200010",
    "00402016",
    "00402017",
]
SERIES_TAGS = [
    "00080021",
    "00080031",
    "00080060",
    "0008103E",
    "00180015",
    "0020000E",
    "00200011",
    "00400244",
    "00400245",
]
# bounded: details are opened whole for a page, and a file may repeat a sequence as often as it likes
REQUESTS, MOST_REQUESTS = "00400275", 32
REQUEST_TAGS = ["00400009", "00401001"]
REFERENCED = "0040A370"
REFERENCED_TAGS = ["00080050", "00401001", "00402016", "00402017"]
"""Of Referenced Request Sequence, by which reports name their orders (PS3.3 section C.17.2)."""
INSTANCE_TAGS = ["00080016", "00080018", "00200013", "00280008", "00280010", "00280011", "00280100"]


@dataclass(frozen=True, slots=True)
class Deposit:
    """What the details of every document of one submission say of it; `received` in unix seconds."""

    received: int
    structure: str
    submission_id: UUID


def study_details(
    group: Group,
    deposit: Deposit,
    *,
    pack: UUID,
    offsets: Mapping[int, int],
    series_blobs: Mapping[str, UUID],
    renditions: tuple[RenditionDetails, ...] = (),
) -> DocumentDetails:
    """Details of images of one study from one submission, or of one DICOM document of its own."""
    first = group.parts[0]
    attributes = first.dicom.study_attributes
    content = ContentDetails(place=_place(first, pack, offsets[first.number]))
    return DocumentDetails(
        kind=group.kind,
        title=_title(group, attributes),
        type_code=group.type_code,
        class_code=DOCUMENT_TYPES[group.type_code].class_code,
        date=attributes.date,
        structure=deposit.structure,
        received=deposit.received,
        submission=str(deposit.submission_id),
        warnings=_warnings(group.parts),
        study=StudyDetails(
            uid=first.dicom.study,
            time=attributes.time,
            accession=attributes.accession,
            # as the sender wrote it, and nobody's key: the record is found by the INS alone (R2)
            local_id=first.dicom.patient.identifiers[0].value,
            modalities=tuple(sorted({p.dicom.modality for p in group.parts if p.dicom.modality})),
            attributes=pick(first.dicom.dicom, STUDY_TAGS)
            | _requests(first.dicom.dicom, REFERENCED, REFERENCED_TAGS),
            series=tuple(
                _series(uid, parts, series_blobs[uid], pack, offsets) for uid, parts in group.series()
            ),
            renditions=renditions,
        ),
        content=content if group.kind == "document" else None,
    )


def document_details(
    group: Group,
    deposit: Deposit,
    *,
    pack: UUID,
    offsets: Mapping[int, int],
    declared: Declared,
    replaced: Replaced | None = None,
    set_aside: SetAside | None = None,
) -> DocumentDetails:
    """Details of one document that isn't DICOM, or of a part that is set aside.

    `replaced`: what an entry of own information replaces.
    """
    part = group.parts[0]
    known = DOCUMENT_TYPES.get(group.type_code)
    entry = part.entry if group.record is not None else None
    titled = entry.rule.display if entry else (known.display if known else "Document")
    return DocumentDetails(
        kind="document",
        title=declared.title or titled,
        type_code=group.type_code,
        class_code=known.class_code if known else "",
        date=entry.date if entry else declared.date,
        structure=deposit.structure,
        received=deposit.received,
        submission=str(deposit.submission_id),
        warnings=_warnings(group.parts),
        content=ContentDetails(
            place=_place(part, pack, offsets[part.number]),
            media_type=part.media_type,
        ),
        file=FileDetails(
            authors=declared.authors,
            fhir=declared.fhir,
            size=part.length,
            pages=part.pdf.pages if part.pdf else None,
            pdfa=part.pdf.pdfa if part.pdf else None,
            entry=EntryDetails(entry.resource, replaced.entry if replaced else None) if entry else None,
        ),
        set_aside=set_aside,
    )


def pick(attributes: Mapping[str, Any], tags: Iterable[str]) -> dict[str, Any]:
    """The named attributes that are present."""
    return {tag: attributes[tag] for tag in tags if tag in attributes}


def _requests(dataset: Mapping[str, Any], sequence: str, tags: Sequence[str]) -> dict[str, Any]:
    """What it was asked by: the numbers of each item of a sequence of requests."""
    element = dataset.get(sequence, {})
    items = element.get("Value", []) if element.get("vr") == "SQ" else []
    kept = [found for item in items[:MOST_REQUESTS] if (found := pick(item, tags))]
    return {sequence: {"vr": "SQ", "Value": kept}} if kept else {}


def _series(
    uid: str, parts: Sequence[InspectedPart], metadata: UUID, pack: UUID, offsets: Mapping[int, int]
) -> SeriesDetails:
    first = parts[0]
    return SeriesDetails(
        uid=uid,
        metadata_blob=metadata,
        modality=first.dicom.modality,
        attributes=pick(first.dicom.dicom, SERIES_TAGS)
        | _requests(first.dicom.dicom, REQUESTS, REQUEST_TAGS),
        instances=tuple(_instance(part, pack, offsets[part.number]) for part in parts),
    )


def _instance(part: InspectedPart, pack: UUID, offset: int) -> InstanceDetails:
    return InstanceDetails(
        sop=part.dicom.sop,
        place=_place(part, pack, offset),
        transfer_syntax=part.dicom.transfer_syntax,
        frames=part.dicom.frame_count,
        attributes=pick(part.dicom.dicom, INSTANCE_TAGS),
    )


def _place(part: InspectedPart, pack: UUID, offset: int) -> Place:
    return Place(pack, offset, part.length, part.sha256)


def _title(group: Group, attributes: StudyFacts) -> str:
    if group.kind == "document":
        own = _own_title(group.parts[0].dicom.dicom)
        return own or attributes.description or DOCUMENT_TYPES[group.type_code].display
    return attributes.description or _default_title(group)


def _own_title(dataset: Mapping[str, Any]) -> str:
    """Document Title (PS3.3 §C.24.2), else what the root of a structured report is called (§C.17.3)."""
    for item in (dataset, *dataset.get("0040A043", {}).get("Value", ())):
        for tag in ("00420010", "00080104"):
            (value,) = item.get(tag, {}).get("Value", ())[:1] or ("",)
            if value and str(value).strip():
                return str(value).strip()
    return ""


def _default_title(group: Group) -> str:
    modality = group.parts[0].dicom.modality
    return f"Imagerie {modality}" if modality else "Imagerie"


def _warnings(parts: Iterable[InspectedPart]) -> tuple[str, ...]:
    return tuple(sorted({code for part in parts for code in part.warnings}))
