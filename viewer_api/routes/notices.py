"""`/records/{ins}/notices` and `/records/{ins}/contacts`: what the holder is told, and where."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.contacting import OwnContact
from records.people.contacts import ContactKind
from viewer_api.call_headers import call_of
from viewer_api.notices import Notices
from viewer_api.presenting import contact_json, notice_json
from viewer_api.routes.records import NO_CONTENT, Authenticate


class ContactBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    address: str = Field(max_length=320)


class CodeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    code: str = Field(max_length=16)


def router(notices: Notices, authenticate: Authenticate) -> APIRouter:
    routes = APIRouter(prefix="/records", tags=["Records"])

    async def call(request: Request) -> Call:
        return call_of(request, await authenticate(request))

    @routes.get("/{ins}/notices", summary="What happened, and the holder has not marked as read")
    async def unread(ins: str, request: Request) -> dict[str, Any]:
        found = await asyncio.to_thread(notices.unread, await call(request), ins)
        return {"notices": [notice_json(notice) for notice in found]}

    @routes.delete(
        "/{ins}/notices/{notice_id}", status_code=NO_CONTENT, summary="The holder has read a notice"
    )
    async def acknowledge(ins: str, notice_id: UUID, request: Request) -> Response:
        await asyncio.to_thread(notices.acknowledge, await call(request), ins, [notice_id])
        return Response(status_code=NO_CONTENT)

    @routes.get("/{ins}/contacts", summary="Where messages to the holder go")
    async def contacts(ins: str, request: Request) -> dict[str, Any]:
        return _shown(await asyncio.to_thread(notices.contacts, await call(request), ins))

    @routes.put("/{ins}/contacts/{kind}", summary="Give an address; a code is sent to it")
    async def put_contact(ins: str, kind: ContactKind, body: ContactBody, request: Request) -> dict[str, Any]:
        asked = await call(request)
        return _shown(await asyncio.to_thread(notices.put_contact, asked, ins, kind, body.address))

    @routes.post("/{ins}/contacts/{kind}/confirmation", summary="Confirm an address by its code")
    async def confirm_contact(
        ins: str, kind: ContactKind, body: CodeBody, request: Request
    ) -> dict[str, Any]:
        asked = await call(request)
        return _shown(await asyncio.to_thread(notices.confirm_contact, asked, ins, kind, body.code))

    @routes.delete("/{ins}/contacts/{kind}", status_code=NO_CONTENT, summary="Keep no address")
    async def delete_contact(ins: str, kind: ContactKind, request: Request) -> Response:
        await asyncio.to_thread(notices.delete_contact, await call(request), ins, kind)
        return Response(status_code=NO_CONTENT)

    return routes


def _shown(contacts: Iterable[OwnContact]) -> dict[str, Any]:
    return {"contacts": [contact_json(contact) for contact in contacts]}
