"""Serve an application over HTTP on sockets that are bound already, until its process is told to end."""

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from coffre.processes.lifetime import Lifetime
from coffre.serving.connections import HeldConnection, Open
from records.errors import CoffreError

HOST = "127.0.0.1"
PEER_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
BACKLOG = 2048
SENT_AT_ONCE = 2**20
"""Bytes that a process of ours takes at once: a frame, so that nobody waits until it is read."""
GRACE_S = 20
"""Answers that are under way when a server is told to end have so long."""


class _Server(uvicorn.Server):
    """Says when it accepts. Signals are its process's, not its own."""

    def __init__(self, config: uvicorn.Config, when_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_started = when_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._when_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


Served = tuple[uvicorn.Config, socket.socket | None]
"""What is served, and on which socket; None: the configuration names a path."""


def serve(servers: Sequence[Served], lifetime: Lifetime, ready: str, when_ending: Callable[[], None]) -> None:
    """Serve until `lifetime` ends; the first of the servers has the lifespan of the application.

    `when_ending` is called first, so that requests which wait for something do not wait for long. Raises
    `CoffreError` "not_started".
    """
    waiting = len(servers)

    def started() -> None:
        nonlocal waiting
        waiting -= 1
        if waiting == 0:
            lifetime.ready(ready)

    made = [(_Server(config, started), listener) for config, listener in servers]

    def end() -> None:
        when_ending()
        for server, _ in made:
            server.should_exit = True

    lifetime.when_told(end)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_all(made))
    if waiting:
        raise CoffreError("The server could not start: see the lines above.", code="not_started")


async def _all(made: Sequence[tuple[_Server, socket.socket | None]]) -> None:
    await asyncio.gather(
        *(server.serve(sockets=None if listener is None else [listener]) for server, listener in made)
    )


def config(app: FastAPI, among: Open, **more: Any) -> uvicorn.Config:
    """Of a server for callers from anywhere."""
    return uvicorn.Config(
        app,
        access_log=False,  # paths hold identities; the audit log tells who did what
        log_config=None,
        http=partial(HeldConnection, among=among),  # type: ignore[arg-type]
        proxy_headers=False,  # whom a call comes from is found in coffre/trusted_proxies.py
        timeout_keep_alive=among.patience.idle,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        **more,
    )


class Behind(HttpToolsProtocol):
    """A connection from a process of ours, on a Unix socket that holds a frame."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT_AT_ONCE)
        super().connection_made(transport)


class FromProxy(Behind):
    """A connection from the proxy's Unix user, whom the kernel names (unix(7), SO_PEERCRED)."""

    def __init__(self, *given: Any, user: int, **named: Any) -> None:
        super().__init__(*given, **named)
        self._user = user

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        told = transport.get_extra_info("socket").getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size
        )
        super().connection_made(transport)
        if PEER_CREDENTIALS.unpack(told)[1] != self._user:
            transport.abort()


def from_proxy(app: FastAPI, path: Path, user: int) -> uvicorn.Config:
    """Of a server that believes what its caller says of certificates: the proxy's user `user` alone."""
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        http=partial(FromProxy, user=user),  # type: ignore[arg-type]
        uds=str(path),
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


def behind(app: FastAPI, path: str) -> uvicorn.Config:
    """Of a server whose only caller is a process of ours, which has bounded what it passes on."""
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        http=Behind,
        uds=path,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


def listening(host: str, port: int) -> socket.socket:
    """A socket of this address. Raises `CoffreError` "port_taken", "port_denied", "address_unknown"."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # inherited by what it accepts: otherwise the body of an answer waits 40 ms for the header's receipt
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # now: two that were only bound could share the port unseen
    except OSError as error:
        listener.close()
        raise _refused(host, port, error) from None
    return listener


def _refused(host: str, port: int, error: OSError) -> CoffreError:
    if error.errno == errno.EACCES:
        return CoffreError(
            f"Port {port} of {host} is for the superuser: give one from 1024 on.", code="port_denied"
        )
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) or isinstance(error, socket.gaierror):
        return CoffreError(
            f"This machine has no address {host}: name one of its own.", code="address_unknown"
        )
    return CoffreError(
        f"Port {port} of {host} is taken: stop what uses it, or give another.", code="port_taken"
    )
