"""`/records/{ins}/…`: what its holder decides, by whom and what may be consulted (docs/api.md)."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.authorising import LARGEST_PAGE, PAGE
from keyvault.verbs.reader.holder.changing import CardChange
from records.card.card import Emergency
from records.choices.authorisations import DocumentKind, Scope
from records.choices.authorising import MOST_KINDS
from records.text.base64url import b64
from records.vocabulary.codes import Action
from viewer_api.access import Access
from viewer_api.call_headers import call_of
from viewer_api.cursors import read_position
from viewer_api.routes.numbers import Whole
from viewer_api.routes.records import NO_CONTENT, Authenticate


class AuthorisationBody(BaseModel):
    """Without an end an authorisation lasts one year."""

    model_config = ConfigDict(extra="forbid", strict=True)
    professional: str = Field(max_length=64)
    until: StrictInt | None = Field(default=None, description="unix seconds")
    permanent: bool = False
    scope: Scope | None = Field(
        strict=False,
        default=None,
        description="all documents, or those that are chosen; unsaid, as before, else all",
    )


class KindBody(BaseModel):
    """Documents of a class, of a medical domain, or of both."""

    model_config = ConfigDict(extra="forbid", strict=True)
    class_code: str | None = Field(default=None, alias="class", max_length=64)
    domain: str | None = Field(default=None, max_length=64)


class ChosenBody(BaseModel):
    """`with_linked`: what belongs to the same studies is shown, too."""

    model_config = ConfigDict(extra="forbid", strict=True)
    documents: list[Annotated[UUID, Field(strict=False)]] = Field(max_length=10_000)
    kinds: list[KindBody] = Field(default=[], max_length=MOST_KINDS)
    with_linked: bool = True


class StructureBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    structure: str = Field(max_length=64)


class ProfessionalBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    professional: str = Field(max_length=64)


class EmergencyBody(BaseModel):
    """What is allowed; both members are stated."""

    model_config = ConfigDict(extra="forbid", strict=True)
    bris_de_glace: bool
    centre_15: bool


@dataclass(frozen=True, slots=True)
class _Holder:
    """Who calls, and the changes that it asks for."""

    access: Access
    authenticate: Authenticate

    async def call(self, request: Request) -> Call:
        return call_of(request, await self.authenticate(request))

    async def change(self, request: Request, ins: str, wanted: CardChange) -> dict[str, Any]:
        return await asyncio.to_thread(self.access.change, await self.call(request), ins, wanted)


def router(access: Access, authenticate: Authenticate) -> APIRouter:
    routes, own = APIRouter(prefix="/records", tags=["Records"]), _Holder(access, authenticate)
    _add_authorisations(routes, own)
    _add_blocks(routes, own)
    _add_attending(routes, own)
    _add_emergency_and_consent(routes, own)
    return routes


def _add_authorisations(routes: APIRouter, own: _Holder) -> None:
    @routes.get("/{ins}/authorisations", summary="The holder's choices")
    async def choices(
        ins: str,
        request: Request,
        after: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[Whole, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> dict[str, Any]:
        found = await asyncio.to_thread(
            own.access.choices, await own.call(request), ins, read_position(after), limit
        )
        if found.own is None:
            return {}
        return found.own | {"next": None if found.following is None else b64(found.following)}

    @routes.post("/{ins}/authorisations", status_code=201, summary="Authorise a professional")
    async def authorise(ins: str, body: AuthorisationBody, request: Request) -> dict[str, Any]:
        wanted = CardChange(
            action=Action.AUTHORISE,
            professional=body.professional,
            until=body.until,
            permanent=body.permanent,
            scope=body.scope,
        )
        return await own.change(request, ins, wanted)

    @routes.delete("/{ins}/authorisations/{professional}", status_code=NO_CONTENT, summary="Revoke")
    async def revoke(ins: str, professional: str, request: Request) -> Response:
        await own.change(request, ins, CardChange(action=Action.REVOKE, professional=professional))
        return Response(status_code=NO_CONTENT)

    @routes.get("/{ins}/authorisations/{professional}", summary="What a professional was given")
    async def choices_about(ins: str, professional: str, request: Request) -> dict[str, Any]:
        return await asyncio.to_thread(own.access.choices_about, await own.call(request), ins, professional)

    @routes.put("/{ins}/authorisations/{professional}/chosen", summary="Choose what a professional is shown")
    async def choose(ins: str, professional: str, body: ChosenBody, request: Request) -> dict[str, Any]:
        kinds = [DocumentKind(each.class_code, each.domain) for each in body.kinds]
        chosen = await asyncio.to_thread(
            own.access.choose,
            await own.call(request),
            ins,
            professional,
            body.documents,
            kinds,
            body.with_linked,
        )
        return chosen.to_json()


def _add_blocks(routes: APIRouter, own: _Holder) -> None:
    @routes.post("/{ins}/blocks", status_code=201, summary="Block a professional")
    async def block(ins: str, body: ProfessionalBody, request: Request) -> dict[str, Any]:
        return await own.change(request, ins, CardChange(action=Action.BLOCK, professional=body.professional))

    @routes.delete("/{ins}/blocks/{professional}", status_code=NO_CONTENT, summary="Lift a block")
    async def unblock(ins: str, professional: str, request: Request) -> Response:
        await own.change(request, ins, CardChange(action=Action.UNBLOCK, professional=professional))
        return Response(status_code=NO_CONTENT)

    @routes.post("/{ins}/blocked-structures", status_code=201, summary="Block whoever comes from a structure")
    async def block_structure(ins: str, body: StructureBody, request: Request) -> dict[str, Any]:
        return await own.change(request, ins, CardChange(action=Action.BLOCK, structure=body.structure))

    @routes.delete(
        "/{ins}/blocked-structures/{structure}", status_code=NO_CONTENT, summary="Lift a structure's block"
    )
    async def unblock_structure(ins: str, structure: str, request: Request) -> Response:
        await own.change(request, ins, CardChange(action=Action.UNBLOCK, structure=structure))
        return Response(status_code=NO_CONTENT)


def _add_attending(routes: APIRouter, own: _Holder) -> None:
    @routes.post("/{ins}/attending-doctors", status_code=201, summary="Name an attending doctor")
    async def name_attending(ins: str, body: ProfessionalBody, request: Request) -> dict[str, Any]:
        wanted = CardChange(action=Action.NAME_ATTENDING, professional=body.professional)
        return await own.change(request, ins, wanted)

    @routes.delete(
        "/{ins}/attending-doctors/{professional}", status_code=NO_CONTENT, summary="End that status"
    )
    async def remove_attending(ins: str, professional: str, request: Request) -> Response:
        await own.change(request, ins, CardChange(action=Action.REMOVE_ATTENDING, professional=professional))
        return Response(status_code=NO_CONTENT)


def _add_emergency_and_consent(routes: APIRouter, own: _Holder) -> None:
    @routes.put("/{ins}/emergency", summary="Allow or oppose each emergency mode")
    async def emergency(ins: str, body: EmergencyBody, request: Request) -> dict[str, Any]:
        wanted = CardChange(
            action=Action.SET_EMERGENCY, emergency=Emergency(body.bris_de_glace, body.centre_15)
        )
        choices = await own.change(request, ins, wanted)
        found: dict[str, Any] = choices["emergency"]
        return found

    @routes.put("/{ins}/consent", status_code=NO_CONTENT, summary="Give consent, first or again")
    async def give_consent(ins: str, request: Request) -> Response:
        await own.change(request, ins, CardChange(action=Action.GIVE_CONSENT))
        return Response(status_code=NO_CONTENT)

    @routes.delete("/{ins}/consent", status_code=NO_CONTENT, summary="Withdraw all consent")
    async def withdraw_consent(ins: str, request: Request) -> Response:
        await own.change(request, ins, CardChange(action=Action.WITHDRAW_CONSENT))
        return Response(status_code=NO_CONTENT)
