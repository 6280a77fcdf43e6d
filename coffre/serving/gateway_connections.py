"""Connections to the gateway's process over its Unix socket, kept open: HTTP/1.1 as a client (RFC 9112).

Its only peer is a process of ours. What it sends is read by httptools, as the server reads its callers, in
pieces as large as they come.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

from httptools import HttpParserError, HttpResponseParser

MOST_AT_ONCE = 512
IDLE_S = 4.0
"""Less than the gateway's own, so that no request goes to a connection that is being closed."""
CONNECT_S, SILENT_S = 5.0, 120.0
"""Longer than a child may draw (90 s) after it was waited for (20 s)."""
_HELD = 2**20
_NO_BODY = frozenset((204, 304))
Headers = Sequence[tuple[bytes, bytes]]


class GatewayLost(Exception):  # noqa: N818
    """The gateway doesn't answer, or ended amid an answer."""


class GatewayConnection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self.is_open = False
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._begin(has_body=True)

    def _begin(self, *, has_body: bool) -> None:
        self._parser = HttpResponseParser(self)
        self._has_body = has_body
        self.status, self.headers = 0, list[tuple[bytes, bytes]]()
        self.has_head = self.is_over = self._keeps = False
        self._pieces, self._size = list[bytes](), 0
        self._is_sent = False
        self._came = asyncio.Event()

    # what the loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes
        self._transport, self.is_open = cast(asyncio.Transport, transport), True

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        self._writable.set()
        self._came.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.close()
        if self._size > _HELD and self._transport is not None:
            self._transport.pause_reading()
        self._came.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # what the parser says

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status < 200:  # RFC 9110 section 15.2: another head follows
            self.headers.clear()
            return
        self.has_head, self._keeps = True, self._parser.should_keep_alive()
        if not self._has_body or self.status in _NO_BODY:
            self.is_over = True

    def on_body(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)

    def on_message_complete(self) -> None:
        self.is_over = self.is_over or self.has_head

    # what a request does

    async def ask(
        self, head: bytes, body: AsyncIterator[bytes] | None, *, chunked: bool, has_body: bool
    ) -> None:
        """Sends a request; returns when the head of its answer is there. Raises `GatewayLost`."""
        self._begin(has_body=has_body)
        await self._write(head)
        if body is not None:
            async for piece in body:
                if piece:
                    await self._write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                if self.has_head:  # refused before its end
                    return
            await self._write(b"0\r\n\r\n" if chunked else b"")
        self._is_sent = True
        while not self.has_head:
            await self._next()

    async def _write(self, data: bytes) -> None:
        if not self.is_open or self._transport is None:
            raise GatewayLost
        if data:
            self._transport.write(data)
        try:
            async with asyncio.timeout(SILENT_S):
                await self._writable.wait()
        except TimeoutError:
            raise GatewayLost from None

    async def read(self) -> bytes:
        """What came of the body; empty at its end. Raises `GatewayLost`."""
        while not self._pieces and not self.is_over:
            await self._next()
        return self._taken()

    async def whole(self) -> bytes:
        """All of the body. Raises `GatewayLost`."""
        while not self.is_over:
            await self._next()
        return self._taken()

    def _taken(self) -> bytes:
        pieces, self._pieces, self._size = self._pieces, [], 0
        if self.is_open and self._transport is not None:
            self._transport.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _next(self) -> None:
        if not self.is_open:
            raise GatewayLost
        self._came.clear()
        try:
            async with asyncio.timeout(SILENT_S):
                await self._came.wait()
        except TimeoutError:
            raise GatewayLost from None

    @property
    def is_used(self) -> bool:
        """Whether it has answered a request before."""
        return self.idle_since > 0

    @property
    def is_kept(self) -> bool:
        """Whether another request may follow: this one was sent and its answer read to its end."""
        is_whole = self._is_sent and self.is_over and not self._pieces and self._has_body
        return is_whole and self.is_open and self._keeps

    def close(self) -> None:
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()


class GatewayConnections:
    """Those of one process. Only the loop that serves uses them."""

    def __init__(self, socket: Path) -> None:
        self._socket = str(socket)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: list[GatewayConnection] = []
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def take(self) -> GatewayConnection:
        """One that is open. Raises `GatewayLost`."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._idle, self._room = loop, [], asyncio.Semaphore(MOST_AT_ONCE)
        await self._room.acquire()
        until = time.monotonic() - IDLE_S
        while self._idle:
            found = self._idle.pop()
            if found.is_open and found.idle_since > until:
                return found
            found.close()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, made = await loop.create_unix_connection(GatewayConnection, self._socket)
        except BaseException as error:
            self._room.release()
            raise GatewayLost from error
        return made

    def give_back(self, connection: GatewayConnection) -> None:
        """After an answer, read to its end or not."""
        self._room.release()
        if connection.is_kept:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.close()
