"""Methods of each address: HEAD beside every GET, OPTIONS, the header Allow of a 405 (RFC 9110)."""

import re
from collections.abc import Iterable, Mapping
from copy import copy
from functools import cache, cached_property

from fastapi import APIRouter
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

# opening one uses it up, and programs that check links in letters send HEAD
USED_UP: frozenset[str] = frozenset({"/link/{code}"})
SHARED: Mapping[str, frozenset[str]] = {
    "/dicomweb/studies": frozenset({"GET", "HEAD", "POST"}),
    "/dicomweb/studies/{study}": frozenset({"POST"}),
    "/records/{ins}/dicomweb/studies": frozenset({"GET", "HEAD", "POST"}),
    "/records/{ins}/dicomweb/studies/{study}": frozenset({"GET", "HEAD", "POST"}),
    "/fhir": frozenset({"POST"}),
    "/fhir/DocumentReference": frozenset({"GET", "HEAD", "PATCH", "POST"}),
    "/fhir/{declared:declared}": frozenset({"GET", "HEAD", "POST"}),
    "/fhir/{declared:declared}/{entry:fhir_id}": frozenset({"GET", "HEAD", "PUT"}),
    "/profil": frozenset({"GET", "HEAD", "POST"}),
    "/deposer": frozenset({"GET", "HEAD", "POST"}),
}
"""Addresses that a proxy gives to one process or another by the method: each process names all methods."""


def answer_heads(router: APIRouter) -> None:
    """Give every GET of a router its HEAD: the same work, decided and logged alike, without the body."""
    for route in list(router.routes):
        if isinstance(route, APIRoute) and route.methods == {"GET"} and route.path not in USED_UP:
            head = copy(route)
            head.methods, head.include_in_schema = {"HEAD"}, False
            router.routes.append(head)


class TakenMethods:
    """The methods that each address of a router takes. Every request asks, so routes are listed once, when
    they are first asked for.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router

    @cached_property
    def _routes(self) -> list[tuple[re.Pattern[str], frozenset[str]]]:
        contexts = iter_route_contexts(self._router.routes)
        return [(each.path_regex, frozenset(each.methods)) for each in contexts if each.methods]

    @cached_property
    def _areas(self) -> frozenset[str]:
        return frozenset(_area(each.path) for each in iter_route_contexts(self._router.routes) if each.path)

    def of(self, path: str) -> frozenset[str]:
        """The methods that an address takes, OPTIONS among them; none where there is no such address."""
        found = _matching(self._routes, path)
        if _area(path) in self._areas:
            found |= _matching(_shared(), path)
        return found | {"OPTIONS"} if found else found


def _matching(routes: Iterable[tuple[re.Pattern[str], frozenset[str]]], path: str) -> frozenset[str]:
    return frozenset().union(*(methods for pattern, methods in routes if pattern.match(path) is not None))


@cache
def _shared() -> tuple[tuple[re.Pattern[str], frozenset[str]], ...]:
    """Compiled once the rooms have said what their words for parts of a path stand for."""
    return tuple((compile_path(path)[0], methods) for path, methods in SHARED.items())


def _area(path: str) -> str:
    """The first part of an address: a process that answers none of it shares none of it."""
    return path.split("/", 2)[1] if path.startswith("/") else ""


def allow(methods: frozenset[str]) -> str:
    return ", ".join(sorted(methods))


class Options:
    """Answers OPTIONS for every address there is. Nothing is decided, so nobody has to say who asks."""

    def __init__(self, app: ASGIApp, taken: TakenMethods) -> None:
        self._app = app
        self._taken = taken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = frozenset[str]()
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            methods = self._taken.of(scope["path"])
        if not methods:
            await self._app(scope, receive, send)
            return
        headers = [(b"allow", allow(methods).encode())]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
