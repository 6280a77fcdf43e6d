"""`/me…`: what a professional did, for that same professional (docs/api.md)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from keyvault.credentials.tokens import Credential
from viewer_api.call_headers import call_of
from viewer_api.own_log import LogPeriod, OwnLog, page_json, read_place
from viewer_api.routes.numbers import Whole

Seconds = Annotated[Whole, Query(ge=0, lt=2**53)]
Limit = Annotated[Whole, Query(ge=0, lt=2**53)]
Before = Annotated[str | None, Query(max_length=64)]


def router(own: OwnLog, authenticate: Callable[[Request], Awaitable[Credential]]) -> APIRouter:
    routes = APIRouter(prefix="/me", tags=["Me"])

    @routes.get("/access-log", summary="What I did, newest first, for professionals")
    async def access_log(
        request: Request,
        before: Before = None,
        limit: Limit = 100,
        since: Seconds | None = None,
        until: Seconds | None = None,
    ) -> dict[str, Any]:
        call = call_of(request, await authenticate(request))
        wanted = LogPeriod(read_place(before), limit, since, until)
        return page_json(await asyncio.to_thread(own.actions, call, wanted))

    return routes
