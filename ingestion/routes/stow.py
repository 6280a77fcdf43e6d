"""STOW-RS: `POST /dicomweb/studies` and `POST /records/{ins}/dicomweb/studies` (PS3.18 section 10.5)."""

import json
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from ingestion.answers import AnswerKey
from ingestion.intake import Intake
from ingestion.multipart import boundary_of
from ingestion.reception import Depositor
from ingestion.stow import answer, status_of
from ingestion.waiting import FINAL

ACCEPTED = frozenset({"application/dicom"})
DICOM_JSON = "application/dicom+json"
Authenticate = Callable[[Request], Awaitable[Depositor]]


def wants_async(request: Request) -> bool:
    """RFC 7240: the client prefers an answer at once."""
    return "respond-async" in request.headers.get("prefer", "").lower()


def router(intake: Intake, authenticate: Authenticate, public_url: str) -> APIRouter:
    """The routes; `authenticate` names the depositor or raises."""
    routes = APIRouter(tags=["DICOMweb STOW-RS"])

    async def store(request: Request, ins: str | None, prefix: str) -> Response:
        depositor = await authenticate(request)
        boundary = boundary_of(request.headers.get("content-type", ""))
        key = AnswerKey()
        headers = {"kind": "dicom", **key.header}
        submission_id = await intake.receive_multipart(
            depositor, ins, headers, boundary, ACCEPTED, request.stream()
        )
        row = await intake.verdict(submission_id, not wants_async(request))
        location = f"/submissions/{submission_id}"
        if row.state not in FINAL:
            return Response(
                status_code=202, headers={"Location": public_url + location, "Content-Location": location}
            )
        _, parts = intake.submission(depositor, submission_id)
        body = answer(parts, key.open(row.answer), f"{public_url}{prefix}/studies")
        return Response(
            json.dumps(body),
            status_code=status_of(parts),
            media_type=DICOM_JSON,
            headers={"Content-Location": location},
        )

    @routes.post("/dicomweb/studies", summary="Store instances; their INS names the record")
    async def store_anywhere(request: Request) -> Response:
        return await store(request, None, "/dicomweb")

    @routes.post("/records/{ins}/dicomweb/studies", summary="Store instances in one record")
    async def store_in_record(ins: str, request: Request) -> Response:
        return await store(request, ins, f"/records/{ins}/dicomweb")

    return routes
