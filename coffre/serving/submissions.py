"""`GET /submissions/{id}`: tell a depositor the verdicts of a deposit, and what became of its documents.

The verdicts stand in the index, what came later in the vault: so the reader answers, which may ask both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request

from ingestion.intake.reception import Depositor
from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from keyvault.verbs.reader.document.following import DocumentStanding
from records.errors import NotFound
from records.vocabulary.codes import Role
from storage.ports.index import ReaderIndex
from storage.rows.submissions import PartVerdict
from viewer_api.access import Access
from viewer_api.call_headers import call_of
from viewer_api.presenting import standing_json

Standings = Mapping[UUID, DocumentStanding]


def router(
    index: ReaderIndex,
    access: Access,
    authenticate: Callable[[Request], Awaitable[Credential]],
    depositor: Callable[[Request], Awaitable[Depositor]],
) -> APIRouter:
    """`authenticate` gives the credential as shown, `depositor` who may deposit, or raises `Refused`."""
    routes = APIRouter(tags=["Submissions"])

    @routes.get("/submissions/{submission_id}", summary="State and verdicts of one's own submission")
    async def read(submission_id: UUID, request: Request) -> dict[str, Any]:
        own = await depositor(request)
        own.check_body(b"")
        call = call_of(request, await authenticate(request))
        return await asyncio.to_thread(_told, index, access, own, call, submission_id)

    return routes


def _told(
    index: ReaderIndex, access: Access, own: Depositor, call: Call, submission_id: UUID
) -> dict[str, Any]:
    found = index.verdicts(submission_id, own.token)
    if found is None:
        raise NotFound("There is no such submission of yours.", code="no_such_submission")
    state, parts = found
    standings = _standings(access, own, call, parts)
    return {
        "id": str(submission_id),
        "state": state,
        "parts": [_part(part, standings) for part in parts],
    }


def _standings(access: Access, own: Depositor, call: Call, parts: Sequence[PartVerdict]) -> Standings:
    """What is news of its documents (R31); a holder reads of her own what she reads of all."""
    documents = [part.document_id for part in parts if part.document_id is not None]
    if not documents or own.actor.role is Role.PATIENT:
        return {}
    return {each.document_id: each for each in access.followed(call, documents) if each.is_news}


def _part(part: PartVerdict, standings: Standings) -> dict[str, Any]:
    shown: dict[str, Any] = {"outcome": part.outcome, "code": part.code, "reason": part.reason}
    if part.document_id is None:
        return shown
    shown["document"] = str(part.document_id)
    if (standing := standings.get(part.document_id)) is not None:
        became = standing_json(standing)
        shown["became"] = {name: became[name] for name in ("state", "refused")}
    return shown
