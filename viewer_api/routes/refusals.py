"""`/records/{ins}/…`: what the holder refuses, a document or what is yet to come (docs/api.md)."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from keyvault.verbs.call import Call
from keyvault.verbs.reader.holder.changing import CardChange
from records.documents.changes import LONGEST_REASON
from records.vocabulary.codes import Action
from viewer_api.access import Access
from viewer_api.call_headers import call_of
from viewer_api.presenting import standing_json
from viewer_api.routes.choices import StructureBody
from viewer_api.routes.records import NO_CONTENT, Authenticate


class RefusalBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = Field(max_length=LONGEST_REASON)


class RefusedKindBody(BaseModel):
    """The code of a class or of a type of documents."""

    model_config = ConfigDict(extra="forbid", strict=True)
    kind: str = Field(max_length=64)


def router(access: Access, authenticate: Authenticate) -> APIRouter:
    routes = APIRouter(prefix="/records", tags=["Records"])

    async def call(request: Request) -> Call:
        return call_of(request, await authenticate(request))

    async def change(request: Request, ins: str, wanted: CardChange) -> dict[str, Any]:
        return await asyncio.to_thread(access.change, await call(request), ins, wanted)

    @routes.put("/{ins}/documents/{document_id}/refusal", summary="Refuse a document")
    async def refuse(ins: str, document_id: UUID, body: RefusalBody, request: Request) -> dict[str, Any]:
        found = await asyncio.to_thread(access.refuse, await call(request), ins, document_id, body.reason)
        return standing_json(found)

    @routes.delete(
        "/{ins}/documents/{document_id}/refusal", status_code=NO_CONTENT, summary="Take it after all"
    )
    async def admit(ins: str, document_id: UUID, request: Request) -> Response:
        await asyncio.to_thread(access.refuse, await call(request), ins, document_id, None)
        return Response(status_code=NO_CONTENT)

    @routes.post("/{ins}/refused-structures", status_code=201, summary="Take no deposits from a structure")
    async def refuse_structure(ins: str, body: StructureBody, request: Request) -> dict[str, Any]:
        wanted = CardChange(action=Action.REFUSE_DEPOSITS, structure=body.structure)
        return await change(request, ins, wanted)

    @routes.delete("/{ins}/refused-structures/{structure}", status_code=NO_CONTENT, summary="Take them again")
    async def admit_structure(ins: str, structure: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.ADMIT_DEPOSITS, structure=structure))
        return Response(status_code=NO_CONTENT)

    @routes.post("/{ins}/refused-kinds", status_code=201, summary="Take no documents of a class or type")
    async def refuse_kind(ins: str, body: RefusedKindBody, request: Request) -> dict[str, Any]:
        return await change(request, ins, CardChange(action=Action.REFUSE_DEPOSITS, kind=body.kind))

    @routes.delete("/{ins}/refused-kinds/{code}", status_code=NO_CONTENT, summary="Take them again")
    async def admit_kind(ins: str, code: str, request: Request) -> Response:
        await change(request, ins, CardChange(action=Action.ADMIT_DEPOSITS, kind=code))
        return Response(status_code=NO_CONTENT)

    return routes
