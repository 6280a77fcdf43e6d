"""What can go wrong on the full set, as data: how it begins, how it ends, and how long it may last."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from kombu import Connection

from ingestion.worker.queue.broker_tasks import QUEUE
from tests.services import proxy, rabbitmq
from tests.services.full import Full
from tests.services.proxy import What
from tests.services.server import Server

LEASE_S = 5
BRIEF = (0.5, 3.0)
PAST_THE_LEASE = (LEASE_S + 1.0, LEASE_S + 4.0)
PAST_EVERY_TIMEOUT = (34.0, 38.0)
"""A call of the vault, an answer of the store and a statement of the database take 30 s at most."""
ENGINES_OF = {
    "vault": ("postgres",),
    "housekeeper": ("postgres", "objects", "queue"),
    "worker-1": ("postgres", "objects", "queue"),
    "worker-2": ("postgres", "objects", "queue"),
    "intake": ("postgres", "objects", "queue"),
    "reader": ("postgres",),
    "gateway": ("postgres", "objects"),
    "nginx": ("intake", "reader", "gateway"),
}
STORE_FAULTS = {
    "busy": proxy.Fault(What.BUSY, r"^(PUT|POST|GET|DELETE|HEAD) ", times=10_000),
    "failing-but-written": proxy.Fault(What.LOST_ANSWER, r"^(PUT|POST|DELETE) ", times=4),
    "cut-in-the-middle": proxy.Fault(What.CUT_BODY, r"^PUT ", times=4),
    "answers-cut": proxy.Fault(What.CUT_ANSWER, r"^GET ", times=4),
}


@dataclass(frozen=True)
class Fault:
    """`strike` begins it, `mend` ends it; `lasts` is the shortest and longest time between, in seconds."""

    name: str
    strike: Callable[[Full], None]
    mend: Callable[[Full], None]
    lasts: tuple[float, float] = BRIEF
    between_two: bool = False


def killed(name: str) -> Fault:
    """kill -9 of the process with all below it, started again later; of Postgres, of its postmaster."""
    return Fault(f"kill-{name}", lambda full: _server(full, name).kill(), partial(_restart, name=name))


def stopped(name: str, lasts: tuple[float, float] = PAST_THE_LEASE) -> Fault:
    """SIGSTOP, and SIGCONT after more than a lease."""
    how_long = "-for-long" if lasts is PAST_EVERY_TIMEOUT else ""
    return Fault(
        f"stop-{name}{how_long}",
        lambda full: _server(full, name).stop(),
        lambda full: _server(full, name).go_on(),
        lasts,
    )


def cut(who: str, whom: str) -> Fault:
    """Every connection between two is reset, and new ones are, until it ends."""
    return Fault(
        f"cut-{who}-{whom}",
        partial(_cut, who=who, whom=whom),
        partial(_mend, who=who, whom=whom),
        between_two=True,
    )


def stalled(who: str, whom: str) -> Fault:
    """Nothing passes between two, and nobody is told."""
    return Fault(
        f"stall-{who}-{whom}",
        partial(_stall, who=who, whom=whom),
        partial(_mend, who=who, whom=whom),
        PAST_THE_LEASE,
        between_two=True,
    )


def store_fault(name: str) -> Fault:
    """The store answers 503, or carries a request out and its answer is lost, or is cut short."""
    found = STORE_FAULTS[name]

    def strike(full: Full) -> None:
        assert full.store is not None
        full.store.fault = proxy.Fault(found.what, found.pattern, found.times)

    def mend(full: Full) -> None:
        assert full.store is not None
        full.store.fault = None

    return Fault(f"store-{name}", strike, mend)


def broker_emptied() -> Fault:
    """Every message that waits is gone."""
    return Fault("broker-emptied", _purge, lambda _: None)


def broker_loses_everything() -> Fault:
    """The broker dies and what it had on disk with it; a new one knows no queue."""

    def strike(full: Full) -> None:
        full.engines["queue"].kill()
        rabbitmq.forget(full.folder / "rabbitmq")

    return Fault("broker-lost", strike, partial(_restart, name="queue"))


def database_restarted() -> Fault:
    """An orderly stop ends every session, and it is there again."""
    return Fault(
        "restart-postgres",
        lambda full: full.engines["postgres"].end(),
        partial(_restart, name="postgres"),
        (0.0, 0.5),
    )


def every_fault() -> list[Fault]:
    """All kinds at everything they can strike."""
    return list(_every())


def _every() -> Iterator[Fault]:
    names = (*ENGINES_OF, "postgres", "objects", "queue", "root")
    yield from (killed(name) for name in names)
    yield from (stopped(name) for name in names)
    yield stopped("vault", PAST_EVERY_TIMEOUT)
    for who, engines in ENGINES_OF.items():
        yield from (cut(who, whom) for whom in engines)
        yield from (stalled(who, whom) for whom in engines)
    yield from (store_fault(name) for name in STORE_FAULTS)
    yield from (broker_emptied(), broker_loses_everything(), database_restarted())


def _server(full: Full, name: str) -> Server:
    return full.engines.get(name) or full.processes[name]


def _restart(full: Full, name: str) -> None:
    _server(full, name).restart()


def _cut(full: Full, who: str, whom: str) -> None:
    assert full.wires is not None
    full.wires.cut((who, whom))


def _stall(full: Full, who: str, whom: str) -> None:
    assert full.wires is not None
    full.wires.stall((who, whom))


def _mend(full: Full, who: str, whom: str) -> None:
    assert full.wires is not None
    full.wires.mend((who, whom))


def _purge(full: Full) -> None:
    with Connection(full.env["COFFRE_QUEUE_URL"]) as connection:
        connection.default_channel.queue_purge(QUEUE)
