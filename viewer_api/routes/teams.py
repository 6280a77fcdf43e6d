"""`/records/{ins}/teams`, `…/consents` and `…/consent`: teams and lists, consent recorded or taken back."""

import asyncio
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.authorising import LARGEST_PAGE, PAGE
from records.choices.teams import LONGEST_NAME, MOST_MEMBERS, MOST_RECORDED, UNNAMED
from records.text.base64url import b64
from records.vocabulary.codes import Action
from viewer_api.call_headers import call_of
from viewer_api.cursors import read_position
from viewer_api.routes.numbers import Whole
from viewer_api.routes.records import NO_CONTENT, Authenticate
from viewer_api.teams import Teams

Line = Annotated[str, Field(max_length=64)]


class TeamBody(BaseModel):
    """`request` is drawn by the caller: the same one again forms no second team."""

    model_config = ConfigDict(extra="forbid", strict=True)
    request: UUID = Field(strict=False)
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    members: list[Line] = Field(min_length=1, max_length=MOST_MEMBERS)
    until: StrictInt | None = Field(default=None, description="unix seconds; unsaid one year")


class ConsentBody(BaseModel):
    """`how` the patient consented. Without members it is for the professional alone, for a day."""

    model_config = ConfigDict(extra="forbid", strict=True)
    request: UUID = Field(strict=False)
    how: Literal["spoken", "written"]
    name: str = Field(default=UNNAMED, min_length=1, max_length=LONGEST_NAME)
    members: list[Line] = Field(default=[], max_length=MOST_RECORDED - 1)
    until: StrictInt | None = Field(default=None, description="unix seconds")


class MembersBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    members: list[Line] = Field(min_length=1, max_length=MOST_MEMBERS)


def router(teams: Teams, authenticate: Authenticate) -> APIRouter:
    routes = APIRouter(prefix="/records", tags=["Records"])

    async def call(request: Request) -> Call:
        return call_of(request, await authenticate(request))

    @routes.post("/{ins}/consents", status_code=201, summary="Record the consent that a patient gave")
    async def record_consent(ins: str, body: ConsentBody, request: Request) -> dict[str, Any]:
        asked = await call(request)
        stated = (body.request, body.how, body.name, body.members, body.until)
        return await asyncio.to_thread(teams.record_consent, asked, ins, *stated)

    @routes.post("/{ins}/teams", status_code=201, summary="Authorise a team or a list in one act")
    async def form(ins: str, body: TeamBody, request: Request) -> dict[str, Any]:
        asked = await call(request)
        stated = (body.request, body.name, body.members, body.until)
        return await asyncio.to_thread(teams.form, asked, ins, *stated)

    @routes.get("/{ins}/teams/{team}", summary="A team, with the members on this page")
    async def team(
        ins: str,
        team: UUID,
        request: Request,
        after: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[Whole, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> dict[str, Any]:
        asked = await call(request)
        found = await asyncio.to_thread(teams.team, asked, ins, team, read_position(after), limit)
        if found.own is None:
            return {}
        return found.own | {"next": None if found.following is None else b64(found.following)}

    @routes.delete("/{ins}/teams/{team}", status_code=NO_CONTENT, summary="End a team, or contest it")
    async def end(ins: str, team: UUID, request: Request) -> Response:
        await asyncio.to_thread(teams.change, await call(request), ins, team, Action.END_TEAM)
        return Response(status_code=NO_CONTENT)

    @routes.post("/{ins}/teams/{team}/members", summary="Have professionals join a team")
    async def join(ins: str, team: UUID, body: MembersBody, request: Request) -> dict[str, Any]:
        asked = await call(request)
        return await asyncio.to_thread(teams.change, asked, ins, team, Action.JOIN_TEAM, body.members)

    @routes.delete(
        "/{ins}/teams/{team}/members/{professional}", status_code=NO_CONTENT, summary="A member leaves"
    )
    async def leave(ins: str, team: UUID, professional: str, request: Request) -> Response:
        asked = await call(request)
        await asyncio.to_thread(teams.change, asked, ins, team, Action.LEAVE_TEAM, [professional])
        return Response(status_code=NO_CONTENT)

    return routes
