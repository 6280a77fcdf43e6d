"""Deposits in FHIR (IHE MHD 4.2): ITI-105 `POST /fhir/DocumentReference`, ITI-65 `POST /fhir`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ingestion.envelope import PDF, SubmissionHeaders
from ingestion.intake.fhir.bundle_entries import DOCUMENT
from ingestion.intake.fhir.document_bundle import DocumentBundle, read_document_bundle
from ingestion.intake.fhir.document_reference import PublishedDocument, read_document_reference
from ingestion.intake.fhir.request import PublishRequest, read_publish_request
from ingestion.intake.reception import Depositor
from ingestion.intake.routes.stow import headers_of
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import FINAL
from ingestion.outcomes import PartOutcome
from records.errors import Invalid
from records.fhir.wording import FHIR_JSON, outcome_issue
from records.vocabulary.codes import Environment
from storage.rows.submissions import PartVerdict

_STATUS = {PartOutcome.PUBLISHED.value: 201, PartOutcome.DUPLICATE.value: 200}
"""Of a document that is in the record; of every other one it is 422."""
_LINES = {201: "201 Created", 200: "200 OK"}


def _body_of(kind: str) -> dict[str, Any]:
    schema = {"type": "object", "title": kind}
    return {"requestBody": {"content": {FHIR_JSON: {"schema": schema}}, "required": True}}


@dataclass(frozen=True, slots=True)
class _Received:
    """A deposit on its way: what was sent and how it is to be answered, a verdict of each document in their
    order once there are any; of what could not be opened there is one alone.
    """

    bundle: DocumentBundle
    wanted: PublishRequest
    parts: Sequence[PartVerdict]
    location: str


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
        first, *_ = documents = bundle.documents
        _check_test_data(documents)
        contents = (each.content for each in documents)
        submission_id = await intake.receive_bytes(depositor, first.ins, _headers(documents), *contents)
        row = await intake.verdict(submission_id, not wanted.respond_async)
        parts = intake.submission(depositor, submission_id)[1] if row.state in FINAL else ()
        return _Received(bundle, wanted, parts, f"/submissions/{submission_id}")

    @routes.post(
        "/fhir/DocumentReference",
        summary="Publish one document (ITI-105)",
        openapi_extra=_body_of("DocumentReference"),
    )
    async def publish(request: Request) -> Response:
        received = await receive(request, lambda body: DocumentBundle.of_one(read_document_reference(body)))
        return _answer(received, _document_answer)

    @routes.post("/fhir", summary="Provide documents in a bundle (ITI-65)", openapi_extra=_body_of("Bundle"))
    async def provide(request: Request) -> Response:
        return _answer(await receive(request, read_document_bundle), _bundle_answer)

    def _check_test_data(documents: Sequence[PublishedDocument]) -> None:
        if any(each.test_data for each in documents) and intake.environment is Environment.PRODUCTION:
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

    def _answer(received: _Received, answer: Callable[[_Received, dict[str, str]], Response]) -> Response:
        headers = {"Content-Location": received.location}
        if not received.parts:
            return Response(status_code=202, headers={"Location": public_url + received.location, **headers})
        if any(each.document_id is None for each in received.parts):
            return JSONResponse(_refusal(received), 422, headers, media_type=FHIR_JSON)
        return answer(received, headers)

    def _document_answer(received: _Received, headers: dict[str, str]) -> Response:
        (document,), (part,) = received.bundle.documents, received.parts
        status = _STATUS[part.outcome]
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

    def _bundle_answer(received: _Received, headers: dict[str, str]) -> Response:
        """What became of each entry, in their order (R4 section 3.1.0.11.3); a set's address names its record
        by an id that intake doesn't know, and who is a reader finds the set by its documents.
        """
        whole = max(received.parts, key=lambda part: _STATUS[part.outcome])  # new, as soon as one is
        lines = [_line(kind, at, received.parts, whole) for kind, at in received.bundle.entries]
        entries = [{"response": line} for line in lines]
        body = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
        return JSONResponse(body, 200, headers, media_type=FHIR_JSON)

    def _line(
        kind: str, document: int | None, parts: Sequence[PartVerdict], whole: PartVerdict
    ) -> dict[str, str]:
        if document is None:
            return {"status": _LINES[_STATUS[whole.outcome]]}
        part = parts[document]
        return {"status": _LINES[_STATUS[part.outcome]], "location": _address(kind, part)}

    def _address(kind: str, part: PartVerdict) -> str:
        return f"{public_url}/fhir/{kind}/{part.document_id}"

    return routes


def _headers(documents: Sequence[PublishedDocument]) -> SubmissionHeaders:
    """Labels are those of each of them."""
    declared = tuple(each.declared() for each in documents)
    (one,) = declared if len(declared) == 1 else (None,)
    several = declared if one is None else ()
    return SubmissionHeaders(kind=PDF, document=one, documents=several, labels=tuple(documents[0].labels))


def _refusal(received: _Received) -> dict[str, Any]:
    """An issue for each document that was not taken; of several it says where in the bundle each stands."""
    refused = [part for part in received.parts if part.document_id is None]
    issues = [outcome_issue(part.code, part.reason, "invalid", "error") for part in refused]
    if len(received.parts) > 1:
        for part, issue in zip(refused, issues, strict=True):
            issue["expression"] = [f"Bundle.entry[{received.bundle.place(part.number - 1)}].resource"]
    return {"resourceType": "OperationOutcome", "issue": issues}
