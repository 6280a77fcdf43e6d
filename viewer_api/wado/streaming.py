"""Answers that are streamed: read in threads, a piece at a time, and ended where their client is gone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from viewer_api.wado.multipart import Body

HEADERS: Mapping[str, str] = {
    "Cache-Control": "private, no-store",
    # whatever an instance holds, opened by a browser it runs nothing and loads nothing as a page of ours
    "Content-Security-Policy": "sandbox; default-src 'none'",
}

T = TypeVar("T")
AT_ONCE = 64
"""More than may wait for children that make pictures: 56 (`content/pixels/slots.py`)."""
_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="retrieval")
"""Their own, so that who waits for a child holds up no sign-in, no list and no deposit."""


async def in_a_thread(work: Callable[[], T]) -> T:
    """What `work` answers, done beside the loop."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, copy_context().run, work)


class Begun:
    """A body whose first piece is there, so that what fails before it is an answer of its own.

    Any thread may take the next piece, one at a time.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self._pieces = body.pieces
        self._reading = threading.Lock()
        self._first = next(self._pieces, b"")

    def next(self) -> bytes:
        """Empty at the end."""
        with self._reading:
            first, self._first = self._first, b""
            return first or next(self._pieces, b"")

    def close(self) -> None:
        """Ends what stands behind the pieces: a child at work, a connection to the store."""
        with self._reading:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()


def sent(
    request: Request, begun: Begun, status: int = 200, more: Mapping[str, str] | None = None
) -> Response:
    """The body with its headers and `more`; of HEAD the headers alone."""
    body = begun.body
    headers = {**HEADERS, "Content-Type": body.content_type, **(more or {})}
    if body.length is not None:
        headers["Content-Length"] = str(body.length)
    if body.location is not None:
        headers["Content-Location"] = body.location
    if request.method == "HEAD":
        begun.close()
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_in_threads(begun), status_code=status, headers=headers)


async def _in_threads(begun: Begun) -> AsyncIterator[bytes]:
    try:
        while piece := await in_a_thread(begun.next):
            yield piece
    finally:
        # not awaited: whoever cancels waits for nothing, and a thread may still be at the last piece
        asyncio.get_running_loop().run_in_executor(_THREADS, begun.close)
