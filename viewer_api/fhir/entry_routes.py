"""Own information over FHIR: search, read, history (R4 sections 3.1.0.2, 3.1.0.3, 3.1.0.9)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from records.profile.kinds import RESOURCES
from viewer_api.call_headers import call_of
from viewer_api.fhir.entries import Entries
from viewer_api.fhir.exchange import form_criteria, is_strict, sent
from viewer_api.fhir.forms.formats import form_of
from viewer_api.fhir.ids import named
from viewer_api.fhir.searching.search_query import Parameters, read_search
from viewer_api.fhir.searching.searched_types import CONSENT, SEARCHED_TYPES

Read = Callable[[Call], tuple[str | None, dict[str, Any]]]
"""An ETag, and the resource."""


class _Declared(StringConvertor):
    """The types of resources that own information is."""

    regex = "|".join(sorted(RESOURCES))


class _DeclaredAlone(StringConvertor):
    """Those that nothing else is: a card is a Consent, too."""

    regex = "|".join(sorted(RESOURCES - {CONSENT}))


register_url_convertor("declared", _Declared())
register_url_convertor("declared_alone", _DeclaredAlone())


def add_entries(
    routes: APIRouter, entries: Entries, authenticate: Callable[[Request], Awaitable[Credential]], base: str
) -> None:
    """`base`: the address of this FHIR server."""

    async def searched(request: Request, declared: str, parameters: Parameters) -> Response:
        form = form_of(request.headers.get("accept", ""), parameters)
        call = call_of(request, await authenticate(request))
        query = read_search(parameters, SEARCHED_TYPES[declared], base, strict=is_strict(request))
        return sent(await asyncio.to_thread(entries.search, declared, call, query), form, parameters)

    async def answer(request: Request, read: Read) -> Response:
        parameters = request.query_params.multi_items()
        form = form_of(request.headers.get("accept", ""), parameters)
        call = call_of(request, await authenticate(request))
        etag, resource = await asyncio.to_thread(read, call)
        response = sent(resource, form, parameters)
        if etag is not None:
            response.headers["ETag"] = etag
        return response

    @routes.get("/fhir/{declared:declared_alone}", summary="Search own information")
    async def by_query(declared: str, request: Request) -> Response:
        return await searched(request, declared, request.query_params.multi_items())

    @routes.post("/fhir/{declared:declared_alone}/_search", summary="The same, criteria in the body")
    async def by_form(declared: str, request: Request) -> Response:
        criteria = await form_criteria(request)
        return await searched(request, declared, [*request.query_params.multi_items(), *criteria])

    @routes.get("/fhir/{declared:declared_alone}/{entry:fhir_id}", summary="One entry of own information")
    async def read(declared: str, entry: str, request: Request) -> Response:
        return await answer(request, lambda call: entries.read(declared, call, named(entry)))

    @routes.get("/fhir/{declared:declared}/{entry:fhir_id}/_history", summary="The versions of one entry")
    async def history(declared: str, entry: str, request: Request) -> Response:
        return await answer(request, lambda call: (None, entries.history(declared, call, named(entry))))

    @routes.get("/fhir/{declared:declared}/{entry:fhir_id}/_history/{version:fhir_id}", summary="One version")
    async def one_version(declared: str, entry: str, version: str, request: Request) -> Response:
        return await answer(
            request,
            lambda call: (f'W/"{version}"', entries.version(declared, call, named(entry), named(version))),
        )
