"""Limit request bodies that no route streams: refuse one that would fill the memory, and JSON that gives a
member twice.
"""

import json
import re
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from records.text.numbers import whole

LARGEST_BODY = 1 << 20  # a thousand ids, a form, a reason; the routes below count for themselves
_STREAMED = re.compile(r".*/dicomweb/studies(/[^/]+)?|.*/fhir(/DocumentReference)?|/deposer", re.DOTALL)


TWICE = "The body gives a member twice in one object: give it once."
HALF = "The body has half of a character, an escape from \\ud800 to \\udfff alone: give both halves, or none."


def is_streamed(method: str, path: str) -> bool:
    """Whether a route reads the body piece by piece, and counts for itself."""
    return method == "POST" and _STREAMED.fullmatch(path) is not None


class MemberTwice(HTTPException):
    """Of two values a parser takes the last and a reader the first (RFC 8259 section 4)."""

    code = "member_twice"

    def __init__(self) -> None:
        super().__init__(400, TWICE)


class HalfCharacter(HTTPException):
    """An escaped surrogate without its other half is no text: nothing can store or sign it (RFC 7493
    section 2.1).
    """

    code = "half_character"

    def __init__(self) -> None:
        super().__init__(400, HALF)


class BoundedBodies:
    """Answers 413 to a larger body, and to one that says it will be before any of it is waited for.

    Of a body that is JSON it also answers 400 to an object with the same member twice, and to half a
    character.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_streamed(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        read, declared = bytearray(), _declared_length(scope)

        async def counted() -> Message:
            _check_length(declared)
            message = await receive()
            read.extend(message.get("body", b""))
            _check_length(len(read))
            if message["type"] == "http.request" and not message.get("more_body"):
                _check_members(bytes(read))
            return message

        await self._app(scope, counted, send)


def _declared_length(scope: Scope) -> int:
    """0 where none is declared; the server has refused what is no number."""
    return whole(Headers(scope=scope).get("content-length", "0"))


def _check_length(length: int) -> None:
    if length > LARGEST_BODY:
        raise HTTPException(413, "The body is too large: this address takes one mebibyte.")


def _check_members(body: bytes) -> None:
    """What is no JSON is for the route to judge."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return
    try:
        value = json.loads(body, object_pairs_hook=_once)
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise HalfCharacter from None
    except (ValueError, RecursionError):
        return


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MemberTwice
    return members
