"""Answers to deposits in FHIR: what became of each document, or why none was taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import JSONResponse, Response

from ingestion.intake.fhir.bundle_entries import DOCUMENT
from ingestion.intake.fhir.document_bundle import DocumentBundle
from ingestion.intake.fhir.request import PublishRequest
from ingestion.outcomes import PartOutcome
from records.fhir.wording import FHIR_JSON, outcome_issue
from storage.rows.submissions import PartVerdict

_STATUS = {PartOutcome.PUBLISHED.value: 201, PartOutcome.DUPLICATE.value: 200}
"""Of a document that is in the record; of every other one it is 422."""
_LINES = {201: "201 Created", 200: "200 OK"}


@dataclass(frozen=True, slots=True)
class Received:
    """A deposit on its way: what was sent and how it is to be answered, a verdict of each document in their
    order once there are any; of what could not be opened there is one alone.
    """

    bundle: DocumentBundle
    wanted: PublishRequest
    parts: Sequence[PartVerdict]
    location: str


def of_document(received: Received, base: str) -> Response:
    """To ITI-105; `base`: the origin in addresses."""
    undone = _undone(received, base)
    if undone is not None:
        return undone
    (document,), (part,) = received.bundle.documents, received.parts
    status = _STATUS[part.outcome]
    headers = {"Content-Location": received.location, "Location": _address(base, DOCUMENT, part)}
    if received.wanted.minimal:
        return Response(status_code=status, headers={**headers, "Preference-Applied": "return=minimal"})
    body = {
        "resourceType": "DocumentReference",
        "id": str(part.document_id),
        "status": "current",
        "type": {"coding": [{"code": document.type_code}]},
        "content": [{"attachment": {"contentType": document.content_type}}],
    }
    return JSONResponse(body, status, headers, media_type=FHIR_JSON)


def of_bundle(received: Received, base: str) -> Response:
    """To ITI-65: what became of each entry, in their order (R4 section 3.1.0.11.3); a set's address names its
    record by an id that intake doesn't know, and who is a reader finds the set by its documents.
    """
    undone = _undone(received, base)
    if undone is not None:
        return undone
    whole = max(received.parts, key=lambda part: _STATUS[part.outcome])  # new, as soon as one is
    lines = [_line(base, kind, at, received.parts, whole) for kind, at in received.bundle.entries]
    entries = [{"response": line} for line in lines]
    body = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
    return JSONResponse(body, 200, {"Content-Location": received.location}, media_type=FHIR_JSON)


def _undone(received: Received, base: str) -> Response | None:
    """Where there is no verdict yet, or something was not taken."""
    headers = {"Content-Location": received.location}
    if not received.parts:
        return Response(status_code=202, headers={"Location": base + received.location, **headers})
    if any(each.document_id is None for each in received.parts):
        return JSONResponse(_refusal(received), 422, headers, media_type=FHIR_JSON)
    return None


def _line(
    base: str, kind: str, document: int | None, parts: Sequence[PartVerdict], whole: PartVerdict
) -> dict[str, str]:
    if document is None:
        return {"status": _LINES[_STATUS[whole.outcome]]}
    part = parts[document]
    return {"status": _LINES[_STATUS[part.outcome]], "location": _address(base, kind, part)}


def _address(base: str, kind: str, part: PartVerdict) -> str:
    return f"{base}/fhir/{kind}/{part.document_id}"


def _refusal(received: Received) -> dict[str, Any]:
    """An issue for each document that was not taken; of several it says where in the bundle each stands."""
    refused = [part for part in received.parts if part.document_id is None]
    issues = [outcome_issue(part.code, part.reason, "invalid", "error") for part in refused]
    if len(received.parts) > 1:
        for part, issue in zip(refused, issues, strict=True):
            issue["expression"] = [f"Bundle.entry[{received.bundle.place(part.number - 1)}].resource"]
    return {"resourceType": "OperationOutcome", "issue": issues}
