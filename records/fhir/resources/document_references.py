"""Show documents as FHIR R4 DocumentReferences (section 10.3; IHE MHD 4.2, ITI TF-3 section 4.2.3.2)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from records.documents.listed import ListedDocument
from records.documents.summaries import DocumentSummary
from records.fhir.addresses import Addresses
from records.fhir.dates import INSTANT, instant
from records.fhir.patches import IS_ARCHIVED, IS_DELETED
from records.fhir.resources.study_identifiers import order_identifiers, uid_identifier
from records.fhir.systems import (
    CONFIDENTIALITY,
    DICOM_TERMS,
    FORMATS,
    FRENCH_CLASSES,
    MIME_TYPE_SUFFICIENT,
    URI,
    VISIBILITY,
    system_of_type,
)
from records.vocabulary.codes import DocumentState, Label
from records.vocabulary.document_types import CLASS_NAMES, DOCUMENT_TYPES

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
AS_SENT = "http://hl7.org/fhir/StructureDefinition/originalText"
# what is archived is no less valid; R4 has no word for what was deleted but this
STATUS: Mapping[DocumentState, str] = {
    DocumentState.APPROVED: "current",
    DocumentState.ARCHIVED: "current",
    DocumentState.DEPRECATED: "superseded",
    DocumentState.DELETED: "entered-in-error",
}
REFUSED_AT = "urn:coffre:extension:refused-by-holder"
_KEPT = ("docStatus", "author", "authenticator", "custodian", "description")


class DocumentReferences:
    """Of one record: `record` is its public id."""

    def __init__(self, addresses: Addresses, record: UUID) -> None:
        self._addresses = addresses
        self._record = record

    def shown(self, document: ListedDocument) -> dict[str, Any]:
        """What the sender said of it where a FHIR sender said it, and what is known here; no content."""
        summary, kept = document.summary, _kept(document.summary)
        refused = document.facts.refused
        return filled(
            {
                "resourceType": "DocumentReference",
                "id": str(document.document_id),
                **_extensions(document.facts.state, refused.at if refused else None),
                "meta": {"lastUpdated": instant(document.created_at)},
                "masterIdentifier": kept.get("masterIdentifier") or _own_identifier(document.document_id),
                "identifier": kept.get("identifier"),
                "status": STATUS[document.facts.state],
                **{name: kept.get(name) for name in _KEPT},
                "type": _type(document.facts.type_code, kept),
                "category": _category(summary.class_code),
                "subject": {"reference": f"Patient/{self._record}"},
                **_date(kept.get("date"), document.created_at),
                "securityLabel": _labels(document.facts.labels),
                "content": [self._content(document, kept)],
                "context": self._context(document, kept),
            }
        )

    def _content(self, document: ListedDocument, kept: Mapping[str, Any]) -> dict[str, Any]:
        summary = document.summary
        sent = (kept.get("content") or [{}])[0]
        attachment = {
            "contentType": summary.media_type,
            "language": sent.get("attachment", {}).get("language"),
            "url": self._url(document),
            "size": summary.file.size if summary.file else None,
            "title": summary.title,
            "creation": sent.get("attachment", {}).get("creation") or study_day(summary),
        }
        return filled({"attachment": filled(attachment), "format": sent.get("format") or _format(summary)})

    def _url(self, document: ListedDocument) -> str:
        """A study's images are read by DICOMweb, everything else as a Binary (ITI-68)."""
        if document.facts.kind == "study" and document.summary.study_uid:
            return self._addresses.study(self._record, document.summary.study_uid)
        return self._addresses.resource("Binary", document.document_id)

    def _context(self, document: ListedDocument, kept: Mapping[str, Any]) -> dict[str, Any]:
        context, summary = dict(kept.get("context", {})), document.summary
        if summary.study_uid is None:
            return context
        day = study_day(summary)
        return filled(
            {
                "event": [_modality(code) for code in _modalities(summary)],
                "period": {"start": day, "end": day} if day else None,
                "related": [*self._related(document)],
            }
        )

    def _related(self, document: ListedDocument) -> Iterable[dict[str, Any]]:
        """The study that images, a report in DICOM or a key object belong to (ITI TF-3, referenceIdList)."""
        summary = document.summary
        assert summary.study_uid is not None
        study = {"type": "ImagingStudy", "identifier": uid_identifier(summary.study_uid)}
        if document.facts.kind == "study":
            study = {"reference": f"ImagingStudy/{document.document_id}", **study}
        yield study
        for identifier in order_identifiers(summary):
            yield {"type": "ServiceRequest", "identifier": identifier}


def study_day(summary: DocumentSummary) -> str | None:
    """Study Date (0008,0020); its time names no offset, without which FHIR has no time."""
    return summary.date if summary.study_uid else None


def own_deposit(
    document_id: UUID,
    state: DocumentState,
    *,
    refused: int | None = None,
    labels: Iterable[Label] | None = None,
) -> dict[str, Any]:
    """What a depositor may read back of what it deposited: that it is there, and what became of it. Details
    are for readers. `refused` (unix seconds): when the holder refused it; `labels`: to whom changed them.
    """
    masked = {"extension": [{"url": ABSENT, "valueCode": "masked"}]}
    return {
        "resourceType": "DocumentReference",
        "id": str(document_id),
        **_extensions(state, refused),
        "status": STATUS[state],
        **({} if labels is None else {"securityLabel": _labels(labels)}),
        "content": [{"attachment": {"_contentType": masked}}],
    }


def _extensions(state: DocumentState, refused: int | None = None) -> dict[str, Any]:
    """What R4 has no element for: the archive flag and the deletion of the national profile, a refusal."""
    found: list[dict[str, Any]] = []
    if state is DocumentState.ARCHIVED:
        found.append({"url": IS_ARCHIVED, "valueBoolean": True})
    if state is DocumentState.DELETED:
        found.append({"url": IS_DELETED, "valueBoolean": True})
    if refused is not None:
        found.append({"url": REFUSED_AT, "valueDateTime": instant(refused * 1000)})
    return {"extension": found} if found else {}


def filled(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty: FHIR admits no empty member (R4 section 2.6.2)."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _kept(summary: DocumentSummary) -> Mapping[str, Any]:
    return (summary.file.fhir if summary.file else None) or {}


def _own_identifier(document_id: UUID) -> dict[str, Any]:
    return {"system": URI, "value": f"urn:uuid:{document_id}"}


def _type(code: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The type that counts first, then what else its sender called it."""
    known = DOCUMENT_TYPES.get(code)
    own = {"system": system_of_type(code), "code": code, "display": known.display if known else None}
    others = [each for each in kept.get("type", {}).get("coding", []) if each.get("code") != code]
    return {"coding": [filled(own), *others]}


def _category(code: str) -> list[dict[str, Any]]:
    if not code:
        return []
    return [{"coding": [filled({"system": FRENCH_CLASSES, "code": code, "display": CLASS_NAMES.get(code)})]}]


def _date(sent: str | None, received: int) -> dict[str, Any]:
    """R4 has an instant here; a sender's day stands beside it as it was written."""
    if sent is None or INSTANT.fullmatch(sent):
        return {"date": sent or instant(received)}
    return {
        "date": instant(received),
        "_date": {"extension": [{"url": AS_SENT, "valueString": sent}]},
    }


def _labels(labels: Iterable[Label]) -> list[dict[str, Any]]:
    codings = [{"system": VISIBILITY, "code": code} for code in sorted(label.value for label in labels)]
    return [{"coding": [coding]} for coding in codings or [{"system": CONFIDENTIALITY, "code": "N"}]]


def _format(summary: DocumentSummary) -> dict[str, Any] | None:
    """A file that nobody said more of is what its media type says (IHE format codes)."""
    if summary.study_uid:
        return None
    return {"system": FORMATS, "code": MIME_TYPE_SUFFICIENT}


def _modalities(summary: DocumentSummary) -> list[str]:
    return sorted({each.modality for each in summary.series if each.modality})


def _modality(code: str) -> dict[str, Any]:
    return {"coding": [{"system": DICOM_TERMS, "code": code}]}
