"""Show opened details as a FHIR R4 DocumentReference (section 10.3; IHE MHD minimal metadata)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from keyvault.verbs.rows import SeenDocument
from records.details import FileDetails
from records.instances import newest
from records.vocabulary.codes import DocumentState, Label
from records.vocabulary.document_types import DOCUMENT_TYPES

VISIBILITY = (
    "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
)
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
# what is archived is no less valid; R4 has no word for what was deleted but this
_STATUS: Mapping[DocumentState, str] = {
    DocumentState.APPROVED: "current",
    DocumentState.ARCHIVED: "current",
    DocumentState.DEPRECATED: "superseded",
    DocumentState.DELETED: "entered-in-error",
}
_KEPT = (
    "masterIdentifier",
    "identifier",
    "docStatus",
    "author",
    "authenticator",
    "custodian",
    "description",
    "context",
)


def document_reference(document: SeenDocument) -> dict[str, Any]:
    """What the sender said of it where a FHIR sender said it, and what is known here; no content."""
    row = newest(document.details)
    file = row.file or FileDetails()
    kept = file.fhir or {}
    sent = (kept.get("content") or [{}])[0]
    attachment = {
        "contentType": row.media_type,
        "language": sent.get("attachment", {}).get("language"),
        "size": file.size,
        "title": row.title,
        "creation": sent.get("attachment", {}).get("creation"),
    }
    content = {"attachment": _filled(attachment), "format": sent.get("format")}
    return _filled(
        {
            "resourceType": "DocumentReference",
            "id": str(document.document_id),
            "meta": {"lastUpdated": datetime.fromtimestamp(document.created_at / 1000, UTC).isoformat()},
            "status": _STATUS[document.facts.state],
            **{name: kept.get(name) for name in _KEPT},
            "type": _type(document.facts.type_code),
            "category": [{"coding": [{"code": row.class_code}]}] if row.class_code else None,
            "date": kept.get("date"),
            "securityLabel": _labels(document.facts.labels),
            "content": [_filled(content)],
        }
    )


def own_deposit(document_id: UUID, state: DocumentState) -> dict[str, Any]:
    """What a depositor may read back of what it deposited: that it is there. Details are for readers."""
    masked = {"extension": [{"url": ABSENT, "valueCode": "masked"}]}
    return {
        "resourceType": "DocumentReference",
        "id": str(document_id),
        "status": _STATUS[state],
        "content": [{"attachment": {"_contentType": masked}}],
    }


def _type(code: str) -> dict[str, Any]:
    known = DOCUMENT_TYPES.get(code)
    return {"coding": [_filled({"code": code, "display": known.display if known else None})]}


def _labels(labels: frozenset[Label]) -> list[dict[str, Any]]:
    codings = [{"system": VISIBILITY, "code": code} for code in sorted(label.value for label in labels)]
    return [{"coding": [coding]} for coding in codings or [{"system": CONFIDENTIALITY, "code": "N"}]]


def _filled(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, [], {})}
