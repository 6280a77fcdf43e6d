"""`/records…`: what a record holds, and who consulted it (docs/api.md)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.log.log_reading import LogFilter
from records.vocabulary.codes import Action, Outcome, PurposeOfUse
from viewer_api.access import Access
from viewer_api.call_headers import call_of
from viewer_api.log_evidence import evidence_json
from viewer_api.named_actors import named_line
from viewer_api.presenting import page_json
from viewer_api.routes.list_page import list_page, next_link
from viewer_api.routes.numbers import Whole

NO_CONTENT = 204
Position = Annotated[Whole, Query(ge=0, lt=2**53)]


class FindBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    ins: str = Field(max_length=64)


def log_filter(
    action: Annotated[list[Action] | None, Query(max_length=len(Action))] = None,
    purpose: Annotated[list[PurposeOfUse] | None, Query(max_length=len(PurposeOfUse))] = None,
    outcome: Outcome | None = None,
    actor_of: Position | None = None,
    since: Position | None = None,
    until: Position | None = None,
) -> LogFilter:
    """Which lines of the access log: `actor_of` is the `seq` of a line of the same person."""
    return LogFilter(
        actions=tuple(action or ()),
        purposes=tuple(purpose or ()),
        outcome=outcome,
        actor_of=actor_of,
        since=since,
        until=until,
    )


Authenticate = Callable[[Request], Awaitable[Credential]]


def router(access: Access, authenticate: Authenticate) -> APIRouter:
    routes = APIRouter(prefix="/records", tags=["Records"])

    async def call(request: Request) -> Call:
        return call_of(request, await authenticate(request))

    @routes.post("/find", summary="The public id of the record of an INS")
    async def find(body: FindBody, request: Request) -> dict[str, Any]:
        record = await asyncio.to_thread(access.find, await call(request), body.ins)
        return {"record": str(record.public_id), "state": record.state}

    @routes.get("/{ins}/documents", summary="Documents that the caller may see, newest first, by the page")
    async def documents(
        ins: str, request: Request, response: Response, page: Annotated[ListPage, Depends(list_page)]
    ) -> dict[str, Any]:
        shown = await asyncio.to_thread(access.documents, await call(request), ins, page)
        if (link := next_link(request, shown.listing)) is not None:
            response.headers["Link"] = link
        return page_json(shown)

    @routes.put(
        "/{ins}/documents/{document_id}/labels",
        summary="Mask or unmask a document or study, or hide it from its patient",
    )
    async def label(ins: str, document_id: UUID, body: list[str], request: Request) -> dict[str, Any]:
        labels = await asyncio.to_thread(access.label, await call(request), ins, document_id, body)
        return {"id": str(document_id), "labels": labels}

    @routes.post(
        "/{ins}/documents/{document_id}/announcement", summary="A document is announced to its patient"
    )
    async def announce(ins: str, document_id: UUID, request: Request) -> dict[str, Any]:
        labels = await asyncio.to_thread(access.announce, await call(request), ins, document_id)
        return {"id": str(document_id), "labels": labels}

    @routes.get("/{ins}/access-log", summary="Who did what, newest first")
    async def access_log(
        ins: str,
        request: Request,
        wanted: Annotated[LogFilter, Depends(log_filter)],
        before: Position | None = None,
        limit: Position = 100,
        evidence: bool = False,
    ) -> dict[str, Any]:
        asked = await call(request)
        page = await asyncio.to_thread(access.access_log, asked, ins, before, limit, wanted, evidence)
        shown = {"events": [named_line(each) for each in page.events], "next_before": page.next_before}
        return {**shown, **evidence_json(page)} if evidence else shown

    return routes
