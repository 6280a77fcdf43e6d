"""Request bodies have an end: what no route streams is refused before it fills the memory."""

import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1 << 20  # a thousand ids, a form, a reason; the routes below count for themselves
STREAMED = re.compile(r".*/dicomweb/studies(/[^/]+)?|.*/fhir/DocumentReference", re.DOTALL)


class BoundedBodies:
    """Answers 413 to a larger body, signed in or not: bodies are read before credentials."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or STREAMED.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST_BODY:
                raise HTTPException(413, "The body is too large: this address takes one mebibyte.")
            return message

        await self._app(scope, counted, send)
