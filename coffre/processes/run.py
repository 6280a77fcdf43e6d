"""Run the vault, a worker or the housekeeper as a process of its own."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from coffre.housekeeper.chores import Chores
from coffre.housekeeper.housekeeper import CHORES, LOOPS, Housekeeper
from coffre.installation.identity import Identity
from coffre.installation.places import Places
from coffre.notifying.messenger import Messenger, notifier_of
from coffre.processes import confinement
from coffre.processes.bells import Bells
from coffre.processes.leases import end_leases
from coffre.processes.lifetime import Lifetime
from coffre.processes.presence import working
from coffre.processes.pulse import Pulses
from coffre.processes.signed_documents import publish
from coffre.setting_rules import INPROCESS
from coffre.settings import Settings
from coffre.wiring import System
from ingestion.worker.queue.loop import HANGS_S, Worker
from records.errors import CoffreError, Invalid
from storage.index.waking import RECEIVED

VAULT_WITHIN_S, LOOK_S = 20.0, 0.2


def bell_of(system: System) -> tuple[Callable[..., None], Callable[[int], None]]:
    """How to ring for one submission, and for whatever waits."""
    settings = system.settings
    if settings.queue_url == INPROCESS:
        return lambda _: None, lambda _: None
    from ingestion.worker.queue.broker_tasks import Bell, queue

    bell = Bell(queue(settings.queue_url))
    return bell.ring, bell.ring_any


def run_vault(settings: Settings, lifetime: Lifetime) -> None:
    """The vault behind its doors, at COFFRE_VAULT_URL."""
    if settings.vault_url == INPROCESS:
        raise Invalid(
            "Say where the vault listens: COFFRE_VAULT_URL=unix:///folder or https://host:port.",
            code="bad_setting",
        )
    from keyvault.process.service import VaultService
    from keyvault.process.sockets import folder_of
    from keyvault.process.tls import tls_context

    with System(settings, vault_here=True) as system:
        guard = system.local_guard()
        parts = urlsplit(settings.vault_url)
        if parts.scheme == "unix":
            service = VaultService.on_sockets(guard, folder_of(settings.vault_url), settings.peers())
        else:
            context = tls_context(*settings.vault_tls())
            service = VaultService.on_tcp(guard, parts.hostname or "127.0.0.1", parts.port or 443, context)
        service.start()
        lifetime.ready(settings.vault_url)
        lifetime.wait()
        service.stop()


def run_worker(
    settings: Settings, lifetime: Lifetime, bells: Bells | None = None, pulses: Pulses | None = None
) -> None:
    """Validate and publish what was received: from the lease table, or as told by the broker.

    Raises `CoffreError` "not_confined" as `confinement.check` does.
    """
    confinement.check(Identity.read(Places(settings).complete).environment)
    if settings.queue_url == INPROCESS:
        with (
            System(settings, bells=bells, pulses=pulses) as system,
            working(settings.data, lambda: end_leases(system.guard.housekeeper, system.index)),
        ):
            system.workers.start()
            system.wake(RECEIVED, system.bells.ring)
            lifetime.ready("lease table")
            lifetime.wait()
            system.workers.stop()
        return
    from ingestion.worker.queue.broker_tasks import queue, serve

    systems: list[System] = []

    def make() -> Worker:
        system = System(settings, pulses=pulses)
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

    signs = pulses or Pulses()
    hands_out = signs.of("queue", HANGS_S)

    def beat() -> None:
        hands_out.beat()
        signs.forget_dead()

    beat()
    lifetime.ready(urlsplit(settings.queue_url).scheme)
    serve(queue(settings.queue_url), make, end, settings.workers, beat)


def housekeeper_of(system: System, origin: str | None) -> Housekeeper:
    """Not started yet. The first deposit must not wait for its first turn: day keys are published now.

    `origin`: where readers of notices sign in.
    """
    _, ring_any = bell_of(system)
    notifier = notifier_of(system.settings, origin)
    _once_the_vault_answers(lambda: publish(system.guard.housekeeper, system.index))
    signs = {loop: system.pulses.of(loop, hangs_s) for loop, hangs_s in LOOPS.items()}
    chores = Chores(system.index, system.objects, system.guard, ring_any, beat=signs[CHORES].beat)
    return Housekeeper(chores, Messenger(system.guard.housekeeper, notifier), signs)


def _once_the_vault_answers(work: Callable[[], object]) -> None:
    """A vault of its own may start at the same moment as this process, and be ready a little later."""
    limit = time.monotonic() + VAULT_WITHIN_S
    while True:
        try:
            work()
        except CoffreError as error:
            if error.code != "vault_unavailable" or time.monotonic() > limit:
                raise
            time.sleep(LOOK_S)
        else:
            return


def run_housekeeper(settings: Settings, lifetime: Lifetime, pulses: Pulses | None = None) -> None:
    """Sequencer, sweeper, day keys, notices; any number of copies."""
    with System(settings, pulses=pulses) as system:
        housekeeper = housekeeper_of(system, settings.public_url)
        housekeeper.start()
        lifetime.ready("housekeeper")
        lifetime.wait()
        housekeeper.stop()
