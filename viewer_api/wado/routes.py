"""Addresses of the retrieve transactions of a record (PS3.18 section 10.4)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from content.pixels.children import PixelChildren
from keyvault.credentials.tokens import Credential
from keyvault.verbs.attempt import Call
from viewer_api.call_headers import call_of
from viewer_api.gateway.gateway import Gateway
from viewer_api.gateway.opened_study import OpenedStudy
from viewer_api.wado import metadata
from viewer_api.wado.accept import MediaRange, Offer, accepted, choose
from viewer_api.wado.bulk_data import PARTIAL, Ranged, bulk_data
from viewer_api.wado.media_types import DICOM_JSON, JSON
from viewer_api.wado.multipart import Body
from viewer_api.wado.resources import attribute_path, check_uids, frame_numbers
from viewer_api.wado.retrieval import Retrieval
from viewer_api.wado.streaming import HEADERS, Begun, in_a_thread, sent

STUDY = "/records/{ins}/dicomweb/studies/{study}"
SERIES = STUDY + "/series/{uid}"
INSTANCE = SERIES + "/instances/{sop}"
_METADATA = [Offer(DICOM_JSON), Offer(JSON)]
Ranges = tuple[MediaRange, ...]
Authenticate = Callable[[Request], Awaitable[Credential]]


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
        self, gateway: Gateway, pixels: PixelChildren, authenticate: Authenticate, public_url: str
    ) -> None:
        self._gateway = gateway
        self._pixels = pixels
        self._authenticate = authenticate
        self._origin = public_url.rstrip("/")

    async def asked(self, request: Request, locator: str, study: str, *below: str) -> Asked:
        """Who asks, then whether the address and `Accept` can be read; no record is looked at."""
        call = call_of(request, await self._authenticate(request))
        check_uids(study, *below)
        return Asked(request, call, locator, study, accepted_by(request))

    async def body(self, asked: Asked, work: Callable[[Retrieval], Body]) -> Response:
        """The answer that `work` makes; it begins in a thread, before any header is sent."""

        def begun() -> tuple[Begun, Retrieval]:
            retrieval = self._opened(asked)
            return Begun(work(retrieval)), retrieval

        body, retrieval = await in_a_thread(begun)
        return warned(sent(asked.request, body), retrieval)

    async def bulk_data(self, asked: Asked, series: str, sop: str, path: Sequence[str | int]) -> Response:
        """Bulk data, whole or by range (RFC 9110 section 14)."""
        headers = asked.request.headers
        # nothing here has a validator that If-Range could name: the whole is the answer (RFC 9110 section
        # 13.1.5)
        wanted = None if "if-range" in headers else headers.get("range")

        def begun() -> tuple[Ranged, Begun, Retrieval]:
            retrieval = self._opened(asked)
            found = bulk_data(retrieval, asked.ranges, series, sop, path, wanted)
            return found, Begun(found.body), retrieval

        found, body, retrieval = await in_a_thread(begun)
        if found.span is None:
            return warned(sent(asked.request, body), retrieval)
        first, last, size = found.span
        shown = {"Content-Range": f"bytes {first}-{last}/{size}"}
        return warned(sent(asked.request, body, PARTIAL, shown), retrieval)

    def opened_study(self, asked: Asked) -> OpenedStudy:
        """Raises `NotAuthorised`, or `NotFound` for a hidden or absent study."""
        return self._gateway.study(asked.call, asked.locator, asked.study)

    def _opened(self, asked: Asked) -> Retrieval:
        base = f"{self._origin}/records/{quote(asked.locator)}/dicomweb/studies/{asked.study}"
        return Retrieval(self.opened_study(asked), base, self._pixels)

    async def metadata(self, asked: Asked, series: str | None = None, sop: str | None = None) -> Response:
        """Metadata as DICOM JSON, or 304 (RFC 9110 section 15.4.5)."""
        media_type = choose(asked.ranges, _METADATA).media_type
        known, wanted = (asked.request.headers.get(name) for name in ("if-none-match", "accept-encoding"))
        coding = "gzip" if metadata.takes_gzip(wanted) else "identity"

        def begun() -> tuple[Retrieval, str, Begun | None]:
            retrieval = self._opened(asked)
            found, datasets = retrieval.described(series, sop)
            tag = metadata.tag_of(found, retrieval.base, f"{media_type} {coding}")
            if metadata.matches(known, tag):
                return retrieval, tag, None
            pieces = metadata.written(datasets())
            pieces = metadata.zipped(pieces) if coding == "gzip" else pieces
            return retrieval, tag, Begun(Body(media_type, None, pieces))

        retrieval, tag, body = await in_a_thread(begun)
        headers = {"ETag": tag, "Vary": "Accept, Accept-Encoding"}
        if body is None:
            return Response(status_code=304, headers={**HEADERS, **headers})
        if coding == "gzip":
            headers["Content-Encoding"] = coding
        return warned(sent(asked.request, body, more=headers), retrieval)


def warned(answer: Response, retrieval: Retrieval) -> Response:
    """With what has to be known of identifiers that two structures used."""
    for each in sorted(retrieval.warnings):
        answer.headers.append("Warning", f'299 coffre "{each}"')
    return answer


def accepted_by(request: Request) -> Ranges:
    """`accept` in the query comes before the header (PS3.18 section 8.3.3.1)."""
    return accepted(request.query_params.getlist("accept"), request.headers.getlist("accept"))


def router(wado: Wado) -> APIRouter:
    routes = APIRouter(tags=["DICOMweb WADO-RS"])

    @routes.get(STUDY, summary="Every instance of a study")
    async def study(ins: str, study: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study)
        return await wado.body(asked, lambda found: found.instances(asked.ranges, None, None))

    @routes.get(SERIES, summary="Every instance of a series")
    async def series(ins: str, study: str, uid: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study, uid)
        return await wado.body(asked, lambda found: found.instances(asked.ranges, uid, None))

    @routes.get(INSTANCE, summary="An instance")
    async def instance(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study, uid, sop)
        return await wado.body(asked, lambda found: found.instances(asked.ranges, uid, sop))

    @routes.get(STUDY + "/metadata", summary="Metadata of a study")
    async def study_metadata(ins: str, study: str, request: Request) -> Response:
        return await wado.metadata(await wado.asked(request, ins, study))

    @routes.get(SERIES + "/metadata", summary="Metadata of a series")
    async def series_metadata(ins: str, study: str, uid: str, request: Request) -> Response:
        return await wado.metadata(await wado.asked(request, ins, study, uid), uid)

    @routes.get(INSTANCE + "/metadata", summary="Metadata of an instance")
    async def instance_metadata(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        return await wado.metadata(await wado.asked(request, ins, study, uid, sop), uid, sop)

    @routes.get(INSTANCE + "/frames/{frames}", summary="Frames of an instance")
    async def frames(ins: str, study: str, uid: str, sop: str, frames: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study, uid, sop)
        numbers = frame_numbers(frames)
        return await wado.body(asked, lambda found: found.frames(asked.ranges, uid, sop, numbers))

    @routes.get(INSTANCE + "/bulkdata/{path:path}", summary="Bulk data of an instance")
    async def bulk(ins: str, study: str, uid: str, sop: str, path: str, request: Request) -> Response:
        asked = await wado.asked(request, ins, study, uid, sop)
        return await wado.bulk_data(asked, uid, sop, attribute_path(path))

    return routes
