"""ITI-68, Retrieve Document: `GET /fhir/Binary/{id}`, the content of one document in clear (R4 section 2.39).

Its own bytes in its own media type; a Binary resource for clients that ask for FHIR, as long as it is small.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from records.errors import CoffreError, Invalid, NotFound
from records.fhir.wording import FHIR_JSON, FHIR_XML
from viewer_api.call_headers import call_of
from viewer_api.fhir.forms.formats import body_of, media_ranges
from viewer_api.fhir.ids import named
from viewer_api.gateway.gateway import Content, Gateway
from viewer_api.refusals import no_such_document
from viewer_api.routes.objects import in_threads
from viewer_api.web.dossier.contents import CONTENT_HEADERS

LARGEST_RESOURCE = 16 * 1024 * 1024
"""Bytes of content that a Binary resource holds: it is made in memory."""
_NAMED: Mapping[str, str] = {"json": FHIR_JSON, "xml": FHIR_XML}


def router(gateway: Gateway, authenticate: Callable[[Request], Awaitable[Credential]]) -> APIRouter:
    routes = APIRouter(tags=["FHIR"])

    @routes.get("/fhir/Binary/{id:fhir_id}", summary="The content of one document (ITI-68)")
    async def read(id: str, request: Request) -> Response:
        call = call_of(request, await authenticate(request))
        content = await asyncio.to_thread(_opened, gateway, call, named(id))
        form = chosen(_asked(request), content.media_type)
        head = request.method == "HEAD"
        if form in (FHIR_JSON, FHIR_XML):
            _check_size(content)
            if head:
                length = {"Content-Length": str(_length(id, content, form))}
                return Response(headers={**CONTENT_HEADERS, **length}, media_type=form)
            body = await asyncio.to_thread(_resource, id, content, form)
            return Response(body, headers=CONTENT_HEADERS, media_type=form)
        headers = {**CONTENT_HEADERS, "Content-Length": str(content.length)}
        if head:
            return Response(headers=headers, media_type=content.media_type)
        begun = await asyncio.to_thread(content.begun)
        return StreamingResponse(in_threads(begun.pieces), headers=headers, media_type=begun.media_type)

    return routes


def _opened(gateway: Gateway, call: Call, document_id: UUID) -> Content:
    """Raises `NotFound` alike for no right, hidden, absent, and a study, which DICOMweb reads."""
    try:
        return gateway.binary(call, document_id)
    except NotFound:
        raise no_such_document() from None


def _asked(request: Request) -> str:
    text = request.query_params.get("_format") or request.headers.get("accept", "")
    return _NAMED.get(text, text)


def chosen(accept: str, own: str) -> str:
    """The document's own media type, or that of a FHIR resource where it is asked for by name.

    Raises `Invalid` "not_acceptable" where neither is welcome.
    """
    welcome = {own: own, "*/*": own, f"{own.partition('/')[0]}/*": own} | {
        each: each for each in (FHIR_JSON, FHIR_XML)
    }
    ranges = [(weight, welcome[kind]) for kind, weight in media_ranges(accept) if kind in welcome]
    if ranges:
        return max(ranges, key=lambda found: found[0])[1]
    if accept.strip():
        raise Invalid(
            f"This document is {own}: accept that, or application/fhir+json for a Binary resource.",
            code="not_acceptable",
        )
    return own


def _check_size(content: Content) -> None:
    if content.length > LARGEST_RESOURCE:
        raise CoffreError(
            "This document is too large for a Binary resource: accept its own media type.",
            code="binary_too_large",
        )


def _resource(name: str, content: Content, form: str) -> bytes:
    return _written(name, content, base64.b64encode(b"".join(content.pieces)).decode(), form)


def _length(name: str, content: Content, form: str) -> int:
    """Bytes of the resource: base64 stands in JSON and XML as it is."""
    some = "AAAA"
    return len(_written(name, content, some, form)) - len(some) + 4 * ((content.length + 2) // 3)


def _written(name: str, content: Content, data: str, form: str) -> bytes:
    resource = {"resourceType": "Binary", "id": name, "contentType": content.media_type, "data": data}
    return body_of(resource, form)
