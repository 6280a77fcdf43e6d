"""Show the documents of a list as JSON, from their summaries."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keyvault.verbs.reader.document.following import DocumentStanding
from keyvault.verbs.reader.holder.contacting import OwnContact
from keyvault.verbs.reader.holder.notices import OwnNotice
from records.documents.details import FileDetails
from records.documents.listed import ListedDocument
from records.documents.summaries import SeriesSummary
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS
from records.vocabulary.person_warnings import PERSON_WARNINGS
from viewer_api.cursors import write_cursor
from viewer_api.record_pages import ShownPage

CAUTIONS: Mapping[str, tuple[str, str]] = {**PERSON_WARNINGS, **IDENTIFIER_WARNINGS}
"""Warnings about whose content it is, the gravest first; the others are repairs of a file's form."""


def document_json(document: ListedDocument, conflicting: Collection[str] = ()) -> dict[str, Any]:
    """One line of `GET /records/{ins}/documents`; `conflicting` are the codes of `conflicts` for it."""
    summary = document.summary
    warnings = warnings_of(document, conflicting)
    shown: dict[str, Any] = {
        "id": str(document.document_id),
        "kind": document.facts.kind,
        "title": summary.title,
        "type": document.facts.type_code,
        "class": summary.class_code,
        "labels": sorted(label.value for label in document.facts.labels),
        "state": document.facts.state.value,
        "date": summary.date,
        "created": _instant(document.created_at),
        "structure": summary.structure,
        "media_type": summary.media_type,
        "obligations": sorted(obligation.value for obligation in document.obligations),
        "warnings": warnings,
        "cautions": [_caution(code) for code in cautions_of(warnings)],
    }
    if (images := images_of(document)) is not None:
        shown |= {
            "study_uid": summary.study_uid,
            "modalities": images.modalities,
            "series": images.series,
            "instances": images.instances,
        }
    if (refused := document.facts.refused) is not None:
        shown["refused"] = {"time": _instant(refused.at * 1000), "reason": refused.reason}
    if summary.file is not None:
        shown |= _as_declared(summary.file)
    display = DOCUMENT_TYPES.get(document.facts.type_code)
    if display:
        shown["type_display"] = display.display
    return shown


def warnings_of(document: ListedDocument, conflicting: Collection[str] = ()) -> list[str]:
    """The codes of every submission's warnings and of `conflicts`, each once."""
    return sorted({*document.summary.warnings, *conflicting})


def cautions_of(warnings: Collection[str]) -> list[str]:
    """Those that whoever reads the document has to know first, the gravest first."""
    return [code for code in CAUTIONS if code in warnings]


@dataclass(frozen=True, slots=True)
class Images:
    """What is live of a document's DICOM content: its modalities, and how many series and instances."""

    modalities: list[str]
    series: int
    instances: int


def images_of(document: ListedDocument) -> Images | None:
    """None where nothing of the document is DICOM."""
    if not document.summary.study_uid:
        return None
    series = document.summary.series
    return Images(modalities(series), len(series), sum(each.instances for each in series))


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


def page_json(page: ShownPage) -> dict[str, Any]:
    """Body of `GET /records/{ins}/documents`; `next` is None on the last page."""
    listing = page.listing
    body: dict[str, Any] = {
        "record": str(listing.public_id),
        "documents": [
            document_json(document, page.conflicting.get(document.document_id, ()))
            for document in listing.documents
        ],
        "next": None if listing.following is None else write_cursor(listing.following),
        "obligations": sorted(obligation.value for obligation in listing.obligations),
    }
    if listing.closed_by_assumption:
        body["closed_by_assumption"] = list(listing.closed_by_assumption)
    if listing.choices is not None:
        body["choices"] = listing.choices
        body["notices"] = [notice_json(notice) for notice in listing.notices]
    return body


def standing_json(standing: DocumentStanding) -> dict[str, Any]:
    """What became of a document: its state, and when its holder refused it."""
    refused = standing.refused_at
    return {
        "id": str(standing.document_id),
        "state": standing.state.value,
        "refused": None if refused is None else _instant(refused * 1000),
    }


def notice_json(notice: OwnNotice) -> dict[str, Any]:
    """`delivery`: what became of the message about it; it stands here whatever that is."""
    return {
        "id": str(notice.notice_id),
        "kind": notice.kind,
        "time": _instant(notice.at * 1000),
        "delivery": notice.state.value,
    }


def contact_json(contact: OwnContact) -> dict[str, Any]:
    """`pending`: an address that its code has not proven yet."""
    code = (
        {"until": _instant(contact.code_until * 1000), "tries_left": contact.tries_left}
        if (contact.code_until is not None)
        else None
    )
    return {
        "kind": contact.kind.value,
        "address": contact.address,
        "confirmed": None if contact.since is None else _instant(contact.since * 1000),
        "pending": contact.pending,
        "code": code,
    }


def modalities(series: Iterable[SeriesSummary]) -> list[str]:
    """Modalities in Study (0008,0061)."""
    return sorted({each.modality for each in series if each.modality})


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
