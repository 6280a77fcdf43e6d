"""Deposits in FHIR (IHE MHD 4.2): ITI-105 `POST /fhir/DocumentReference`, ITI-65 `POST /fhir`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ingestion.envelope import SubmissionHeaders
from ingestion.intake.fhir.document_bundle import BINARY, DOCUMENT, DocumentBundle, read_document_bundle
from ingestion.intake.fhir.document_reference import PublishedDocument, read_document_reference
from ingestion.intake.fhir.request import PublishRequest, read_publish_request
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
_LINES = {201: "201 Created", 200: "200 OK"}


def _body_of(kind: str) -> dict[str, Any]:
    schema = {"type": "object", "title": kind}
    return {"requestBody": {"content": {FHIR_JSON: {"schema": schema}}, "required": True}}


@dataclass(frozen=True, slots=True)
class _Received:
    """A deposit on its way: what was sent and how it is to be answered, its verdict once there is one."""

    bundle: DocumentBundle
    wanted: PublishRequest
    part: PartVerdict | None
    location: str


_Answer = Callable[[_Received, PartVerdict, dict[str, str]], Response]


def router(
    intake: Intake, authenticate: Callable[[Request], Awaitable[Depositor]], public_url: str
) -> APIRouter:
    routes = APIRouter(tags=["FHIR"])

    async def receive(request: Request, read: Callable[[bytes], DocumentBundle]) -> _Received:
        depositor = await authenticate(request)
        wanted = read_publish_request(headers_of(request), request.query_params.multi_items())
        body = await _body(request)
        depositor.check_body(body)
        bundle = await asyncio.to_thread(read, body)
        document = bundle.document
        _check_test_data(document)
        headers = SubmissionHeaders(kind="pdf", document=document.declared(), labels=tuple(document.labels))
        submission_id = await intake.receive_bytes(depositor, document.ins, headers, document.content)
        row = await intake.verdict(submission_id, not wanted.respond_async)
        part = intake.submission(depositor, submission_id)[1][0] if row.state in FINAL else None
        return _Received(bundle, wanted, part, f"/submissions/{submission_id}")

    @routes.post(
        "/fhir/DocumentReference",
        summary="Publish one document (ITI-105)",
        openapi_extra=_body_of("DocumentReference"),
    )
    async def publish(request: Request) -> Response:
        received = await receive(request, lambda body: DocumentBundle(read_document_reference(body), ()))
        return _answer(received, _document_answer)

    @routes.post(
        "/fhir", summary="Provide one document in a bundle (ITI-65)", openapi_extra=_body_of("Bundle")
    )
    async def provide(request: Request) -> Response:
        return _answer(await receive(request, read_document_bundle), _bundle_answer)

    def _check_test_data(document: PublishedDocument) -> None:
        if document.test_data and intake.environment is Environment.PRODUCTION:
            raise Invalid(
                "DocumentReference.meta.security says that these are test data, which do not enter here.",
                code="test_data",
            )

    async def _body(request: Request) -> bytes:
        pieces, size = [], 0
        async for piece in request.stream():
            size += len(piece)
            if size > intake.largest_envelope:
                raise Invalid("A FHIR envelope has at most 32 MiB; send images as DICOM.", code="too_large")
            pieces.append(piece)
        return b"".join(pieces)

    def _answer(
        received: _Received, answer: Callable[[_Received, PartVerdict, dict[str, str]], Response]
    ) -> Response:
        headers = {"Content-Location": received.location}
        if received.part is None:
            return Response(status_code=202, headers={"Location": public_url + received.location, **headers})
        if received.part.document_id is None:
            body = operation_outcome(received.part.code, received.part.reason, "invalid")
            return JSONResponse(body, _STATUS[received.part.outcome], headers, media_type=FHIR_JSON)
        return answer(received, received.part, headers)

    def _document_answer(received: _Received, part: PartVerdict, headers: dict[str, str]) -> Response:
        document, status = received.bundle.document, _STATUS[part.outcome]
        headers["Location"] = _address(DOCUMENT, part)
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

    def _bundle_answer(received: _Received, part: PartVerdict, headers: dict[str, str]) -> Response:
        """What became of each entry, in their order (R4 section 3.1.0.11.3); a set's address names its record
        by an id that intake doesn't know, and who is a reader finds the set by its document.
        """
        line = {"status": _LINES[_STATUS[part.outcome]]}
        placed = {kind: {**line, "location": _address(kind, part)} for kind in (DOCUMENT, BINARY)}
        entries = [{"response": placed.get(kind, line)} for kind in received.bundle.kinds]
        body = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
        return JSONResponse(body, 200, headers, media_type=FHIR_JSON)

    def _address(kind: str, part: PartVerdict) -> str:
        return f"{public_url}/fhir/{kind}/{part.document_id}"

    return routes
