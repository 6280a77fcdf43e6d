"""FHIR reading over HTTP: searches by GET and by POST `_search` (R4 sections 3.1.0.1 and 3.1.1.1)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request, Response

from keyvault.credentials.tokens import Credential
from keyvault.verbs.attempt import Call
from records.errors import Invalid, NotFound
from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, SET
from records.profile.kinds import RESOURCES
from viewer_api.call_headers import call_of
from viewer_api.fhir.entries import Entries
from viewer_api.fhir.forms.formats import body_of, form_of
from viewer_api.fhir.ids import named
from viewer_api.fhir.log.audit_events import AUDIT_EVENT
from viewer_api.fhir.reading import FhirReading
from viewer_api.fhir.searching.search_query import Parameters, SearchQuery, read_search
from viewer_api.fhir.searching.searched_types import CONSENT, PATIENT, SEARCHED_TYPES, SearchedType

LARGEST_FORM = 64 * 1024
_STRICT = re.compile(r'(^|[,;])\s*handling\s*=\s*"?strict"?\s*($|[,;])', re.IGNORECASE)
Authenticate = Callable[[Request], Awaitable[Credential]]
Search = Callable[[Call, SearchQuery], dict[str, Any]]


def router(reading: FhirReading, authenticate: Authenticate, base: str) -> APIRouter:
    routes = APIRouter(tags=["FHIR"])
    searches: Mapping[str, Search] = {
        AUDIT_EVENT: reading.audit_events,
        CONSENT: reading.consents,
        DOCUMENT: reading.documents,
        IMAGING_STUDY: reading.studies,
        SET: reading.submission_sets,
        PATIENT: reading.patients,
        **{kind: partial(reading.entries.search, kind) for kind in RESOURCES - {CONSENT}},
    }
    for kind, searched in SEARCHED_TYPES.items():
        _add_search(routes, searched, searches[kind], authenticate, base)

    async def answer(request: Request, read: Callable[[Call], dict[str, Any]]) -> Response:
        parameters = request.query_params.multi_items()
        form = form_of(request.headers.get("accept", ""), parameters)
        call = call_of(request, await authenticate(request))
        return sent(await asyncio.to_thread(read, call), form, parameters)

    @routes.get("/fhir/ImagingStudy/{document_id:fhir_id}", summary="One study, without its images")
    async def study(document_id: str, request: Request) -> Response:
        return await answer(request, lambda call: reading.study(call, named(document_id)))

    @routes.get("/fhir/List/{name:fhir_id}", summary="One submission set")
    async def submission_set(name: str, request: Request) -> Response:
        return await answer(request, lambda call: reading.submission_set(call, name))

    @routes.get("/fhir/Patient/{record:fhir_id}", summary="Whose record it is")
    async def patient(record: str, request: Request) -> Response:
        return await answer(request, lambda call: reading.patient(call, str(named(record))))

    @routes.get("/fhir/Consent/{record:fhir_id}", summary="The choices on a card, or a declared wish")
    async def consent(record: str, request: Request) -> Response:
        return await answer(request, lambda call: _consent(reading, call, named(record)))

    for kind in sorted(RESOURCES):
        _add_entries(routes, kind, reading.entries, authenticate)
    return routes


def _consent(reading: FhirReading, call: Call, name: UUID) -> dict[str, Any]:
    """Ids of entries are those of documents, that of a card is its record's."""
    try:
        return reading.entries.read(CONSENT, call, name)[1]
    except NotFound:
        return reading.consent(call, str(name))


def _add_entries(routes: APIRouter, kind: str, entries: Entries, authenticate: Authenticate) -> None:
    async def answer(request: Request, read: Callable[[Call], tuple[str | None, dict[str, Any]]]) -> Response:
        parameters = request.query_params.multi_items()
        form = form_of(request.headers.get("accept", ""), parameters)
        call = call_of(request, await authenticate(request))
        etag, resource = await asyncio.to_thread(read, call)
        response = sent(resource, form, parameters)
        if etag is not None:
            response.headers["ETag"] = etag
        return response

    if kind != CONSENT:  # of which a card is one, too

        @routes.get(f"/fhir/{kind}/{{entry:fhir_id}}", summary=f"Own information ({kind})")
        async def read(entry: str, request: Request) -> Response:
            return await answer(request, lambda call: entries.read(kind, call, named(entry)))

    @routes.get(f"/fhir/{kind}/{{entry:fhir_id}}/_history", summary=f"Versions of own information ({kind})")
    async def history(entry: str, request: Request) -> Response:
        return await answer(request, lambda call: (None, entries.history(kind, call, named(entry))))

    @routes.get(
        f"/fhir/{kind}/{{entry:fhir_id}}/_history/{{version:fhir_id}}",
        summary=f"One version of own information ({kind})",
    )
    async def one_version(entry: str, version: str, request: Request) -> Response:
        return await answer(
            request,
            lambda call: (f'W/"{version}"', entries.version(kind, call, named(entry), named(version))),
        )


def _add_search(
    routes: APIRouter, searched: SearchedType, search: Search, authenticate: Authenticate, base: str
) -> None:
    async def answer(request: Request, parameters: Parameters) -> Response:
        form = form_of(request.headers.get("accept", ""), parameters)
        call = call_of(request, await authenticate(request))
        strict = bool(_STRICT.search(request.headers.get("prefer", "")))
        query = read_search(parameters, searched, base, strict=strict)
        bundle = await asyncio.to_thread(search, call, query)
        return sent(bundle, form, parameters)

    @routes.get(f"/fhir/{searched.kind}", summary=f"Search {searched.kind}")
    async def by_query(request: Request) -> Response:
        return await answer(request, request.query_params.multi_items())

    @routes.post(f"/fhir/{searched.kind}/_search", summary=f"Search {searched.kind}, criteria in the body")
    async def by_form(request: Request) -> Response:
        criteria = await _form(request)
        return await answer(request, [*request.query_params.multi_items(), *criteria])


async def _form(request: Request) -> Parameters:
    """Criteria as a form in UTF-8 (R4 section 3.1.1.1)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != "application/x-www-form-urlencoded" and body:
        raise Invalid(
            "Send the criteria with Content-Type: application/x-www-form-urlencoded.", code="bad_content_type"
        )
    if len(body) > LARGEST_FORM:
        raise Invalid("The criteria of a search have at most 64 KiB.", code="too_large")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Invalid("The criteria of a search are a form in UTF-8.", code="bad_query") from None


def sent(resource: dict[str, Any], form: str, parameters: Parameters) -> Response:
    pretty = ("_pretty", "true") in parameters
    return Response(body_of(resource, form, pretty=pretty), media_type=form)
