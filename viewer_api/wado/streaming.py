"""Answers that are streamed: read in threads, a piece at a time, and ended where their client is gone."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from io import BytesIO
from typing import TypeVar

from fastapi import Response
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
_AT_ONCE, _AT_ONCE_S = 9 * 2**16, 0.05
"""Bytes and seconds of one visit to a thread. What is whole by then leaves as a whole, of a known length: a
frame of 512 × 512 with its heads. An answer takes twice as much, and a piece: what leaves, and what comes.
"""
_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="retrieval")
"""Their own, so that who waits for a child holds up no sign-in, no list and no deposit."""


async def in_a_thread(work: Callable[[], T]) -> T:
    """What `work` answers, done beside the loop."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, copy_context().run, work)


class Begun:
    """A body whose first pieces are there, so that what fails before them is an answer of its own.

    Any thread may take the next pieces, one at a time: so many that going there is worth it, and no more than
    come at once. A body that nobody reads (HEAD) opens nothing: `is_read`.
    """

    def __init__(self, body: Body, *, is_read: bool = True) -> None:
        self.body = body
        self.is_read = is_read
        self._pieces = body.pieces
        self._reading = threading.Lock()
        self._is_over = not is_read
        self._first = self._together() if is_read else b""

    @property
    def is_over(self) -> bool:
        """Whether nothing is to come."""
        return self._is_over and not self._first

    @property
    def whole(self) -> bytes | None:
        """All of it, where nothing is to come; None where its end was not read."""
        return self._first if self._is_over else None

    def next(self) -> bytes:
        """Empty at the end."""
        with self._reading:
            first, self._first = self._first, b""
            return first or self._together()

    def _together(self) -> bytes:
        found, size = BytesIO(), 0  # gives what it holds without a copy
        until = time.monotonic() + _AT_ONCE_S
        while not self._is_over and size < _AT_ONCE and (not size or time.monotonic() < until):
            piece = next(self._pieces, None)
            self._is_over = piece is None
            size += found.write(piece or b"")
            del piece  # not held while the next one is read
        return found.getvalue()

    def close(self) -> None:
        """Ends what stands behind the pieces: a child at work, a connection to the store."""
        with self._reading:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()


def sent(begun: Begun | None, status: int, more: Mapping[str, str]) -> Response:
    """The body with its headers and `more`; of HEAD, and without a body, the headers alone."""
    headers = {**HEADERS, **more}
    if begun is None:
        return Response(status_code=status, headers=headers)
    body = begun.body
    if body.content_type is not None:
        headers["Content-Type"] = body.content_type
    length = body.length if begun.whole is None or not begun.is_read else len(begun.whole)
    if length is not None:
        headers["Content-Length"] = str(length)
    if body.location is not None:
        headers["Content-Location"] = body.location
    if begun.whole is None or length is None:
        return StreamingResponse(_in_threads(begun), status_code=status, headers=headers)
    return Response(begun.whole, status_code=status, headers=headers)


async def _in_threads(begun: Begun) -> AsyncIterator[bytes]:
    try:
        yield begun.next()  # is there
        while not begun.is_over:
            yield await in_a_thread(begun.next)
    finally:
        # not awaited: whoever cancels waits for nothing, and a thread may still be at the last piece
        asyncio.get_running_loop().run_in_executor(_THREADS, begun.close)
