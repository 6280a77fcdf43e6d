"""Deposits in FHIR (IHE MHD 4.2): ITI-105 `POST /fhir/DocumentReference`, ITI-65 `POST /fhir`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ingestion.envelope import PDF, SubmissionHeaders
from ingestion.intake.fhir.document_bundle import DocumentBundle, read_document_bundle
from ingestion.intake.fhir.document_reference import PublishedDocument, read_document_reference
from ingestion.intake.fhir.request import read_publish_request
from ingestion.intake.reception import Depositor
from ingestion.intake.routes.fhir_answers import Received, of_bundle, of_document
from ingestion.intake.routes.stow import headers_of
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import FINAL
from records.errors import Invalid
from records.fhir.wording import FHIR_JSON
from records.vocabulary.codes import Environment


def _body_of(kind: str) -> dict[str, Any]:
    schema = {"type": "object", "title": kind}
    return {"requestBody": {"content": {FHIR_JSON: {"schema": schema}}, "required": True}}


def router(
    intake: Intake, authenticate: Callable[[Request], Awaitable[Depositor]], public_url: str
) -> APIRouter:
    routes = APIRouter(tags=["FHIR"])

    async def receive(request: Request, read: Callable[[bytes], DocumentBundle]) -> Received:
        depositor = await authenticate(request)
        wanted = read_publish_request(headers_of(request), request.query_params.multi_items())
        body = await _body(request, intake.largest_envelope)
        depositor.check_body(body)
        bundle = await asyncio.to_thread(read, body)
        first, *_ = documents = bundle.documents
        _check_test_data(documents, intake.environment)
        contents = (each.content for each in documents)
        submission_id = await intake.receive_bytes(depositor, first.ins, _headers(documents), *contents)
        row = await intake.verdict(submission_id, not wanted.respond_async)
        parts = intake.submission(depositor, submission_id)[1] if row.state in FINAL else ()
        return Received(bundle, wanted, parts, f"/submissions/{submission_id}")

    @routes.post(
        "/fhir/DocumentReference",
        summary="Publish one document (ITI-105)",
        openapi_extra=_body_of("DocumentReference"),
    )
    async def publish(request: Request) -> Response:
        received = await receive(request, lambda body: DocumentBundle.of_one(read_document_reference(body)))
        return of_document(received, public_url)

    @routes.post("/fhir", summary="Provide documents in a bundle (ITI-65)", openapi_extra=_body_of("Bundle"))
    async def provide(request: Request) -> Response:
        return of_bundle(await receive(request, read_document_bundle), public_url)

    return routes


def _check_test_data(documents: Sequence[PublishedDocument], environment: Environment) -> None:
    if any(each.test_data for each in documents) and environment is Environment.PRODUCTION:
        raise Invalid(
            "DocumentReference.meta.security says that these are test data, which do not enter here.",
            code="test_data",
        )


async def _body(request: Request, largest: int) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > largest:
            raise Invalid("A FHIR envelope has at most 32 MiB; send images as DICOM.", code="too_large")
        pieces.append(piece)
    return b"".join(pieces)


def _headers(documents: Sequence[PublishedDocument]) -> SubmissionHeaders:
    """Labels are those of each of them."""
    declared = tuple(each.declared() for each in documents)
    (one,) = declared if len(declared) == 1 else (None,)
    several = declared if one is None else ()
    return SubmissionHeaders(kind=PDF, document=one, documents=several, labels=tuple(documents[0].labels))
