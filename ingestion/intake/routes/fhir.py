"""ITI-105 Simplified Publish: `POST /fhir/DocumentReference` (IHE MHD 4.2)."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ingestion.envelope import SubmissionHeaders
from ingestion.intake.fhir.document_reference import PublishedDocument, read_document_reference
from ingestion.intake.fhir.request import read_publish_request
from ingestion.intake.reception import Depositor
from ingestion.intake.routes.stow import headers_of
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import FINAL
from ingestion.outcomes import PartOutcome
from records.errors import Invalid
from records.fhir.wording import FHIR_JSON, operation_outcome
from records.vocabulary.codes import Environment
from storage.rows import PartVerdict

_STATUS = {
    PartOutcome.PUBLISHED.value: 201,
    PartOutcome.DUPLICATE.value: 200,
    PartOutcome.REJECTED.value: 422,
    PartOutcome.QUARANTINED.value: 422,
}
_BODY = {
    "content": {FHIR_JSON: {"schema": {"type": "object", "title": "DocumentReference"}}},
    "required": True,
}


def router(
    intake: Intake, authenticate: Callable[[Request], Awaitable[Depositor]], public_url: str
) -> APIRouter:
    routes = APIRouter(tags=["FHIR"])

    @routes.post(
        "/fhir/DocumentReference",
        summary="Publish one document (ITI-105)",
        openapi_extra={"requestBody": _BODY},
    )
    async def publish(request: Request) -> Response:
        depositor = await authenticate(request)
        wanted = read_publish_request(headers_of(request), request.query_params.multi_items())
        body = await _body(request)
        depositor.check_body(body)
        document = await asyncio.to_thread(_read, body)
        headers = SubmissionHeaders(kind="pdf", document=document.declared(), labels=tuple(document.labels))
        submission_id = await intake.receive_bytes(depositor, document.ins, headers, document.content)
        row = await intake.verdict(submission_id, not wanted.respond_async)
        location = f"/submissions/{submission_id}"
        if row.state not in FINAL:
            later = {"Location": public_url + location, "Content-Location": location}
            return Response(status_code=202, headers=later)
        _, parts = intake.submission(depositor, submission_id)
        return _answer(document, parts[0], location, minimal=wanted.minimal)

    def _read(body: bytes) -> PublishedDocument:
        document = read_document_reference(body)
        if document.test_data and intake.environment is Environment.PRODUCTION:
            raise Invalid(
                "DocumentReference.meta.security says that these are test data, which do not enter here.",
                code="test_data",
            )
        return document

    async def _body(request: Request) -> bytes:
        pieces, size = [], 0
        async for piece in request.stream():
            size += len(piece)
            if size > intake.largest_envelope:
                raise Invalid("A FHIR envelope has at most 32 MiB; send images as DICOM.", code="too_large")
            pieces.append(piece)
        return b"".join(pieces)

    def _answer(document: PublishedDocument, part: PartVerdict, location: str, *, minimal: bool) -> Response:
        status = _STATUS[part.outcome]
        headers = {"Content-Location": location}
        if part.document_id is None:
            body = operation_outcome(part.code, part.reason, "invalid")
            return JSONResponse(body, status, headers, media_type=FHIR_JSON)
        headers["Location"] = f"{public_url}/fhir/DocumentReference/{part.document_id}"
        if minimal:
            return Response(status_code=status, headers={**headers, "Preference-Applied": "return=minimal"})
        body = {
            "resourceType": "DocumentReference",
            "id": str(part.document_id),
            "status": "current",
            "type": {"coding": [{"code": document.type_code}]},
            "content": [{"attachment": {"contentType": document.content_type}}],
        }
        return JSONResponse(body, status, headers, media_type=FHIR_JSON)

    return routes
