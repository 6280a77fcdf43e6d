"""`coffre serve`: everything on the loopback, as several processes, as one, or one part of it alone."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from socket import socket

from coffre.installation.installation import Installation
from coffre.processes import confinement
from coffre.processes.leases import end_leases
from coffre.processes.lifetime import UntilSignal, say_ready
from coffre.processes.presence import serving, working
from coffre.serving import surroundings, whole
from coffre.serving.app import build
from coffre.serving.certificates import certificate_servers
from coffre.serving.connections import Open
from coffre.serving.http_server import HOST, Served, config, listening, serve
from coffre.serving.parts.served import ServedPart
from coffre.settings import Settings
from coffre.wiring import System

DECODING = (None, ServedPart.READER, ServedPart.GATEWAY)
"""Parts with children that decode images."""


def run(
    settings: Settings, port: int, *, only: ServedPart | None = None, single: bool = False, banner: str = ""
) -> None:
    """Serve until SIGTERM or SIGINT; returns once everything is stopped.

    Raises `CoffreError`, "port_taken", "served_already", "not_confined" or one of `surroundings` among
    others, before anything is served.
    """
    origin = (settings.public_url or f"http://{HOST}:{port}").rstrip("/")
    with Installation(settings) as found:  # none, or of another environment: refused before all else
        settings = found.settings
    if only is None:
        surroundings.check(settings)
    else:  # its data directory is shared by the users of other processes
        surroundings.check_files()
    if only in DECODING:
        confinement.check(settings.environment)
    # first: parts of a killed server hold its port until the last of them is gone
    with serving(settings.data) if only is None else nullcontext(), _sockets(settings, port) as sockets:
        if only is None and not single:
            whole.run(settings, origin, sockets, lambda: say_ready(origin, banner))
        else:
            _run_here(settings, origin, sockets, only, banner)


def _run_here(
    settings: Settings, origin: str, sockets: list[socket], only: ServedPart | None, banner: str
) -> None:
    """Everything, or one part, in this process."""
    with (
        System(settings) as system,
        # one part alone holds no lease, and must not end those of the workers apart
        working(settings.data, lambda: end_leases(system.guard.housekeeper, system.index))
        if only is None
        else nullcontext(),
    ):
        app = build(system, origin, only)
        applications = (app, app.state.beside)
        servers: list[Served] = [
            (config(each, Open(settings.proxies())), listener)
            for each, listener in zip(applications, sockets, strict=False)
        ]
        with ExitStack() as stack:
            if only in (None, ServedPart.SIGN_IN):
                doors = app.state.sign_in
                servers += certificate_servers(doors, settings, origin)
                stack.enter_context(doors.running())
            serve(servers, UntilSignal(banner), origin, system.verdicts.hurry)
    sys.stdout.flush()


@contextmanager
def _sockets(settings: Settings, port: int) -> Iterator[list[socket]]:
    """For callers, and for operators' tools where they have an address of their own."""
    with ExitStack() as stack:
        beside = settings.operator_listener()
        addresses = [(HOST, port), *([beside] if beside else [])]
        yield [stack.enter_context(listening(*address)) for address in addresses]
