"""Answers that are streamed: read in threads, a piece at a time, and ended where their client is gone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from viewer_api.wado.multipart import Body

HEADERS: Mapping[str, str] = {
    "Cache-Control": "private, no-store",
    # whatever an instance holds, opened by a browser it runs nothing and loads nothing as a page of ours
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


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
        while piece := await asyncio.to_thread(begun.next):
            yield piece
    finally:
        # not awaited: whoever cancels waits for nothing, and a thread may still be at the last piece
        asyncio.get_running_loop().run_in_executor(None, begun.close)
