"""Limit request bodies that no route streams: refuse one that would fill the memory, and JSON that gives a
member twice.
"""

import json
import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1 << 20  # a thousand ids, a form, a reason; the routes below count for themselves
STREAMED = re.compile(r".*/dicomweb/studies(/[^/]+)?|.*/fhir/DocumentReference", re.DOTALL)


TWICE = "The body gives a member twice in one object: give it once."


class MemberTwice(HTTPException):
    """Of two values a parser takes the last and a reader the first (RFC 8259 section 4)."""

    code = "member_twice"

    def __init__(self) -> None:
        super().__init__(400, TWICE)


class BoundedBodies:
    """Answers 413 to a larger body.

    Of a body that is JSON it also answers 400 to an object with the same member twice.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or STREAMED.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        read = bytearray()

        async def counted() -> Message:
            message = await receive()
            read.extend(message.get("body", b""))
            if len(read) > LARGEST_BODY:
                raise HTTPException(413, "The body is too large: this address takes one mebibyte.")
            if message["type"] == "http.request" and not message.get("more_body"):
                _check_members(bytes(read))
            return message

        await self._app(scope, counted, send)


def _check_members(body: bytes) -> None:
    """What is no JSON is for the route to judge."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return
    try:
        json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise MemberTwice
