"""Own information: `POST /fhir/{declared}` and `PUT /fhir/{declared}/{entry}`, by the holder.

Intake opens nothing: a worker judges the resource, like every document
(docs/adr/0029-own-information.md).
"""

from collections.abc import Awaitable, Callable
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.convertors import StringConvertor, register_url_convertor

from ingestion.envelope import ENTRY, EntryHeaders, SubmissionHeaders
from ingestion.intake.fhir.entry_request import EntryRequest, read_entry_request
from ingestion.intake.reception import Depositor
from ingestion.intake.routes.stow import headers_of
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import FINAL
from ingestion.outcomes import PartOutcome
from records.errors import Invalid, Refused
from records.fhir.addresses import RESOURCE_ID
from records.fhir.wording import FHIR_JSON, operation_outcome
from records.profile.kinds import RESOURCES
from records.vocabulary.codes import Role
from storage.rows.submissions import PartVerdict

LARGEST_BODY = 64 * 1024
_KEPT = frozenset({PartOutcome.PUBLISHED.value, PartOutcome.DUPLICATE.value})
_REFUSED = {"not_newest": 412, "not_entitled": 403}
Authenticate = Callable[[Request], Awaitable[Depositor]]
_DESCRIBED = {
    "requestBody": {
        "content": {FHIR_JSON: {"schema": {"type": "object", "title": "A resource of own information"}}},
        "required": True,
    }
}


class _Declared(StringConvertor):
    """The types of resources that own information is."""

    regex = "|".join(sorted(RESOURCES))


class _Id(StringConvertor):
    regex = RESOURCE_ID


register_url_convertor("declared", _Declared())
register_url_convertor("fhir_id", _Id())


def router(intake: Intake, authenticate: Authenticate, public_url: str) -> APIRouter:
    routes = APIRouter(tags=["FHIR"])

    async def deposited(request: Request, declared: str, entry: str | None) -> Response:
        depositor = await authenticate(request)
        record = _own_record(depositor)
        asked = read_entry_request(headers_of(request), request.query_params.multi_items(), entry)
        body = await _body(request)
        depositor.check_body(body)
        submission_id = await intake.receive_bytes(depositor, record, _headers(declared, asked), body)
        row = await intake.verdict(submission_id, not asked.respond_async)
        location = f"/submissions/{submission_id}"
        if row.state not in FINAL:
            later = {"Location": public_url + location, "Content-Location": location}
            return Response(status_code=202, headers=later)
        _, parts = intake.submission(depositor, submission_id)
        return _answer(f"{public_url}/fhir/{declared}", asked, parts[0], location)

    @routes.post("/fhir/{declared:declared}", summary="Declare own information", openapi_extra=_DESCRIBED)
    async def create(declared: str, request: Request) -> Response:
        return await deposited(request, declared, None)

    @routes.put("/fhir/{declared:declared}/{entry:fhir_id}", summary="Change it", openapi_extra=_DESCRIBED)
    async def update(declared: str, entry: str, request: Request) -> Response:
        return await deposited(request, declared, entry)

    return routes


def _own_record(depositor: Depositor) -> str:
    """The INS of the holder who deposits. Raises `Refused` for everybody else."""
    actor = depositor.actor
    if actor.role is not Role.PATIENT or actor.ins is None:
        raise Refused("Own information is the patient's alone to state.", code="role_not_entitled")
    return actor.ins.value


def _headers(resource: str, asked: EntryRequest) -> SubmissionHeaders:
    entry = EntryHeaders(resource=resource, request=asked.request or str(uuid4()), replaced=asked.replaced)
    return SubmissionHeaders(kind=ENTRY, labels=tuple(asked.labels), entry=entry)


async def _body(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > LARGEST_BODY:
            raise Invalid("An entry of own information has at most 16 KiB.", code="too_large")
        pieces.append(piece)
    return b"".join(pieces)


def _answer(address: str, asked: EntryRequest, part: PartVerdict, location: str) -> Response:
    headers = {"Content-Location": location}
    if part.outcome not in _KEPT:
        body = operation_outcome(
            part.code, part.reason, "conflict" if part.code == "not_newest" else "invalid"
        )
        return JSONResponse(body, _REFUSED.get(part.code, 422), headers, media_type=FHIR_JSON)
    entry = asked.replaced.entry if asked.replaced else part.document_id
    headers |= {
        "Location": f"{address}/{entry}/_history/{part.document_id}",
        "ETag": f'W/"{part.document_id}"',
    }
    is_new = asked.replaced is None and part.outcome == PartOutcome.PUBLISHED.value
    return Response(status_code=201 if is_new else 200, headers=headers)
