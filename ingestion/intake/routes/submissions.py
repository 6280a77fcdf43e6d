"""`GET /submissions/{id}`: tell a depositor the state and verdicts of a deposit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request

from ingestion.intake.reception import Depositor
from ingestion.intake.use_cases import Intake
from storage.rows import PartVerdict, Submission


def router(intake: Intake, authenticate: Callable[[Request], Awaitable[Depositor]]) -> APIRouter:
    routes = APIRouter(tags=["Submissions"])

    @routes.get("/submissions/{submission_id}", summary="State and verdicts of one's own submission")
    async def read(submission_id: UUID, request: Request) -> dict[str, Any]:
        depositor = await authenticate(request)
        depositor.check_body(b"")
        row, parts = await asyncio.to_thread(intake.submission, depositor, submission_id)
        return submission_json(row, parts)

    return routes


def submission_json(row: Submission, parts: list[PartVerdict]) -> dict[str, Any]:
    """The body that docs/api.md shows."""
    return {
        "id": str(row.submission_id),
        "state": row.state,
        "parts": [_part(part) for part in parts],
    }


def _part(part: PartVerdict) -> dict[str, Any]:
    shown: dict[str, Any] = {"outcome": part.outcome, "code": part.code, "reason": part.reason}
    if part.document_id is not None:
        shown["document"] = str(part.document_id)
    return shown
