"""STOW-RS: `POST …/dicomweb/studies` and `…/studies/{study}` (PS3.18 section 10.5)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, Request, Response

from ingestion.answers import AnswerKey, NamedInstance
from ingestion.envelope import SubmissionHeaders
from ingestion.intake.reception import Depositor
from ingestion.intake.stow.request import StoreRequest, check_study_uid, read_store_request
from ingestion.intake.stow.response import ALL_STORED, answer, encoded, status_of
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import FINAL
from storage.rows.submissions import PartVerdict

Authenticate = Callable[[Request], Awaitable[Depositor]]


def router(intake: Intake, authenticate: Authenticate, public_url: str) -> APIRouter:
    """The routes; `authenticate` names the depositor or raises."""
    routes = APIRouter(tags=["DICOMweb STOW-RS"])

    async def store(request: Request, ins: str | None, study: str | None) -> Response:
        # nothing is read before these pass: a client that sent Expect: 100-continue sends no body
        depositor = await authenticate(request)
        asked = request.query_params.get("accept")  # it wins over the header (PS3.18 section 8.3.3.1)
        wanted = read_store_request({**headers_of(request), **({"accept": asked} if asked else {})})
        about = check_study_uid(study) if study is not None else None
        key = AnswerKey()
        headers = SubmissionHeaders(
            kind="dicom",
            payload=wanted.payload,
            study=about,
            answer_key=key.public,
            labels=tuple(wanted.labels),
        )
        submission_id = await intake.receive_stream(depositor, ins, headers, wanted.reader, request.stream())
        row = await intake.verdict(submission_id, not wanted.respond_async)
        location = f"/submissions/{submission_id}"
        if row.state not in FINAL:
            return _later(wanted, public_url + location, location)
        _, parts = await asyncio.to_thread(intake.submission, depositor, submission_id)
        names = key.open(row.answer)
        return _answer(wanted, parts, names, location)

    @routes.post("/dicomweb/studies", summary="Store instances; their INS names the record")
    async def store_anywhere(request: Request) -> Response:
        return await store(request, None, None)

    @routes.post("/dicomweb/studies/{study}", summary="Store instances of one study")
    async def store_study_anywhere(study: str, request: Request) -> Response:
        return await store(request, None, study)

    @routes.post("/records/{ins}/dicomweb/studies", summary="Store instances in one record")
    async def store_in_record(ins: str, request: Request) -> Response:
        return await store(request, ins, None)

    @routes.post(
        "/records/{ins}/dicomweb/studies/{study}", summary="Store instances of one study in a record"
    )
    async def store_study_in_record(ins: str, study: str, request: Request) -> Response:
        return await store(request, ins, study)

    return routes


def headers_of(request: Request) -> dict[str, str]:
    """By lower-case name; a header that comes twice is one list (RFC 9110 section 5.3)."""
    return {name: ", ".join(request.headers.getlist(name)) for name in request.headers}


def _later(wanted: StoreRequest, address: str, location: str) -> Response:
    headers = {"Location": address, "Content-Location": location}
    if wanted.respond_async:
        headers["Preference-Applied"] = "respond-async"
    return Response(status_code=202, headers=headers)


def _answer(
    wanted: StoreRequest,
    parts: Sequence[PartVerdict],
    names: dict[int, NamedInstance],
    location: str,
) -> Response:
    status, headers = status_of(parts), {"Content-Location": location}
    if wanted.minimal and status == ALL_STORED:
        return Response(status_code=status, headers={**headers, "Preference-Applied": "return=minimal"})
    body, content_type = encoded(answer(parts, names), wanted.answer_type)
    return Response(body, status, headers, content_type)
