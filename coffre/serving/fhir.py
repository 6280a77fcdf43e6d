"""FHIR routes that belong to no single room: the capabilities, and a document that was published.

Both upper rooms answer the second one: a depositor reads that its document is there, a reader of the record
reads what a list would show.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from audit.canonical import parse
from coffre.serving.capabilities import capability_statement
from ingestion.intake.reception import Depositor
from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from keyvault.verbs.reader.document.following import DocumentStanding
from records.documents.label_changes import LabelChange
from records.errors import Invalid, Refused
from records.fhir.patches import read_patch
from records.fhir.resources.document_references import own_deposit
from records.fhir.wording import FHIR_JSON
from records.vocabulary.codes import Action, Role
from viewer_api.access import Access
from viewer_api.call_headers import call_of
from viewer_api.fhir.conditional import document_named
from viewer_api.fhir.exchange import sent
from viewer_api.fhir.forms.formats import form_of
from viewer_api.fhir.ids import named
from viewer_api.fhir.reading import FhirReading

_PATCHES = frozenset({FHIR_JSON, "application/json", "application/json-patch+json"})
METADATA, DOCUMENT = "/fhir/metadata", "/fhir/DocumentReference/{id:fhir_id}"
DOCUMENTS = "/fhir/DocumentReference"


def about(public_url: str, *, cors: bool) -> APIRouter:
    """What needs no credential. `cors`: pages of other origins may call."""
    routes = APIRouter(tags=["FHIR"])

    @routes.get(METADATA, summary="What this server does (CapabilityStatement)")
    async def metadata(request: Request) -> Response:
        return _answer(request, capability_statement(public_url, cors=cors))

    return routes


def reading(
    access: Access,
    fhir: FhirReading,
    authenticate: Callable[[Request], Awaitable[Credential]],
    depositor: Callable[[Request], Awaitable[Depositor]],
) -> APIRouter:
    """`authenticate` gives the credential as shown, `depositor` who may deposit, or raises `Refused`."""
    routes = APIRouter(tags=["FHIR"])

    async def own(request: Request, call: Call, document_id: UUID) -> dict[str, Any] | None:
        try:
            found = await depositor(request)
        except Refused:  # another role: it reads as a reader or not at all
            return None
        if found.actor.role is Role.PATIENT:  # who reads what she deposited as everything else of hers
            return None
        found.check_body(b"")
        standing = await asyncio.to_thread(access.own_deposit, call, found.token, document_id)
        return own_deposit(document_id, standing.state, refused=standing.refused_at) if standing else None

    @routes.get(DOCUMENT, summary="One document, without its content")
    async def read(id: str, request: Request) -> Response:
        _form_of(request)
        call = call_of(request, await authenticate(request))
        document_id = named(id)
        body = await own(request, call, document_id)
        if body is None:
            body = await asyncio.to_thread(fhir.document, call, document_id)
        return _answer(request, body)

    @routes.delete(DOCUMENT, status_code=204, summary="Delete one's own document, logically")
    async def delete(id: str, request: Request) -> Response:
        _form_of(request)
        call = call_of(request, await authenticate(request))
        await asyncio.to_thread(access.change_document, call, named(id), Action.DELETE)
        return Response(status_code=204)

    @routes.patch(DOCUMENT, summary="Archive, unarchive, label or delete a document")
    async def patch(id: str, request: Request) -> Response:
        return await patched(request, lambda call: named(id))

    @routes.patch(DOCUMENTS, summary="The same for the one document that an identifier names")
    async def patch_by_identifier(request: Request) -> Response:
        criteria = request.query_params.multi_items()
        return await patched(request, lambda call: document_named(criteria, call, fhir.documents, fhir.base))

    async def patched(request: Request, document_of: Callable[[Call], UUID]) -> Response:
        _form_of(request)
        call = call_of(request, await authenticate(request))
        _check_type(request.headers.get("content-type", ""))
        wanted = read_patch(parse(await request.body()))
        document_id = await asyncio.to_thread(document_of, call)
        standing = await asyncio.to_thread(_changed, access, call, document_id, wanted)
        return _answer(request, own_deposit(standing.document_id, standing.state, labels=standing.labels))

    return routes


def _changed(access: Access, call: Call, document_id: UUID, wanted: Action | LabelChange) -> DocumentStanding:
    if isinstance(wanted, Action):
        return access.change_document(call, document_id, wanted)
    return access.change_labels(call, document_id, wanted)


def _check_type(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() not in _PATCHES:
        raise Invalid(
            "Send a FHIRPath Patch as application/fhir+json, or application/json-patch+json.",
            code="bad_content_type",
        )


def _form_of(request: Request) -> str:
    return form_of(request.headers.get("accept", ""), request.query_params.multi_items())


def _answer(request: Request, resource: dict[str, Any]) -> Response:
    return sent(resource, _form_of(request), request.query_params.multi_items())
