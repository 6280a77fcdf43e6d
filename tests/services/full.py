"""Everything at once: Postgres, SeaweedFS, RabbitMQ, OpenBao, nginx twice, and Coffre's processes apart.

`python -m tests.services.full DIR` runs until Ctrl-C; `make demo ENGINE=full` plays the demo's story on it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from coffre.demonstration.doors.health_authority import HealthAuthority
from coffre.demonstration.doors.machines import environment_of
from coffre.deploying.processes import PROCESSES
from coffre.installation.install import initialise
from coffre.notifying.carriers import RINGS
from coffre.proxy.routing import Process
from coffre.settings import load
from tests.services import machines, nginx, openbao, postgres, proxy, rabbitmq, seaweedfs
from tests.services.apart import Apart
from tests.services.machines import ThroughNginx
from tests.services.processes import free_port
from tests.services.proxy import Proxy
from tests.services.server import Server, all_running
from tests.services.wires import Wires

BUCKET = "coffre"
DATABASES = ("coffre_index", "coffre_vault", "coffre_days", "coffre_accounts")
GRACE_S = 40
TRUSTED, DOOR, SOCKET = "authority", "certificates", "door.sock"
"""Below the folder: what the sign-in trusts, and where nginx hands certificates over to it."""

Say = Callable[[str], None]
HTTP = tuple(name for name, part in PROCESSES.items() if part.port)
ARGUMENTS = {
    name: part.arguments
    for each, part in PROCESSES.items()
    for name in (("worker-1", "worker-2") if each == "worker" else (each,))
}
"""Arguments of each process, in the order in which they start; as its unit runs it, but two workers."""


@dataclass
class Full:
    """A running installation. `folder` holds everything that any engine or process writes.

    `engines` are postgres, objects, queue and root, at `ports`; `processes` those of `ARGUMENTS`, and two
    nginx: one before the pages, one that asks for certificates of `authority`, where `machines` come in.
    Where wires were asked for, every process reaches every engine, and nginx every process, by one of its
    own; `store` stands before the objects.
    """

    folder: Path
    data: Path
    url: str
    env: dict[str, str] = field(repr=False)
    apart: Apart
    engines: dict[str, Server]
    ports: dict[str, int]
    machines: ThroughNginx
    authority: HealthAuthority
    processes: dict[str, Server] = field(default_factory=dict)
    wires: Wires | None = None
    store: Proxy | None = None
    rung: int = 0

    def telephone(self) -> str:
        """The next message that the sign-in prints where a telephone would ring."""
        for _ in range(300):
            text = (self.folder / "signin.out").read_text("utf-8")
            rung = [line for line in text.splitlines() if line.startswith(RINGS)]
            if len(rung) > self.rung:
                self.rung += 1
                return rung[self.rung - 1]
            time.sleep(0.1)
        raise AssertionError("no message came")

    def port_for(self, who: str, whom: str, port: int) -> int:
        """Where `who` reaches `whom`, which listens on `port`."""
        if self.wires is None:
            return port
        if self.store is not None and port == self.store.target:
            port = self.store.port
        return self.wires.between(who, whom, port)


@contextmanager
def running(
    folder: Path, say: Say | None = None, *, wired: bool = False, more: Mapping[str, str] | None = None
) -> Iterator[Full]:
    """Start every engine and process, stop them by their pids; `more` is added to the environment, which
    this process has as well until the end.
    """
    tell = say or (lambda _: None)
    with ExitStack() as stack:
        engines, ports, env, keys = _engines(stack, folder, tell)
        apart = Apart.found(folder, keys)
        tell(apart.alone or "every process has a Unix user of its own")
        own = {name: free_port() for name in (*HTTP, "nginx", "machines")}
        authority, came = HealthAuthority(), ThroughNginx(folder / "machines", own["machines"])
        env |= {"COFFRE_PUBLIC_URL": f"http://127.0.0.1:{own['nginx']}", **apart.peers(), **(more or {})}
        env |= _believing(authority, folder, came.url)
        stack.enter_context(_environment(env))
        full = Full(
            folder, folder / "data", env["COFFRE_PUBLIC_URL"], env, apart, engines, ports, came, authority
        )
        initialise(load(data=full.data))
        apart.hand_over(folder, full.data)
        apart.give(folder / DOOR, "signin")
        if wired:
            full.wires = stack.enter_context(Wires())
            full.store = stack.enter_context(proxy.running(ports["objects"]))
        for name, arguments in ARGUMENTS.items():
            tell(f"{name}: coffre {' '.join(arguments)}")
            full.processes[name] = _process(full, name, own)
        behind = {name: full.port_for("nginx", name, own[name]) for name in HTTP}
        tell("nginx: before the pages, and where certificates are shown")
        full.processes["nginx"] = nginx.made(folder / "nginx", own["nginx"], **behind)
        places = {Process(name): f"127.0.0.1:{port}" for name, port in behind.items()}
        full.processes["machines"] = machines.made(
            came.directory, folder / TRUSTED, came.port, folder / DOOR / SOCKET, places
        )
        stack.enter_context(all_running(full.processes.values()))
        yield full


def _believing(authority: HealthAuthority, folder: Path, url: str) -> dict[str, str]:
    """Settings of processes that believe its certificates, from nginx alone."""
    (folder / DOOR).mkdir()
    (folder / TRUSTED).mkdir()
    return environment_of(
        {
            **authority.publish(folder / TRUSTED),
            "machines_url": url,
            "certificates_socket": folder / DOOR / SOCKET,
            "certificate_proxies": "127.0.0.1",
            "proxy_user": str(machines.workers_user()),
        }
    )


def _engines(
    stack: ExitStack, folder: Path, tell: Say
) -> tuple[dict[str, Server], dict[str, int], dict[str, str], Mapping[str, tuple[str, str]]]:
    """Start the engines; their ports, the environment that names them, keys of the store by part."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # Postgres runs as a user of its own and must reach its directory
    tell("Postgres: index, vault store, day keys, accounts, each a database of its own")
    index_server, database = postgres.made(folder / "postgres")
    tell("SeaweedFS: objects")
    (folder / "seaweed").mkdir()
    rights = {name: [f"{right}:{BUCKET}" for right in part.objects] for name, part in PROCESSES.items()}
    rights = {name: each for name, each in rights.items() if each}
    objects_server, store = seaweedfs.made(folder / "seaweed", others=rights)
    tell("RabbitMQ: the bell of the queue")
    queue_server, broker = rabbitmq.made(folder / "rabbitmq")
    tell("OpenBao: the root of the vault, in a transit engine")
    root_server, bao = openbao.made(folder / "openbao")
    servers = {
        "postgres": index_server,
        "objects": objects_server,
        "queue": queue_server,
        "root": root_server,
    }
    stack.enter_context(all_running(servers.values()))
    for name in DATABASES:
        database.create(name)
    ports = {
        "postgres": database.port,
        "objects": store.port,
        "queue": urlsplit(broker).port or 0,
        "root": bao.port,
    }
    return (
        servers,
        ports,
        {
            "COFFRE_INDEX_URL": database.url(DATABASES[0]),
            "COFFRE_VAULT_STORE_URL": database.url(DATABASES[1]),
            "COFFRE_DAY_KEYS_URL": database.url(DATABASES[2]),
            "COFFRE_ACCOUNTS_URL": database.url(DATABASES[3]),
            "COFFRE_OBJECTS_URL": store.url("s3", BUCKET),
            "COFFRE_QUEUE_URL": broker,
            "COFFRE_VAULT_URL": f"unix://{folder}/doors",
            "COFFRE_VAULT_ROOT": bao.url(),
            **store.environment(),
            **bao.environ,
        },
        store.others,
    )


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """This process acts with the same settings, as commands and checks do."""
    before = dict(os.environ)
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _process(full: Full, name: str, ports: Mapping[str, int]) -> Server:
    """One coffre process, its log beside the others."""
    more = ["--port", str(ports[name])] if name in HTTP else []
    output = full.folder / f"{name}.out"
    return Server(
        name,
        [
            *full.apart.command(name, sys.executable),
            "-m",
            "coffre.cli",
            *ARGUMENTS[name],
            *more,
            "--data",
            full.data,
        ],
        full.folder / f"{name}.log",
        lambda: output.read_text().startswith("ready"),
        _wired(full, name, full.apart.environment(name, full.env)),
        grace_s=GRACE_S,
        output=output,
    )


def _wired(full: Full, name: str, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of one process: its own wires in place of the engines' ports."""
    found = dict(env)
    for engine, port in full.ports.items():
        wire = full.port_for(name, engine, port)
        found |= {
            key: value.replace(f"127.0.0.1:{port}", f"127.0.0.1:{wire}")
            for key, value in env.items()
            if f"127.0.0.1:{port}" in value
        }
    return found


if __name__ == "__main__":
    with running(Path(sys.argv[1]).absolute(), print) as full:
        print(f"ready {full.url}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
