"""Pages and content in clear come from the gateway's process, over its socket; the web process passes on.

So that keys of content in clear are in one process only, and one credential that looks at one study is one
line in the log (docs/architecture.md). Bodies go through in pieces both ways.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.responses import StreamingResponse

from coffre.serving.watching import HEADER
from keyvault.process.request_id import REQUEST_ID
from records.errors import CoffreError

_HOPS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
"""Headers of one connection, whether or not its Connection names them (RFC 9110 section 7.6.1)."""
_OWN = frozenset({b"date", b"server", HEADER})
_MOST_AT_ONCE = 512
_IDLE_S = 4  # less than the gateway's own, so that no request goes to a connection that is being closed
_TIMEOUT = httpx.Timeout(120.0, connect=5.0).as_dict()
"""Longer than a child may draw (90 s) after it was waited for (20 s)."""


class GatewayLine:
    """Requests to the gateway's process, over its Unix socket.

    Through the transport alone: a client of httpx keeps cookies, and would give one visitor's to the next.
    """

    def __init__(self, socket: Path) -> None:
        limits = httpx.Limits(max_connections=_MOST_AT_ONCE, keepalive_expiry=_IDLE_S)
        self._transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=limits)
        self._socket = socket

    def check(self) -> None:
        """Raises `CoffreError` "gateway_unavailable" where the process doesn't answer."""
        try:
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(self._socket)), timeout=5) as client:
                client.get("http://gateway/health/live").raise_for_status()
        except httpx.HTTPError:
            raise _unavailable() from None

    async def pass_on(self, request: Request) -> Response:
        """The gateway's answer to this request, as it comes."""
        target = request.scope["raw_path"].partition(b"?")[0]
        if query := request.scope["query_string"]:
            target += b"?" + query
        asked = httpx.Request(
            request.method,
            "http://gateway/",
            headers=_passed(request),
            content=_body_of(request),
            # as it came: an address of httpx would follow its dots to another one than was judged here
            extensions={"timeout": _TIMEOUT, "target": target},
        )
        try:
            answer = await self._transport.handle_async_request(asked)
        except httpx.HTTPError:
            raise _unavailable() from None
        passed = StreamingResponse(_pieces(answer), answer.status_code)
        passed.raw_headers = [
            (name, value) for name, value in _end_to_end(answer.headers.raw) if name not in _OWN
        ]
        return passed


def router(made: APIRouter, line: GatewayLine, route_class: type[APIRoute]) -> APIRouter:
    """The addresses of what the gateway makes, each answered by it, described as it describes them."""
    passing = APIRouter(route_class=route_class, tags=made.tags)

    async def pass_on(request: Request) -> Response:
        return await line.pass_on(request)

    for route in made.routes:
        assert isinstance(route, APIRoute) and route.methods
        passing.add_api_route(
            route.path,
            pass_on,
            methods=sorted(route.methods),
            summary=route.summary,
            include_in_schema=route.include_in_schema,
            openapi_extra={"parameters": _parameters(route)},
        )
    return passing


def _parameters(route: APIRoute) -> list[dict[str, object]]:
    """The names in its path, which the passing route takes as they come."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.param_convertors
    ]


def _unavailable() -> CoffreError:
    return CoffreError(
        "Content and pages can't be reached for a moment: try again.", code="gateway_unavailable"
    )


def _passed(request: Request) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in _end_to_end(request.headers.raw) if name != HEADER]
    return [*kept, (HEADER, REQUEST_ID.get().encode())]


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What concerns more than one connection: without those that the sender's Connection names as its own."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = b",".join(value for name, value in lowered if name == b"connection").lower().split(b",")
    own = _HOPS | {name.strip() for name in named}
    return [(name, value) for name, value in lowered if name not in own]


def _body_of(request: Request) -> AsyncIterator[bytes] | None:
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    return request.stream() if has_body else None


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    """As they came: `aiter_raw` leaves a Content-Encoding as it is. A gateway that ends amid an answer ends
    it here: the connection closes before the promised length.
    """
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()
