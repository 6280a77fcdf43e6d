"""A RabbitMQ server for tests: `python -m tests.services.rabbitmq DIR` until Ctrl-C. Debian's package.

The node has a name and a directory of its own, every port is on loopback, and it is stopped by its pid.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.processes import debian, free_port, stopped

READY_WITHIN_S = 90
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """Starts a node on loopback; gives its AMQP URL."""
    debian("rabbitmq-server", "rabbitmq-server")
    directory.mkdir(parents=True, exist_ok=True)
    port, distribution, mapper = free_port(), free_port(), free_port()
    (directory / "enabled_plugins").write_text("[].\n")
    (directory / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{port}\n")
    environment = {
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
    with (directory / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [SERVER], stdout=log, stderr=log, env={**os.environ, **environment}, start_new_session=True
        )
    try:
        with stopped(server):
            _wait(server, port, directory / "server.log")
            yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        _end_mapper(mapper, environment)


def _wait(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while True:
        with socket.socket() as probe:
            probe.settimeout(2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                if probe.recv(7):
                    return
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"RabbitMQ did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)


def _end_mapper(port: int, environment: dict[str, str]) -> None:
    """The port mapper that the node started outlives it; it is asked to go."""
    subprocess.run(
        ["epmd", "-port", str(port), "-kill"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


if __name__ == "__main__":
    with running(Path(sys.argv[1]).absolute()) as url:
        print(url, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
