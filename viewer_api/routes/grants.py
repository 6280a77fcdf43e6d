"""`POST /grants` and `POST /grants/{id}/urls`: keys sealed to a recipient, and new addresses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from keyvault.credentials.tokens import Credential
from records.text.base64url import unb64
from records.vocabulary.codes import PurposeOfUse
from viewer_api.call_headers import call_with
from viewer_api.grant_addresses import AddressedGrants
from viewer_api.granting import GrantRequest

CLIENT_OF_0_1 = "coffre"
"""The client of 0.1.0 takes every blob of a series for its metadata; the later ones name their version."""

UID = Annotated[str, Field(min_length=1, max_length=64)]
Id = Annotated[UUID, Field(strict=False)]  # JSON has no type for it but text


class GrantBody(BaseModel):
    """Neither studies nor documents: everything the actor may see."""

    model_config = ConfigDict(extra="forbid", strict=True)

    record: str = Field(description="INS or public id of the record")
    studies: list[UID] = Field(default_factory=list, max_length=1000)
    documents: list[Id] = Field(default_factory=list, max_length=1000)
    purpose: Literal["normal", "bris_de_glace", "centre_15"] = "normal"
    reason: str | None = Field(default=None, max_length=1000)
    suite: Literal[1, 2] = 1
    recipient: str = Field(description="X25519 public key, base64url without padding")


def router(grants: AddressedGrants, authenticate: Callable[[Request], Awaitable[Credential]]) -> APIRouter:
    routes = APIRouter(tags=["Grants"])

    @routes.post("/grants", status_code=201, summary="Keys of documents, sealed to a recipient")
    async def create(body: GrantBody, request: Request) -> JSONResponse:
        credential = await authenticate(request)
        call = call_with(credential, PurposeOfUse(body.purpose), body.reason)
        wanted = GrantRequest(
            body.record,
            tuple(body.studies),
            tuple(body.documents),
            unb64(body.recipient, 32),
            body.suite,
            renditions=request.headers.get("user-agent") != CLIENT_OF_0_1,
        )
        grant: dict[str, Any] = await asyncio.to_thread(grants.grant, call, wanted)
        return JSONResponse(grant, status_code=201)

    @routes.post("/grants/{grant_id}/urls", summary="New addresses for a grant that still holds")
    async def renew(grant_id: UUID, request: Request) -> dict[str, Any]:
        credential = await authenticate(request)
        return await asyncio.to_thread(grants.renew, call_with(credential), grant_id)

    return routes
