"""Pages and content in clear come from the gateway's process, over its socket; the web process passes on.

So that keys of content in clear are in one process only, and one credential that looks at one study is one
line in the log (docs/architecture.md). Bodies go through in pieces both ways.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import httpx
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.responses import StreamingResponse

from coffre.serving.callers.caller_address import CALLER
from coffre.serving.callers.presented import IN_SESSION
from coffre.serving.gateway_connections import GatewayConnection, GatewayConnections, GatewayLost
from coffre.serving.watching import HEADER
from keyvault.process.request_id import REQUEST_ID
from records.errors import CoffreError

_HOPS = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
"""Headers of one connection, whether or not its Connection names them (RFC 9110 section 7.6.1)."""
_OWN = frozenset({b"date", b"server", HEADER})
_MINE = frozenset({b"expect", HEADER, CALLER})
"""What this process answers or says itself."""
_WHOLE = 2**20
"""Bytes of an answer that are waited for, and leave together."""
_BROKEN = re.compile(rb"[\r\n\0]")


class GatewayLine:
    """Requests to the gateway's process, over its Unix socket."""

    def __init__(self, socket: Path, caller: Callable[[Request], str] | None = None) -> None:
        """`caller`: the address that a request comes from, where the process behind counts by it."""
        self._connections = GatewayConnections(socket)
        self._socket = socket
        self._caller = caller

    def check(self) -> None:
        """Raises `CoffreError` "gateway_unavailable" where the process doesn't answer."""
        try:
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(self._socket)), timeout=5) as client:
                client.get("http://gateway/health/live").raise_for_status()
        except httpx.HTTPError:
            raise _unavailable() from None

    async def pass_on(self, request: Request) -> Response:
        """The gateway's answer to this request, as it comes."""
        try:
            while True:
                connection = await self._connections.take()
                try:
                    return await self._asked(connection, request)
                except BaseException as error:
                    connection.close()
                    self._connections.give_back(connection)
                    # a gateway that was started again has closed what was open (RFC 9112 section 9.3.1)
                    is_stale = (
                        isinstance(error, GatewayLost) and connection.is_used and not connection.has_head
                    )
                    if not (is_stale and request.method in ("GET", "HEAD") and not _has_body(request)):
                        raise
        except GatewayLost:
            raise _unavailable() from None

    async def _asked(self, connection: GatewayConnection, request: Request) -> Response:
        caller = self._caller(request) if self._caller is not None else None
        head, body, chunked = _written(request, caller)
        await connection.ask(head, body, chunked=chunked, has_body=request.method != "HEAD")
        headers = [(name, value) for name, value in _end_to_end(connection.headers) if name not in _OWN]
        length = int(next((value for name, value in headers if name == b"content-length"), b"-1"))
        passed: Response
        if connection.is_over or 0 <= length <= _WHOLE:
            passed = Response(await connection.whole(), connection.status)
            self._connections.give_back(connection)
        else:
            passed = StreamingResponse(self._pieces(connection), connection.status)
        passed.raw_headers = headers
        return passed

    async def _pieces(self, connection: GatewayConnection) -> AsyncIterator[bytes]:
        """As they came. A gateway that ends amid an answer ends it here: the connection closes before the
        promised length.
        """
        try:
            while piece := await connection.read():
                yield piece
        finally:
            self._connections.give_back(connection)


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
            openapi_extra={"parameters": _parameters(route), **_body(route)},
        )
    return passing


def _parameters(route: APIRoute) -> list[dict[str, object]]:
    """The names in its path, which the passing route takes as they come."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.param_convertors
    ]


def _body(route: APIRoute) -> dict[str, object]:
    """The JSON that it takes, of which the passing route reads nothing."""
    if route.body_field is None:
        return {}
    schema = route.body_field.field_info.annotation.model_json_schema()  # type: ignore[union-attr]
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _unavailable() -> CoffreError:
    return CoffreError(
        "Content and pages can't be reached for a moment: try again.", code="gateway_unavailable"
    )


def _written(request: Request, caller: str | None) -> tuple[bytes, AsyncIterator[bytes] | None, bool]:
    """The head of the request for the gateway, its body, and whether that goes in chunks."""
    # as it came: an address that was put together anew might be another one than was judged here
    target = request.scope["raw_path"].partition(b"?")[0]
    if query := request.scope["query_string"]:
        target += b"?" + query
    mine = _MINE
    if IN_SESSION in request.scope:  # the cookie goes on, for which the gateway does the same
        mine |= {b"authorization"}
    headers = [(name, value) for name, value in _end_to_end(request.headers.raw) if name not in mine]
    headers.append((HEADER, REQUEST_ID.get().encode()))
    if caller is not None:
        headers.append((CALLER, caller.encode("latin-1")))
    names = {name for name, _ in headers}
    if b"host" not in names:
        headers.append((b"host", b"gateway"))
    chunked = "transfer-encoding" in request.headers
    if chunked:  # which decides alone where the body ends (RFC 9112 section 6.3)
        headers = [(name, value) for name, value in headers if name != b"content-length"]
        headers.append((b"transfer-encoding", b"chunked"))
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), target)]
    lines += [name + b": " + value for name, value in headers]
    if any(_BROKEN.search(line) for line in lines):  # a server reads none such
        raise GatewayLost
    body = request.stream() if _has_body(request) else None
    return b"\r\n".join([*lines, b"", b""]), body, chunked


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What concerns more than one connection: without those that the sender's Connection names as its own."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = b",".join(value for name, value in lowered if name == b"connection").lower().split(b",")
    own = _HOPS | {name.strip() for name in named}
    return [(name, value) for name, value in lowered if name not in own]
