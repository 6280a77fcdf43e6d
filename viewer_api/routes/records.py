"""`/records…`: what a record holds, what its holder decides, who consulted it (docs/api.md)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.authorising import LARGEST_PAGE, PAGE
from keyvault.verbs.reader.holder.changing import CardChange
from keyvault.verbs.reader.lists.filling import ListPage
from keyvault.verbs.reader.log.log_reading import LogFilter
from records.card.card import Emergency
from records.choices.authorisations import DocumentKind, Scope
from records.choices.authorising import MOST_KINDS
from records.text.base64url import b64
from records.vocabulary.codes import Action, Outcome, PurposeOfUse
from viewer_api.access import Access
from viewer_api.call_headers import call_of
from viewer_api.cursors import read_position
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

    async def change(request: Request, ins: str, wanted: CardChange) -> dict[str, Any]:
        return await asyncio.to_thread(access.change, await call(request), ins, wanted)

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

    @routes.get("/{ins}/authorisations", summary="The holder's choices")
    async def choices(
        ins: str,
        request: Request,
        after: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[Whole, Query(ge=1, le=LARGEST_PAGE)] = PAGE,
    ) -> dict[str, Any]:
        found = await asyncio.to_thread(access.choices, await call(request), ins, read_position(after), limit)
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
        return await change(request, ins, wanted)

    @routes.delete("/{ins}/authorisations/{professional}", status_code=NO_CONTENT, summary="Revoke")
    async def revoke(ins: str, professional: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.REVOKE, professional=professional))
        return Response(status_code=NO_CONTENT)

    @routes.get("/{ins}/authorisations/{professional}", summary="What a professional was given")
    async def choices_about(ins: str, professional: str, request: Request) -> dict[str, Any]:
        return await asyncio.to_thread(access.choices_about, await call(request), ins, professional)

    @routes.put("/{ins}/authorisations/{professional}/chosen", summary="Choose what a professional is shown")
    async def choose(ins: str, professional: str, body: ChosenBody, request: Request) -> dict[str, Any]:
        kinds = [DocumentKind(each.class_code, each.domain) for each in body.kinds]
        chosen = await asyncio.to_thread(
            access.choose,
            await call(request),
            ins,
            professional,
            body.documents,
            kinds,
            body.with_linked,
        )
        return chosen.to_json()

    @routes.post("/{ins}/blocks", status_code=201, summary="Block a professional")
    async def block(ins: str, body: ProfessionalBody, request: Request) -> dict[str, Any]:
        return await change(request, ins, CardChange(action=Action.BLOCK, professional=body.professional))

    @routes.delete("/{ins}/blocks/{professional}", status_code=NO_CONTENT, summary="Lift a block")
    async def unblock(ins: str, professional: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.UNBLOCK, professional=professional))
        return Response(status_code=NO_CONTENT)

    @routes.post("/{ins}/blocked-structures", status_code=201, summary="Block whoever comes from a structure")
    async def block_structure(ins: str, body: StructureBody, request: Request) -> dict[str, Any]:
        return await change(request, ins, CardChange(action=Action.BLOCK, structure=body.structure))

    @routes.delete(
        "/{ins}/blocked-structures/{structure}", status_code=NO_CONTENT, summary="Lift a structure's block"
    )
    async def unblock_structure(ins: str, structure: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.UNBLOCK, structure=structure))
        return Response(status_code=NO_CONTENT)

    @routes.post("/{ins}/attending-doctors", status_code=201, summary="Name an attending doctor")
    async def name_attending(ins: str, body: ProfessionalBody, request: Request) -> dict[str, Any]:
        wanted = CardChange(action=Action.NAME_ATTENDING, professional=body.professional)
        return await change(request, ins, wanted)

    @routes.delete(
        "/{ins}/attending-doctors/{professional}", status_code=NO_CONTENT, summary="End that status"
    )
    async def remove_attending(ins: str, professional: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.REMOVE_ATTENDING, professional=professional))
        return Response(status_code=NO_CONTENT)

    @routes.put("/{ins}/emergency", summary="Allow or oppose each emergency mode")
    async def emergency(ins: str, body: EmergencyBody, request: Request) -> dict[str, Any]:
        wanted = CardChange(
            action=Action.SET_EMERGENCY, emergency=Emergency(body.bris_de_glace, body.centre_15)
        )
        choices = await change(request, ins, wanted)
        found: dict[str, Any] = choices["emergency"]
        return found

    @routes.put("/{ins}/consent", status_code=NO_CONTENT, summary="Give consent, first or again")
    async def give_consent(ins: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.GIVE_CONSENT))
        return Response(status_code=NO_CONTENT)

    @routes.delete("/{ins}/consent", status_code=NO_CONTENT, summary="Withdraw all consent")
    async def withdraw_consent(ins: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.WITHDRAW_CONSENT))
        return Response(status_code=NO_CONTENT)

    return routes
