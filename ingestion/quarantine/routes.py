"""`/quarantine`: list what was set aside; two operators discharge or destroy it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ingestion.quarantine.listing import LARGEST_PAGE, PAGE, Quarantine, read_key, write_key
from keyvault.credentials.possession import presented_with
from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from keyvault.verbs.operator.quarantine import JobSeen
from records.text.numbers import digits

Authenticate = Callable[[Request], Awaitable[Credential]]
Limit = Annotated[int, BeforeValidator(digits), Query(ge=1, le=LARGEST_PAGE)]


class DischargeBody(BaseModel):
    """`record`: an INS or a public id. The second operator names it again."""

    model_config = ConfigDict(extra="forbid", strict=True)
    record: str = Field(max_length=64)
    reason: str = Field(max_length=500)


class DestroyBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reason: str = Field(max_length=500)


def router(quarantine: Quarantine, authenticate: Authenticate) -> APIRouter:
    routes = APIRouter(prefix="/quarantine", tags=["Quarantine"])

    async def call(request: Request) -> Call:
        credential = await authenticate(request)
        return Call(
            token=credential.token,
            presented=presented_with(credential),
            certificate=credential.certificate,
        )

    @routes.get("", summary="What lies under quarantine, oldest first")
    async def read(request: Request, after: str | None = None, limit: Limit = PAGE) -> dict[str, Any]:
        place = read_key(after)
        page = await asyncio.to_thread(quarantine.page, await call(request), place, limit)
        return {"quarantined": [item.to_json() for item in page.items], "next": write_key(page.after)}

    @routes.get("/{document_id}", summary="One document under quarantine")
    async def show(document_id: UUID, request: Request) -> dict[str, Any]:
        item = await asyncio.to_thread(quarantine.item, await call(request), document_id)
        return item.to_json()

    @routes.post("/{document_id}/release", summary="Propose a release into a record, or agree to it")
    async def discharge(document_id: UUID, body: DischargeBody, request: Request) -> dict[str, Any]:
        asked = (await call(request), document_id, body.record, body.reason)
        return job_json(document_id, await asyncio.to_thread(quarantine.discharge, *asked))

    @routes.post("/{document_id}/destroy", summary="Propose a destruction, or agree to it")
    async def destroy(document_id: UUID, body: DestroyBody, request: Request) -> dict[str, Any]:
        asked = (await call(request), document_id, body.reason)
        return job_json(document_id, await asyncio.to_thread(quarantine.destroy, *asked))

    return routes


def job_json(document_id: UUID, job: JobSeen) -> dict[str, Any]:
    """`state` is "proposed" until a second operator agrees."""
    return {"id": str(document_id), "job": str(job.job_id), "kind": job.kind, "state": job.state}
