"""Two FHIR routes: the capabilities (`/fhir/metadata`) and a document that was published.

Both upper rooms answer the second one: a depositor reads that its document is there, a reader of the record
reads what a list would show.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from coffre.serving.capabilities import capability_statement
from ingestion.intake.fhir.request import FHIR_JSON, check_answer
from ingestion.intake.reception import Depositor
from ingestion.intake.routes.stow import headers_of
from keyvault.credentials.tokens import Credential
from records.errors import NotFound, Refused
from viewer_api.access import Access
from viewer_api.calling import call_of
from viewer_api.presenting_fhir import document_reference, own_deposit

METADATA, DOCUMENT = "/fhir/metadata", "/fhir/DocumentReference/{id}"


def about(public_url: str, *, cors: bool) -> APIRouter:
    """What needs no credential. `cors`: pages of other origins may call."""
    routes = APIRouter(tags=["FHIR"])

    @routes.get(METADATA, summary="What this server does (CapabilityStatement)")
    async def metadata(request: Request) -> Response:
        _check(request)
        return JSONResponse(capability_statement(public_url, cors=cors), media_type=FHIR_JSON)

    return routes


def reading(
    access: Access,
    authenticate: Callable[[Request], Awaitable[Credential]],
    depositor: Callable[[Request], Awaitable[Depositor]],
) -> APIRouter:
    """`authenticate` gives the credential as shown, `depositor` who may deposit, or raises `Refused`."""
    routes = APIRouter(tags=["FHIR"])

    async def own(request: Request, document_id: UUID) -> dict[str, Any] | None:
        try:
            found = await depositor(request)
        except Refused:  # another role: it reads as a reader or not at all
            return None
        found.check_body(b"")
        state = await asyncio.to_thread(access.own_deposit, found.token, document_id)
        return own_deposit(document_id, state) if state else None

    @routes.get(DOCUMENT, summary="One document, without its content")
    async def read(id: str, request: Request) -> Response:
        _check(request)
        credential = await authenticate(request)
        document_id = _named(id)
        body = await own(request, document_id)
        if body is None:
            call = call_of(request, credential)
            body = document_reference(await asyncio.to_thread(access.document, call, document_id))
        return JSONResponse(body, media_type=FHIR_JSON)

    return routes


def _check(request: Request) -> None:
    check_answer(headers_of(request), request.query_params.multi_items())


def _named(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such document, or you may not see it.", code="no_such_document") from None
