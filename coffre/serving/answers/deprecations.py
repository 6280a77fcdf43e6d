"""Addresses that are to go, announced by header: Deprecation (RFC 9745) and Sunset (RFC 8594)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Deprecated:
    """`methods` and `path` are regular expressions of the whole of each. It answers as ever until `until`."""

    methods: str
    path: str
    since: datetime
    until: datetime
    instead: str

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        since = int(self.since.timestamp())
        until = format_datetime(self.until.astimezone(UTC), usegmt=True)
        return (b"deprecation", f"@{since}".encode()), (b"sunset", until.encode())


DEPRECATED: Sequence[Deprecated] = ()
"""docs/upgrade.md lists them. Nothing is to go at present."""


class Deprecations:
    """Adds the headers to every answer of such an address, whoever made it; no other is told anything."""

    def __init__(self, app: ASGIApp, table: Sequence[Deprecated] = DEPRECATED) -> None:
        self._app = app
        self._table = [(re.compile(each.methods), re.compile(each.path), each.headers()) for each in table]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._headers(scope) if scope["type"] == "http" else ()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                more = [header for header in found if header[0] not in there]  # relayed: told once
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, with_headers if found else send)

    def _headers(self, scope: Scope) -> tuple[tuple[bytes, bytes], ...]:
        for methods, path, headers in self._table:
            if methods.fullmatch(scope["method"]) and path.fullmatch(scope["path"]):
                return headers
        return ()
