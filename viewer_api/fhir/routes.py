"""FHIR reading over HTTP: searches by GET and by POST `_search` (R4 sections 3.1.0.1 and 3.1.1.1)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, SET
from viewer_api.call_headers import call_of
from viewer_api.fhir.entry_routes import add_entries
from viewer_api.fhir.exchange import form_criteria, is_strict, sent
from viewer_api.fhir.forms.formats import form_of
from viewer_api.fhir.ids import named
from viewer_api.fhir.log.audit_events import AUDIT_EVENT
from viewer_api.fhir.reading import FhirReading
from viewer_api.fhir.searching.search_query import Parameters, SearchQuery, read_search
from viewer_api.fhir.searching.searched_types import CONSENT, PATIENT, SEARCHED_TYPES, SearchedType

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
    }
    for kind, search in searches.items():
        _add_search(routes, SEARCHED_TYPES[kind], search, authenticate, base)

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

    @routes.get("/fhir/Consent/{record:fhir_id}", summary="The choices on a record's card")
    async def consent(record: str, request: Request) -> Response:
        return await answer(request, lambda call: reading.consent(call, str(named(record))))

    add_entries(routes, reading.entries, authenticate, base)
    return routes


def _add_search(
    routes: APIRouter, searched: SearchedType, search: Search, authenticate: Authenticate, base: str
) -> None:
    async def answer(request: Request, parameters: Parameters) -> Response:
        form = form_of(request.headers.get("accept", ""), parameters)
        call = call_of(request, await authenticate(request))
        strict = is_strict(request)
        query = read_search(parameters, searched, base, strict=strict)
        bundle = await asyncio.to_thread(search, call, query)
        return sent(bundle, form, parameters)

    @routes.get(f"/fhir/{searched.kind}", summary=f"Search {searched.kind}")
    async def by_query(request: Request) -> Response:
        return await answer(request, request.query_params.multi_items())

    @routes.post(f"/fhir/{searched.kind}/_search", summary=f"Search {searched.kind}, criteria in the body")
    async def by_form(request: Request) -> Response:
        criteria = await form_criteria(request)
        return await answer(request, [*request.query_params.multi_items(), *criteria])
