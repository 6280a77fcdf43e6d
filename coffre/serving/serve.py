"""`coffre serve`: one process with everything, on the loopback."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI

from coffre.processes.leases import end_leases
from coffre.processes.presence import working
from coffre.serving.app import ServedPart, build
from coffre.serving.connections import HeldConnection, Open
from coffre.settings import Settings
from coffre.wiring import System
from records.errors import CoffreError

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """Says when it accepts, on a line that programs wait for, and tells who waits when it is to end."""

    def __init__(
        self, config: uvicorn.Config, origin: str, banner: str, when_ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._when_ending = when_ending
        self._origin = origin
        self._banner = banner

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._when_ending()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"ready {self._origin}", flush=True)
            if self._banner:
                print(self._banner, flush=True)


def run(settings: Settings, port: int, *, only: ServedPart | None = None, banner: str = "") -> None:
    """Serve everything, or one part of it, until SIGTERM or SIGINT; returns once everything is stopped."""
    origin = (settings.public_url or f"http://{HOST}:{port}").rstrip("/")
    with (
        System(settings) as system,
        # one part alone holds no lease, and must not end those of the workers apart
        working(settings.data, lambda: end_leases(system.guard.housekeeper, system.index))
        if only is None
        else nullcontext(),
        _listening(HOST, port) as listener,
    ):
        app = build(system, origin, only)
        server = _Server(_config(app, Open(settings.proxies())), origin, banner, system.verdicts.hurry)
        beside = settings.operator_listener()
        # uvicorn raises the signal again once it has stopped; here a clean stop is exit 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        if beside is None:
            asyncio.run(server.serve(sockets=[listener]))
        else:
            with _listening(*beside) as operators:
                asyncio.run(
                    _both(
                        server,
                        listener,
                        _Beside(_config(app.state.beside, Open(settings.proxies()))),
                        operators,
                    )
                )
        if not server.started:
            raise CoffreError("The server could not start: see the lines above.", code="not_started")
    sys.stdout.flush()


def _config(app: FastAPI, among: Open) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,  # paths hold identities; the audit log tells who did what
        log_config=None,
        loop="uvloop",
        http=partial(HeldConnection, among=among),  # type: ignore[arg-type]
        proxy_headers=False,  # whom a call comes from is found in coffre/serving/proxies.py
        timeout_keep_alive=among.patience.idle,
        server_header=False,
        timeout_graceful_shutdown=20,
    )


class _Beside(uvicorn.Server):
    """What operators' tools ask; it ends with the server beside it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _both(
    server: uvicorn.Server, listener: socket.socket, beside: uvicorn.Server, operators: socket.socket
) -> None:
    watched = asyncio.create_task(beside.serve(sockets=[operators]))
    try:
        await server.serve(sockets=[listener])
    finally:
        beside.should_exit = True
        await watched


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # inherited by what it accepts: otherwise the body of an answer waits 40 ms for the header's receipt
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise CoffreError(
            f"Port {port} of {host} is taken: stop what uses it, or give another.", code="port_taken"
        ) from None
    return listener
