"""The processes that can run apart from `coffre serve`: vault, worker, housekeeper."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from coffre.housekeeper import Chores, Housekeeper
from coffre.processes.leases import end_leases
from coffre.processes.presence import working
from coffre.setting_rules import INPROCESS
from coffre.settings import Settings
from coffre.wiring import System
from ingestion.worker.queue_loop import Worker
from records.errors import Invalid
from storage.index.waking import RECEIVED


def until_told() -> None:
    """Wait for SIGTERM or SIGINT."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    told.wait()


def bell_of(system: System) -> tuple[Callable[..., None], Callable[[int], None]]:
    """How to ring for one submission, and for whatever waits."""
    settings = system.settings
    if settings.queue_url == INPROCESS:
        return lambda _: None, lambda _: None
    from ingestion.worker.broker_tasks import Bell, queue

    bell = Bell(queue(settings.queue_url))
    return bell.ring, bell.ring_any


def run_vault(settings: Settings, ready: Callable[[str], None]) -> None:
    """The vault behind its doors, at COFFRE_VAULT_URL."""
    if settings.vault_url == INPROCESS:
        raise Invalid(
            "Say where the vault listens: COFFRE_VAULT_URL=unix:///folder or https://host:port.",
            code="bad_setting",
        )
    from keyvault.process.service import VaultService, tls_context

    with System(settings, vault_here=True) as system:
        guard = system.local_guard()
        parts = urlsplit(settings.vault_url)
        if parts.scheme == "unix":
            service = VaultService.on_sockets(guard, Path(parts.path), settings.peers())
        else:
            context = tls_context(*settings.vault_tls())
            service = VaultService.on_tcp(guard, parts.hostname or "127.0.0.1", parts.port or 443, context)
        service.start()
        ready(settings.vault_url)
        until_told()
        service.stop()


def run_worker(settings: Settings, ready: Callable[[str], None]) -> None:
    """Validate and publish what was received: from the lease table, or as told by the broker."""
    if settings.queue_url == INPROCESS:
        with (
            System(settings) as system,
            working(settings.data, lambda: end_leases(system.guard.housekeeper, system.index)),
        ):
            system.workers.start()
            system.wake(RECEIVED, system.workers.ring)
            ready("lease table")
            until_told()
            system.workers.stop()
        return
    from ingestion.worker.broker_tasks import queue, serve

    systems: list[System] = []

    def make() -> Worker:
        system = System(settings)
        try:
            worker = system.worker()
        except BaseException:
            system.close()
            raise
        systems.append(system)
        return worker

    def end() -> None:
        for system in systems:
            system.close()

    ready(urlsplit(settings.queue_url).scheme)
    serve(queue(settings.queue_url), make, end, settings.workers)


def run_housekeeper(settings: Settings, ready: Callable[[str], None]) -> None:
    """Sequencer, sweeper, day keys; any number of copies."""
    with System(settings) as system:
        _, ring_any = bell_of(system)
        chores = Chores(system.index, system.objects, system.guard, ring_any)
        housekeeper = Housekeeper(chores)
        housekeeper.start()
        ready("housekeeper")
        until_told()
        housekeeper.stop()
