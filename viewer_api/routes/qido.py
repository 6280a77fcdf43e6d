"""QIDO-RS: studies, series and instances (PS3.18 section 10.6), filtered by what the caller may see."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from records.imaging.attributes import Level
from viewer_api.call_headers import call_of
from viewer_api.qido.answers import Page, next_link, warnings_of
from viewer_api.qido.parameters import LEVELS, Query, read_query
from viewer_api.qido.searches import Searches
from viewer_api.wado.accept import Offer, choose
from viewer_api.wado.answering import accepted_by
from viewer_api.wado.media_types import DICOM_JSON, JSON

FORMS = (Offer(DICOM_JSON), Offer(JSON))
"""PS3.18 table 8.7.3-2, but for DICOM XML, which the standard leaves to servers."""
RECORD, ACROSS = "/records/{ins}/dicomweb", "/dicomweb"


@dataclass(frozen=True, slots=True)
class Resource:
    """A search resource (PS3.18 table 10.6.1-1): what it is a search for, and below what."""

    path: str
    level: Level

    @property
    def summary(self) -> str:
        found, _, within = LEVELS[self.level].capitalize(), *self.path.partition("}")[1:]
        return f"{found} of a {'series' if 'series/{uid}' in self.path else 'study'}" if within else found

    @property
    def described(self) -> dict[str, Any]:
        """What stands in OpenAPI of the names in its path, which one signature for all cannot tell."""
        names = re.findall(r"{(\w+)}", self.path)
        told = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
        return {"parameters": told}


RESOURCES: Sequence[Resource] = (
    Resource("/studies", Level.STUDY),
    Resource("/series", Level.SERIES),
    Resource("/instances", Level.INSTANCE),
    Resource("/studies/{study}/series", Level.SERIES),
    Resource("/studies/{study}/instances", Level.INSTANCE),
    Resource("/studies/{study}/series/{uid}/instances", Level.INSTANCE),
)


def router(
    searches: Searches,
    authenticate: Callable[[Request], Awaitable[Credential]],
    is_depositor: Callable[[Request], bool],
    public_url: str,
) -> APIRouter:
    """`is_depositor` tells whose own submissions are searched; the vault decides."""
    routes = APIRouter(tags=["DICOMweb QIDO-RS"])
    origin = public_url.rstrip("/")

    def add(resource: Resource) -> None:
        async def in_record(ins: str, request: Request) -> Response:
            return await answer(request, resource, lambda call, query: searches.in_record(call, query, ins))

        async def across(request: Request) -> Response:
            work = searches.of_depositor if is_depositor(request) else searches.of_patient
            return await answer(request, resource, work)

        for root, of, endpoint in (
            (RECORD, "in a record", in_record),
            (ACROSS, "of a patient or a depositor", across),
        ):
            summary, described = f"{resource.summary} {of}", resource.described
            routes.get(root + resource.path, summary=summary, openapi_extra=described)(endpoint)

    async def answer(request: Request, resource: Resource, work: Callable[[Call, Query], Page]) -> Response:
        call = call_of(request, await authenticate(request))
        form = choose(accepted_by(request), FORMS).media_type
        named = request.path_params
        query = read_query(request.query_params.multi_items(), resource.level)
        query = query.below(named.get("study"), named.get("uid"))
        page = await asyncio.to_thread(work, call, query)
        found = Response(json.dumps(page.items), media_type=form)
        for warning in warnings_of(query, page):
            found.headers.append("Warning", f'299 coffre "{warning}"')
        if link := next_link(origin + _place(resource, request, page), query, page):
            found.headers["Link"] = link
        return found

    for resource in RESOURCES:
        add(resource)
    return routes


def _place(resource: Resource, request: Request, page: Page) -> str:
    """The path of this very resource; a record by its public id, whatever the caller named it by."""
    named = {name: quote(text, safe="") for name, text in request.path_params.items()}
    root = RECORD.format(ins=page.record) if "ins" in named else ACROSS
    return root + resource.path.format(**named)
