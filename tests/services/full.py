"""Everything at once: Postgres, SeaweedFS, RabbitMQ, OpenBao, nginx, and Coffre's processes apart.

`python -m tests.services.full DIR` runs until Ctrl-C; `make demo ENGINE=full` plays the demo's story on it.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from coffre.install import initialise
from coffre.settings import load
from tests.services import nginx, openbao, postgres, rabbitmq, seaweedfs
from tests.services.processes import free_port

BUCKET = "coffre"
DATABASES = ("coffre_index", "coffre_vault", "coffre_days")
START_TIMEOUT_S = 60


@dataclass
class Full:
    """A running installation. `folder` holds everything that any engine or process writes."""

    folder: Path
    data: Path
    url: str
    env: dict[str, str] = field(repr=False)
    processes: dict[str, "subprocess.Popen[str]"]


@contextmanager
def running(folder: Path, say: object = None) -> Iterator[Full]:
    """Start every engine and process, stop them by their pids."""
    tell = say if callable(say) else lambda _: None
    with ExitStack() as stack:
        env = _engines(stack, folder, tell)
        os.environ.update(env)
        data = folder / "data"
        port, intake, reader, gateway = (free_port() for _ in range(4))
        env["COFFRE_PUBLIC_URL"] = os.environ["COFFRE_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        initialise(load(data=data))
        processes: dict[str, subprocess.Popen[str]] = {}
        for name, arguments in (
            ("vault", ["vault", "serve"]),
            ("housekeeper", ["housekeeper"]),
            ("worker-1", ["worker"]),
            ("worker-2", ["worker"]),
            ("intake", ["serve", "--only", "intake", "--port", str(intake)]),
            ("reader", ["serve", "--only", "reader", "--port", str(reader)]),
            ("gateway", ["serve", "--only", "gateway", "--port", str(gateway)]),
        ):
            tell(f"{name}: coffre {' '.join(arguments)}")
            processes[name] = stack.enter_context(_process(folder, name, [*arguments, "--data", str(data)]))
        ports = {"intake": intake, "reader": reader, "gateway": gateway}
        stack.enter_context(nginx.running(folder / "nginx", port, **ports))
        yield Full(folder, data, env["COFFRE_PUBLIC_URL"], env, processes)


def _engines(stack: ExitStack, folder: Path, tell: object) -> dict[str, str]:
    """Start the engines; the environment that names them."""
    assert callable(tell)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # Postgres runs as a user of its own and must reach its directory
    tell("Postgres: index, vault store, day keys, each a database of its own")
    database = stack.enter_context(postgres.running(folder / "postgres"))
    plain = database.url().replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        for name in DATABASES:
            connection.execute(f'CREATE DATABASE "{name}"')
    tell("SeaweedFS: objects")
    (folder / "seaweed").mkdir()
    store = stack.enter_context(seaweedfs.running(folder / "seaweed"))
    tell("RabbitMQ: the bell of the queue")
    broker = stack.enter_context(rabbitmq.running(folder / "rabbitmq"))
    tell("OpenBao: the root of the vault, in a transit engine")
    bao = stack.enter_context(openbao.running(folder / "openbao"))
    return {
        "COFFRE_INDEX_URL": database.url(DATABASES[0]),
        "COFFRE_VAULT_STORE_URL": database.url(DATABASES[1]),
        "COFFRE_DAY_KEYS_URL": database.url(DATABASES[2]),
        "COFFRE_OBJECTS_URL": store.url("s3", BUCKET),
        "COFFRE_QUEUE_URL": broker,
        "COFFRE_VAULT_URL": f"unix://{folder}/doors",
        "COFFRE_VAULT_ROOT": bao.url(),
        **store.environment(),
        **bao.environ,
    }


@contextmanager
def _process(folder: Path, name: str, arguments: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """One coffre process, its log beside the others; SIGTERM at the end."""
    with (folder / f"{name}.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "coffre.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        _wait(started, folder / f"{name}.log", name)
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(40)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _wait(started: "subprocess.Popen[str]", log: Path, name: str) -> None:
    assert started.stdout is not None
    timer = threading.Timer(START_TIMEOUT_S, started.kill)
    timer.start()
    line = started.stdout.readline()
    timer.cancel()
    if not line.startswith("ready"):
        raise RuntimeError(f"{name} did not start:\n{log.read_text()[-2000:]}")


if __name__ == "__main__":
    with running(Path(sys.argv[1]).absolute(), print) as full:
        print(f"ready {full.url}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
