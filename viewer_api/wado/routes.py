"""Addresses of the retrieve transactions of a record (PS3.18 section 10.4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from keyvault.credentials.tokens import Credential
from keyvault.verbs.attempt import Call
from viewer_api.calling import call_of
from viewer_api.wado import metadata
from viewer_api.wado.accept import MediaRange, Offer, accepted, choose
from viewer_api.wado.media_types import DICOM_JSON, JSON
from viewer_api.wado.multipart import Body
from viewer_api.wado.opened_study import OpenedStudy
from viewer_api.wado.resources import check_uids, frame_numbers
from viewer_api.wado.retrieval import Retrieval

HEADERS = {
    "Cache-Control": "private, no-store",
    # whatever an instance holds, opened by a browser it runs nothing and loads nothing as a page of ours
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
_STUDY = "/records/{ins}/dicomweb/studies/{study}"
_SERIES = _STUDY + "/series/{uid}"
_INSTANCE = _SERIES + "/instances/{sop}"
_METADATA = [Offer(DICOM_JSON), Offer(JSON)]


class Studies(Protocol):
    """The gateway, as far as it is needed here."""

    def study(self, call: Call, locator: str, study_uid: str) -> OpenedStudy: ...


Ranges = tuple[MediaRange, ...]
Work = Callable[[Retrieval, Ranges], Body]


class Wado:
    """One request: who asks, what is accepted, the study it is about, the answer."""

    def __init__(
        self, gateway: Studies, authenticate: Callable[[Request], Awaitable[Credential]], public_url: str
    ) -> None:
        self._gateway = gateway
        self._authenticate = authenticate
        self._origin = public_url.rstrip("/")

    async def body(self, request: Request, ins: str, study: str, work: Work) -> Response:
        """The answer that `work` makes; it begins in a thread before any header is sent."""
        ranges = accepted_by(request)
        call = call_of(request, await self._authenticate(request))
        return sent(request, *await asyncio.to_thread(self._begun, call, ins, study, work, ranges))

    def _begun(self, call: Call, ins: str, study: str, work: Work, ranges: Ranges) -> tuple[Body, bytes]:
        body = work(self._opened(call, ins, study), ranges)
        # a damaged object, or a store that is down, is an answer of its own
        return body, next(body.pieces, b"")

    def _opened(self, call: Call, ins: str, study: str) -> Retrieval:
        base = f"{self._origin}/records/{quote(ins)}/dicomweb/studies/{study}"
        return Retrieval(self._gateway.study(call, ins, study), base)

    async def metadata(
        self, request: Request, ins: str, study: str, uid: str | None = None, sop: str | None = None
    ) -> Response:
        """Metadata as DICOM JSON, or 304 (RFC 9110 section 15.4.5)."""
        media_type = choose(accepted_by(request), _METADATA).media_type
        call = call_of(request, await self._authenticate(request))
        coding = "gzip" if metadata.takes_gzip(request.headers.get("accept-encoding")) else "identity"
        base = f"{self._origin}/records/{quote(ins)}"

        def begun() -> tuple[str, Iterator[bytes] | None, bytes]:
            found, datasets = self._opened(call, ins, study).described(uid, sop)
            tag = metadata.tag_of(found, base, coding)
            if metadata.matches(request.headers.get("if-none-match"), tag):
                return tag, None, b""
            pieces = metadata.written(datasets())
            pieces = metadata.zipped(pieces) if coding == "gzip" else pieces
            return tag, pieces, next(pieces, b"")

        tag, pieces, first = await asyncio.to_thread(begun)
        headers = {**HEADERS, "ETag": tag, "Vary": "Accept, Accept-Encoding"}
        if pieces is None:
            return Response(status_code=304, headers=headers)
        if coding == "gzip":
            headers["Content-Encoding"] = coding
        answer = sent(request, Body(media_type, None, pieces), first)
        answer.headers.update(headers)
        return answer


def accepted_by(request: Request) -> Ranges:
    """`accept` in the query comes before the header (PS3.18 section 8.3.3.1)."""
    return accepted(request.query_params.getlist("accept"), request.headers.getlist("accept"))


def sent(request: Request, body: Body, first: bytes, status: int = 200) -> Response:
    """A body whose first piece is there; the others are read in threads while it is sent."""
    headers = dict(HEADERS)
    if body.length is not None:
        headers["Content-Length"] = str(body.length)
    if body.location is not None:
        headers["Content-Location"] = body.location
    headers["Content-Type"] = body.content_type
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_in_threads(first, body.pieces), status_code=status, headers=headers)


async def _in_threads(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = await asyncio.to_thread(next, pieces, b"")


def router(
    gateway: Studies, authenticate: Callable[[Request], Awaitable[Credential]], public_url: str
) -> APIRouter:
    routes = APIRouter(tags=["DICOMweb WADO-RS"])
    wado = Wado(gateway, authenticate, public_url)

    @routes.get(_STUDY, summary="Every instance of a study")
    async def study(ins: str, study: str, request: Request) -> Response:
        check_uids(study)
        return await wado.body(request, ins, study, lambda found, ranges: found.instances(ranges, None, None))

    @routes.get(_SERIES, summary="Every instance of a series")
    async def series(ins: str, study: str, uid: str, request: Request) -> Response:
        check_uids(study, uid)
        return await wado.body(request, ins, study, lambda found, ranges: found.instances(ranges, uid, None))

    @routes.get(_INSTANCE, summary="An instance")
    async def instance(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        check_uids(study, uid, sop)
        return await wado.body(request, ins, study, lambda found, ranges: found.instances(ranges, uid, sop))

    @routes.get(_STUDY + "/metadata", summary="Metadata of a study")
    async def study_metadata(ins: str, study: str, request: Request) -> Response:
        check_uids(study)
        return await wado.metadata(request, ins, study)

    @routes.get(_SERIES + "/metadata", summary="Metadata of a series")
    async def series_metadata(ins: str, study: str, uid: str, request: Request) -> Response:
        check_uids(study, uid)
        return await wado.metadata(request, ins, study, uid)

    @routes.get(_INSTANCE + "/metadata", summary="Metadata of an instance")
    async def instance_metadata(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        check_uids(study, uid, sop)
        return await wado.metadata(request, ins, study, uid, sop)

    @routes.get(_INSTANCE + "/frames/{frames}", summary="Frames of an instance")
    async def frames(ins: str, study: str, uid: str, sop: str, frames: str, request: Request) -> Response:
        check_uids(study, uid, sop)
        numbers = frame_numbers(frames)
        return await wado.body(
            request, ins, study, lambda found, ranges: found.frames(ranges, uid, sop, numbers)
        )

    return routes
