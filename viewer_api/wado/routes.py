"""Addresses of the retrieve transactions of a record (PS3.18 section 10.4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from keyvault.credentials.tokens import Credential
from keyvault.verbs.attempt import Call
from viewer_api.calling import call_of
from viewer_api.gateway.gateway import Gateway
from viewer_api.wado import metadata
from viewer_api.wado.accept import MediaRange, Offer, accepted, choose
from viewer_api.wado.media_types import DICOM_JSON, JSON
from viewer_api.wado.multipart import Body
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


Ranges = tuple[MediaRange, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for something of a study, by who has shown a credential. `ranges`: what is accepted."""

    request: Request
    call: Call
    locator: str
    study: str
    ranges: Ranges


class Wado:
    """The retrieve transactions over HTTP."""

    def __init__(
        self, gateway: Gateway, authenticate: Callable[[Request], Awaitable[Credential]], public_url: str
    ) -> None:
        self._gateway = gateway
        self._authenticate = authenticate
        self._origin = public_url.rstrip("/")

    async def asked(self, request: Request, locator: str, study: str, *below: str) -> Asked:
        """Who asks, then whether the address and `Accept` can be read; no record is looked at."""
        call = call_of(request, await self._authenticate(request))
        check_uids(study, *below)
        return Asked(request, call, locator, study, accepted_by(request))

    async def body(self, asked: Asked, work: Callable[[Retrieval], Body]) -> Response:
        """The answer that `work` makes; it begins in a thread, before any header is sent."""

        def begun() -> tuple[Body, bytes]:
            body = work(self._opened(asked))
            # a damaged object, or a store that is down, is an answer of its own
            return body, next(body.pieces, b"")

        return sent(asked.request, *await asyncio.to_thread(begun))

    def _opened(self, asked: Asked) -> Retrieval:
        base = f"{self._origin}/records/{quote(asked.locator)}/dicomweb/studies/{asked.study}"
        return Retrieval(self._gateway.study(asked.call, asked.locator, asked.study), base)

    async def metadata(self, asked: Asked, series: str | None = None, sop: str | None = None) -> Response:
        """Metadata as DICOM JSON, or 304 (RFC 9110 section 15.4.5)."""
        media_type = choose(asked.ranges, _METADATA).media_type
        known, wanted = (asked.request.headers.get(name) for name in ("if-none-match", "accept-encoding"))
        coding = "gzip" if metadata.takes_gzip(wanted) else "identity"

        def begun() -> tuple[str, Iterator[bytes] | None, bytes]:
            retrieval = self._opened(asked)
            found, datasets = retrieval.described(series, sop)
            tag = metadata.tag_of(found, retrieval.base, f"{media_type} {coding}")
            if metadata.matches(known, tag):
                return tag, None, b""
            pieces = metadata.written(datasets())
            pieces = metadata.zipped(pieces) if coding == "gzip" else pieces
            return tag, pieces, next(pieces, b"")

        tag, pieces, first = await asyncio.to_thread(begun)
        headers = {**HEADERS, "ETag": tag, "Vary": "Accept, Accept-Encoding"}
        if pieces is None:
            return Response(status_code=304, headers=headers)
        answer = sent(asked.request, Body(media_type, None, pieces), first)
        answer.headers.update(headers | ({"Content-Encoding": coding} if coding == "gzip" else {}))
        return answer


def accepted_by(request: Request) -> Ranges:
    """`accept` in the query comes before the header (PS3.18 section 8.3.3.1)."""
    return accepted(request.query_params.getlist("accept"), request.headers.getlist("accept"))


def sent(request: Request, body: Body, first: bytes, status: int = 200) -> Response:
    """A body whose first piece is there; the others are read in threads while it is sent."""
    headers = {**HEADERS, "Content-Type": body.content_type}
    if body.length is not None:
        headers["Content-Length"] = str(body.length)
    if body.location is not None:
        headers["Content-Location"] = body.location
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_in_threads(first, body.pieces), status_code=status, headers=headers)


async def _in_threads(first: bytes, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = await asyncio.to_thread(next, pieces, b"")


def router(
    gateway: Gateway, authenticate: Callable[[Request], Awaitable[Credential]], public_url: str
) -> APIRouter:
    routes = APIRouter(tags=["DICOMweb WADO-RS"])
    wado = Wado(gateway, authenticate, public_url)

    @routes.get(_STUDY, summary="Every instance of a study")
    async def study(ins: str, study: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study)
        return await wado.body(asked, lambda found: found.instances(asked.ranges, None, None))

    @routes.get(_SERIES, summary="Every instance of a series")
    async def series(ins: str, study: str, uid: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study, uid)
        return await wado.body(asked, lambda found: found.instances(asked.ranges, uid, None))

    @routes.get(_INSTANCE, summary="An instance")
    async def instance(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study, uid, sop)
        return await wado.body(asked, lambda found: found.instances(asked.ranges, uid, sop))

    @routes.get(_STUDY + "/metadata", summary="Metadata of a study")
    async def study_metadata(ins: str, study: str, request: Request) -> Response:
        return await wado.metadata(await wado.asked(request, ins, study))

    @routes.get(_SERIES + "/metadata", summary="Metadata of a series")
    async def series_metadata(ins: str, study: str, uid: str, request: Request) -> Response:
        return await wado.metadata(await wado.asked(request, ins, study, uid), uid)

    @routes.get(_INSTANCE + "/metadata", summary="Metadata of an instance")
    async def instance_metadata(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        return await wado.metadata(await wado.asked(request, ins, study, uid, sop), uid, sop)

    @routes.get(_INSTANCE + "/frames/{frames}", summary="Frames of an instance")
    async def frames(ins: str, study: str, uid: str, sop: str, frames: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study, uid, sop)
        numbers = frame_numbers(frames)
        return await wado.body(asked, lambda found: found.frames(asked.ranges, uid, sop, numbers))

    return routes
