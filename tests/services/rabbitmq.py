"""A RabbitMQ server for tests: `python -m tests.services.rabbitmq DIR` until Ctrl-C. Debian's package.

The node has a name and a directory of its own, every port is on loopback, and it is stopped by its pid.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services.processes import debian, free_port
from tests.services.server import Server

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """Starts a node on loopback; gives its AMQP URL."""
    server, url = made(directory)
    with server:
        yield url


def made(directory: Path) -> tuple[Server, str]:
    """A node, not yet started, and its AMQP URL."""
    debian("rabbitmq-server", "rabbitmq-server")
    directory.mkdir(parents=True, exist_ok=True)
    port, distribution, mapper = free_port(), free_port(), free_port()
    (directory / "enabled_plugins").write_text("[].\n")
    (directory / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{port}\n")
    environment = {
        **os.environ,
        "HOME": str(directory),
        "RABBITMQ_NODENAME": f"test{secrets.token_hex(3)}@localhost",
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_PID_FILE": str(directory / "pid"),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
    }
    log = directory / "server.log"
    server = Server("RabbitMQ", [SERVER], log, lambda: _greets(port), environment)
    server.tidied = lambda: _end_mapper(mapper, environment)
    return server, f"amqp://guest:guest@127.0.0.1:{port}//"


def forget(directory: Path) -> None:
    """Removes what an ended node kept: the next one knows no queue and no message."""
    shutil.rmtree(directory / "mnesia")


def _greets(port: int) -> bool:
    """Whether it answers the protocol's first bytes."""
    with socket.socket() as probe, suppress(OSError):
        probe.settimeout(2)
        probe.connect(("127.0.0.1", port))
        probe.sendall(b"AMQP\x00\x00\x09\x01")
        return bool(probe.recv(7))
    return False


def _end_mapper(port: int, environment: dict[str, str]) -> None:
    """The port mapper that the node started outlives it; it is asked to go."""
    subprocess.run(
        ["epmd", "-port", str(port), "-kill"],
        env=environment,
        capture_output=True,
        check=False,
    )


if __name__ == "__main__":
    with running(Path(sys.argv[1]).absolute()) as url:
        print(url, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
