"""Turn opened details into lists: documents as JSON; studies, series and instances as DICOM JSON."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyvault.verbs.reader.reading import Disclosed
from keyvault.verbs.rows import SeenDocument
from records.details import FileDetails, InstanceDetails, SeriesDetails
from records.instances import live_series, newest
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS
from records.vocabulary.person_warnings import PERSON_WARNINGS
from viewer_api.conflicts import conflicts

CUSTODIAN = "0040A07C"
CAUTIONS: Mapping[str, tuple[str, str]] = {**PERSON_WARNINGS, **IDENTIFIER_WARNINGS}
"""Warnings about whose content it is, the gravest first; the others are repairs of a file's form."""


def document_json(document: SeenDocument, conflicting: Collection[str] = ()) -> dict[str, Any]:
    """One line of `GET /records/{ins}/documents`; `conflicting` are the codes of `conflicts` for it."""
    row = newest(document.details)
    warnings = warnings_of(document, conflicting)
    shown: dict[str, Any] = {
        "id": str(document.document_id),
        "kind": document.facts.kind,
        "title": row.title,
        "type": document.facts.type_code,
        "class": row.class_code,
        "labels": sorted(label.value for label in document.facts.labels),
        "state": document.facts.state.value,
        "date": row.date,
        "created": _instant(document.created_at),
        "structure": row.structure,
        "media_type": row.media_type,
        "obligations": sorted(obligation.value for obligation in document.obligations),
        "warnings": warnings,
        "cautions": [_caution(code) for code in cautions_of(warnings)],
    }
    if (images := images_of(document)) is not None:
        shown |= {
            "study_uid": row.study_uid,
            "modalities": images.modalities,
            "series": images.series,
            "instances": images.instances,
        }
    if row.file is not None:
        shown |= _as_declared(row.file)
    display = DOCUMENT_TYPES.get(document.facts.type_code)
    if display:
        shown["type_display"] = display.display
    return shown


def warnings_of(document: SeenDocument, conflicting: Collection[str] = ()) -> list[str]:
    """The codes of every submission's warnings and of `conflicts`, each once."""
    return sorted({code for row in document.details for code in row.warnings} | {*conflicting})


def cautions_of(warnings: Collection[str]) -> list[str]:
    """Those that whoever reads the document has to know first, the gravest first."""
    return [code for code in CAUTIONS if code in warnings]


@dataclass(frozen=True, slots=True)
class Images:
    """What is live of a document's DICOM content: its modalities, and how many series and instances."""

    modalities: list[str]
    series: int
    instances: int


def images_of(document: SeenDocument) -> Images | None:
    """None where nothing of the document is DICOM."""
    if not newest(document.details).study_uid:
        return None
    series = live_series(document.details)
    return Images(_modalities(series), len(series), sum(len(each.instances) for each in series))


def _as_declared(file: FileDetails) -> dict[str, Any]:
    """What the file claims to be, and what the sender of a DocumentReference said beside it."""
    kept = file.fhir or {}
    found = {
        "pdfa": file.pdfa,
        "description": kept.get("description"),
        "authors": file.authors,
        "doc_status": kept.get("docStatus"),
        "period": kept.get("context", {}).get("period"),
        "master_identifier": kept.get("masterIdentifier", {}).get("value"),
    }
    return {name: value for name, value in found.items() if value}


def _caution(code: str) -> dict[str, str]:
    """A warning in words that whoever reads the document has to know first."""
    french, english = CAUTIONS[code]
    return {"code": code, "fr": french, "en": english}


def listing_json(listing: Disclosed) -> dict[str, Any]:
    found = conflicts(listing.documents)
    body: dict[str, Any] = {
        "record": str(listing.public_id),
        "documents": [
            document_json(document, found.get(document.document_id, ())) for document in listing.documents
        ],
        "obligations": sorted(obligation.value for obligation in listing.obligations),
    }
    if listing.choices is not None:
        body["choices"] = listing.choices
        body["notices"] = [
            {"id": str(notice.notice_id), "kind": notice.kind, "time": _instant(notice.at * 1000)}
            for notice in listing.notices
        ]
    return body


@dataclass(frozen=True, slots=True)
class Study:
    """What one structure deposited under one Study Instance UID: images, and reports that belong to them."""

    documents: tuple[SeenDocument, ...]
    shared: bool
    """Whether another structure's documents of the same list have the same Study Instance UID."""

    def series(self) -> list[SeriesDetails]:
        """The series, and of equal SOP Instance UIDs this structure's latest."""
        documents = sorted(self.documents, key=lambda document: document.created_at)
        return live_series([row for document in documents for row in document.details])


def studies_of(listing: Disclosed, uid: str | None = None) -> list[Study]:
    """Visible DICOM documents by Study Instance UID and structure, newest study first."""
    found: dict[tuple[str, str], list[SeenDocument]] = {}
    for document in listing.documents:
        named = newest(document.details).study_uid
        if named and uid in (None, named):
            found.setdefault((named, document.facts.author_structure), []).append(document)
    shared = Counter(named for named, _ in found)
    return [Study(tuple(documents), shared[named] > 1) for (named, _), documents in found.items()]


def study_attributes(study: Study) -> dict[str, Any]:
    """A QIDO-RS study (PS3.18 table 10.6.3-3), with what viewers ask beyond it."""
    series = study.series()
    last = max(study.documents, key=lambda document: document.created_at)
    count = sum(len(each.instances) for each in series)
    described = newest(last.details).study
    return {
        **(described.attributes if described else {}),
        "00080005": value("CS", "ISO_IR 192"),
        "00080056": value("CS", "ONLINE"),
        "00080061": {"vr": "CS", "Value": _modalities(series)},
        "00201206": value("IS", len(series)),
        "00201208": value("IS", count),
        **_custodian(study, last),
    }


def _custodian(study: Study, document: SeenDocument) -> dict[str, Any]:
    """Where a UID alone says not whose study it is: Custodial Organization Sequence (PS3.3 C.17.2)."""
    if not study.shared:
        return {}
    institution = {"00080080": value("LO", document.facts.author_structure)}
    return {CUSTODIAN: {"vr": "SQ", "Value": [institution]}}


def series_attributes(study: Mapping[str, Any], series: SeriesDetails) -> dict[str, Any]:
    """A QIDO-RS series with its study's identifiers (PS3.18 table 10.6.3-4)."""
    return {
        **_of_study(study),
        **series.attributes,
        "00201209": value("IS", len(series.instances)),
    }


def instance_attributes(
    study: Mapping[str, Any], series: SeriesDetails, instance: InstanceDetails
) -> dict[str, Any]:
    """A QIDO-RS instance (PS3.18 table 10.6.3-5)."""
    return {
        **_of_study(study),
        "0020000E": value("UI", series.uid),
        "00080056": value("CS", "ONLINE"),
        **instance.attributes,
        "00083002": value("UI", instance.transfer_syntax),
    }


def _of_study(study: Mapping[str, Any]) -> dict[str, Any]:
    return {tag: study[tag] for tag in ("0020000D", CUSTODIAN) if tag in study}


def value(vr: str, content: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [content]}


def _modalities(series: Iterable[SeriesDetails]) -> list[str]:
    return sorted({each.modality for each in series if each.modality})


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
