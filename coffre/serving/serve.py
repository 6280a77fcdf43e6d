"""`coffre serve`: one process with everything, on the loopback."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import FrameType

import uvicorn

from coffre.presence import working
from coffre.serving.app import Part, build
from coffre.serving.heads import BoundedHeads
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


def run(settings: Settings, port: int, *, only: Part | None = None, banner: str = "") -> None:
    """Serve everything, or one part of it, until SIGTERM or SIGINT; returns once everything is stopped."""
    origin = (settings.public_url or f"http://{HOST}:{port}").rstrip("/")
    with (
        System(settings) as system,
        # one part alone holds no lease, and must not end those of the workers apart
        working(settings.data, system.end_leases) if only is None else nullcontext(),
        _listening(port) as listener,
    ):
        config = uvicorn.Config(
            build(system, origin, only),
            access_log=False,  # paths hold identities; the audit log tells who did what
            log_config=None,
            loop="uvloop",
            http=BoundedHeads,
            server_header=False,
            timeout_graceful_shutdown=20,
        )
        server = _Server(config, origin, banner, system.verdicts.hurry)
        # uvicorn raises the signal again once it has stopped; here a clean stop is exit 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        asyncio.run(server.serve(sockets=[listener]))
        if not server.started:
            raise CoffreError("The server could not start: see the lines above.", code="not_started")
    sys.stdout.flush()


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # inherited by what it accepts: otherwise the body of an answer waits 40 ms for the header's receipt
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise CoffreError(
            f"Port {port} of {HOST} is taken: stop what uses it, or give another --port.", code="port_taken"
        ) from None
    return listener
