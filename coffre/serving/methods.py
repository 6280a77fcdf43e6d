"""Methods of each address: HEAD beside every GET, OPTIONS, the header Allow of a 405 (RFC 9110)."""

from collections.abc import Mapping
from copy import copy
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

# opening one uses it up, and programs that check links in letters send HEAD
USED_UP: frozenset[str] = frozenset({"/sign-in/{code}"})
SHARED: Mapping[str, frozenset[str]] = {
    "/dicomweb/studies": frozenset({"GET", "HEAD", "POST"}),
    "/dicomweb/studies/{study}": frozenset({"POST"}),
    "/records/{ins}/dicomweb/studies": frozenset({"GET", "HEAD", "POST"}),
    "/records/{ins}/dicomweb/studies/{study}": frozenset({"GET", "HEAD", "POST"}),
    "/fhir/DocumentReference": frozenset({"GET", "HEAD", "POST"}),
}
"""Addresses that a proxy gives to one process or another by the method: each process names all methods."""
_SHARED = tuple((compile_path(path)[0], methods) for path, methods in SHARED.items())


def answer_heads(router: APIRouter) -> None:
    """Give every GET of a router its HEAD: the same work, decided and logged alike, without the body."""
    for route in list(router.routes):
        if isinstance(route, APIRoute) and route.methods == {"GET"} and route.path not in USED_UP:
            head = copy(route)
            head.methods, head.include_in_schema = {"HEAD"}, False
            router.routes.append(head)


def taken(router: APIRouter, path: str) -> frozenset[str]:
    """The methods that an address takes, OPTIONS among them; none where there is no such address."""
    found = {
        method
        for route in iter_route_contexts(router.routes)
        if route.methods and _matches(route, path)
        for method in route.methods
    }
    if any(_area(route.path) == _area(path) for route in iter_route_contexts(router.routes) if route.path):
        found.update(*(methods for pattern, methods in _SHARED if pattern.match(path)))
    return frozenset(found | {"OPTIONS"} if found else found)


def _area(path: str) -> str:
    """The first part of an address: a process that answers none of it shares none of it."""
    return path.split("/", 2)[1] if path.startswith("/") else ""


def allow(methods: frozenset[str]) -> str:
    return ", ".join(sorted(methods))


def _matches(route: Any, path: str) -> bool:
    return route.path_regex.match(path) is not None


class Options:
    """Answers OPTIONS for every address there is. Nothing is decided, so nobody has to say who asks."""

    def __init__(self, app: ASGIApp, router: APIRouter) -> None:
        self._app = app
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        methods = frozenset[str]()
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            methods = taken(self._router, scope["path"])
        if not methods:
            await self._app(scope, receive, send)
            return
        headers = [(b"allow", allow(methods).encode())]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
