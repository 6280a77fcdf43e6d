"""One way for every resource of a study: who asks and for what, opened by the gateway, answered as a stream.

A resource says in two steps what it answers: of a request whether it can be read, before any record is
looked at; and of the opened study the body.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from keyvault.credentials.tokens import Credential
from keyvault.verbs.call import Call
from viewer_api.call_headers import call_of
from viewer_api.gateway.gateway import Gateway
from viewer_api.gateway.opened_study import OpenedStudy
from viewer_api.wado.accept import MediaRange, accepted
from viewer_api.wado.multipart import Body
from viewer_api.wado.resources import check_uids
from viewer_api.wado.streaming import Begun, in_a_thread, sent

STUDY = "/records/{ins}/dicomweb/studies/{study}"
SERIES = STUDY + "/series/{uid}"
INSTANCE = SERIES + "/instances/{sop}"
Ranges = tuple[MediaRange, ...]
Authenticate = Callable[[Request], Awaitable[Credential]]


@dataclass(frozen=True, slots=True)
class StudyRequest:
    """A request for something of a study, by who has shown a credential. `ranges`: what is accepted.

    `series` and `sop` where the address names them; `rest`: frames or the path of an attribute, as it came.
    """

    http: Request
    call: Call
    locator: str
    study: str
    series: str | None
    sop: str | None
    rest: str
    ranges: Ranges

    def header(self, name: str) -> str | None:
        return self.http.headers.get(name)

    @property
    def is_read(self) -> bool:
        """Whether anybody reads the body: who asks for the head alone has nothing opened."""
        return self.http.method != "HEAD"

    @property
    def instance(self) -> tuple[str, str]:
        """Series and SOP Instance UID of an address that names an instance."""
        assert self.series is not None and self.sop is not None
        return self.series, self.sop


@dataclass(frozen=True, slots=True)
class Answered:
    """What is answered. Without a body it is the head alone; `warnings` are told in headers (RFC 9111)."""

    body: Body | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


Work = Callable[[OpenedStudy], Answered]
Resource = Callable[[StudyRequest], Work]


class Answering:
    """Answers resources of studies over HTTP."""

    def __init__(self, gateway: Gateway, authenticate: Authenticate) -> None:
        self._gateway = gateway
        self._authenticate = authenticate

    async def answer(
        self, resource: Resource, request: Request, locator: str, study: str, *below: str, rest: str = ""
    ) -> Response:
        """Who asks, then whether it can be read; then a thread opens the study and begins to read."""
        call = call_of(request, await self._authenticate(request))
        check_uids(study, *below)
        series, sop = (*below, None, None)[:2]
        wanted = StudyRequest(request, call, locator, study, series, sop, rest, accepted_by(request))
        work = resource(wanted)

        def begun() -> tuple[Answered, Begun | None]:
            answered = work(self._gateway.study(wanted.call, wanted.locator, wanted.study))
            if answered.body is None:
                return answered, None
            return answered, Begun(answered.body, is_read=wanted.is_read)

        answered, body = await in_a_thread(begun)
        answer = sent(body, answered.status, answered.headers)
        for each in answered.warnings:
            answer.headers.append("Warning", f'299 coffre "{each}"')
        return answer

    def offer(self, routes: APIRouter, path: str, summary: str, resource: Resource) -> None:
        """Answers GET of this address, which begins with `STUDY`, `SERIES` or `INSTANCE`."""

        async def of_study(ins: str, study: str, request: Request) -> Response:
            return await self.answer(resource, request, ins, study)

        async def of_series(ins: str, study: str, uid: str, request: Request) -> Response:
            return await self.answer(resource, request, ins, study, uid)

        async def of_instance(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
            return await self.answer(resource, request, ins, study, uid, sop)

        async def of_frames(
            ins: str, study: str, uid: str, sop: str, frames: str, request: Request
        ) -> Response:
            return await self.answer(resource, request, ins, study, uid, sop, rest=frames)

        async def of_path(ins: str, study: str, uid: str, sop: str, path: str, request: Request) -> Response:
            return await self.answer(resource, request, ins, study, uid, sop, rest=path)

        named: dict[str, Callable[..., Awaitable[Response]]]
        named = {"{frames}": of_frames, "{path:path}": of_path, "{sop}": of_instance, "{uid}": of_series}
        handler = next((each for name, each in named.items() if name in path), of_study)
        routes.add_api_route(path, handler, methods=["GET"], summary=summary)


def accepted_by(request: Request) -> Ranges:
    """`accept` in the query comes before the header (PS3.18 section 8.3.3.1)."""
    return accepted(request.query_params.getlist("accept"), request.headers.getlist("accept"))
