"""Everything as several processes under one supervisor (docs/architecture.md): the vault behind its doors,
housekeeper, gateway, sign-in, workers, and web processes that accept on one socket.

They are forked from one process that has loaded the code, and share its memory; each opens its own databases.
"""

import gc
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from socket import socket

from coffre.processes import run_folder, vault_secrets
from coffre.processes.bells import Bells
from coffre.processes.lifetime import UntilTold, show_name
from coffre.processes.machine import whole_cores
from coffre.processes.parts import Process
from coffre.processes.run import run_housekeeper, run_vault, run_worker
from coffre.processes.status_socket import Announcer
from coffre.processes.supervisor import Supervisor
from coffre.serving.app import build
from coffre.serving.callers.limits import BURST, PER_SECOND
from coffre.serving.certificates import certificate_servers
from coffre.serving.connections import Open
from coffre.serving.http_server import Served, behind, config, serve
from coffre.serving.parts.served import ServedPart, Shared
from coffre.serving.shared_counts import Buckets, Connections
from coffre.setting_rules import INPROCESS
from coffre.settings import Settings, load
from coffre.wiring import System
from keyvault.process.sockets import url_of

MOST_WEBS = 4
BEHIND_READERS = 10
"""How much nicer than web and vault workers are (nice(2)): where processors are short, nobody's list or grant
waits for what somebody else deposits. Idle processors are theirs as before.
"""


def run(settings: Settings, origin: str, sockets: Sequence[socket], ready: Callable[[], None]) -> None:
    """Start all, restart what dies, and return once told to end and all have ended."""
    show_name("coffre")
    folder = run_folder.make(settings.data)
    try:
        stages = _Whole(settings, origin, sockets, folder).stages()
        gc.freeze()  # what is loaded stays shared: collectors of the children don't touch it
        Supervisor(stages, Announcer(folder)).run(ready)
    finally:
        run_folder.clear(settings.data)


class _Whole:
    """The parts of one installation on this machine, and what they share."""

    def __init__(self, settings: Settings, origin: str, sockets: Sequence[socket], folder: Path) -> None:
        self._has_vault = settings.vault_url == INPROCESS
        doors = url_of(folder / run_folder.DOORS)
        self._settings = settings.model_copy(update={"vault_url": doors}) if self._has_vault else settings
        self._origin, self._sockets, self._folder = origin, sockets, folder
        self._cores = whole_cores()
        self._webs = min(MOST_WEBS, self._cores)
        self._bells, self._connections = Bells(self._webs), Connections(self._webs)
        metrics = folder / run_folder.METRICS
        gateway = folder / run_folder.GATEWAY if settings.gateway else None
        sign_in = folder / run_folder.SIGN_IN
        self._shared = Shared(Buckets(BURST, PER_SECOND), metrics, gateway, sign_in)

    def stages(self) -> list[list[Process]]:
        """In the order of their start: whoever is asked is there before who asks."""
        return [
            [Process("vault", self._vault)] if self._has_vault else [],
            [_without_secrets("housekeeper", partial(run_housekeeper, self._of_housekeeper()))],
            [*self._gateways(), _without_secrets("signin", self._sign_in), *self._workers()],
            [_without_secrets(f"web-{number}", partial(self._web, number)) for number in range(self._webs)],
        ]

    def _of_housekeeper(self) -> Settings:
        """It tells readers of notices where they sign in."""
        return self._settings.model_copy(update={"public_url": self._origin})

    def _gateways(self) -> list[Process]:
        """None where COFFRE_GATEWAY takes content in clear away."""
        return [_without_secrets("gateway", self._gateway)] if self._settings.gateway else []

    def _vault(self, lifetime: UntilTold) -> None:
        vault_secrets.take()
        own = load(data=self._settings.data).of_installation(self._settings.environment)
        run_vault(own.model_copy(update={"vault_url": self._settings.vault_url}), lifetime)

    def _workers(self) -> list[Process]:
        """One a core at most; COFFRE_WORKERS submissions at once in all of them together."""
        wanted = self._settings.workers
        processes = min(wanted, self._cores)
        shares = [wanted // processes + (number < wanted % processes) for number in range(processes)]
        return [
            _without_secrets(f"worker-{number}", partial(self._worker, share))
            for number, share in enumerate(shares)
        ]

    def _worker(self, at_once: int, lifetime: UntilTold) -> None:
        os.nice(BEHIND_READERS)  # the sandbox, too: it is forked from here
        run_worker(self._settings.model_copy(update={"workers": at_once}), lifetime, self._bells)

    def _gateway(self, lifetime: UntilTold) -> None:
        assert self._shared.gateway is not None
        with System(self._settings) as system:
            app = build(system, self._origin, ServedPart.GATEWAY, Shared(is_behind=True))
            serve([(behind(app, str(self._shared.gateway)), None)], lifetime, "gateway", _nothing)

    def _sign_in(self, lifetime: UntilTold) -> None:
        with System(self._settings) as system:
            app = build(system, self._origin, ServedPart.SIGN_IN, Shared(is_behind=True))
            servers: list[Served] = [(behind(app, str(self._shared.sign_in)), None)]
            doors = app.state.sign_in
            servers += certificate_servers(doors, self._settings, self._origin)
            with doors.running():
                serve(servers, lifetime, "signin", _nothing)

    def _web(self, number: int, lifetime: UntilTold) -> None:
        with System(self._settings, bells=self._bells) as system:
            self._bells.hear(number, system.verdicts.done)
            app = build(system, self._origin, ServedPart.WEB, self._shared)
            proxies = self._settings.proxies()
            open_here = Open(proxies, self._connections.of_process(number))
            servers: list[Served] = [(config(app, open_here), self._sockets[0])]
            servers += [(config(app.state.beside, Open(proxies)), each) for each in self._sockets[1:]]
            serve(servers, lifetime, self._origin, system.verdicts.hurry)


def _without_secrets(name: str, run: Callable[[UntilTold], None]) -> Process:
    """A process that has nothing to open the vault with."""

    def alone(lifetime: UntilTold) -> None:
        vault_secrets.forget()
        run(lifetime)

    return Process(name, alone)


def _nothing() -> None:
    """No request there waits for anything but its answer."""
