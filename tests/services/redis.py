"""A Redis server for tests: `python -m tests.services.redis DIR` until Ctrl-C. Debian's package."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.processes import debian, free_port, stopped

READY_WITHIN_S = 20


@contextmanager
def running(directory: Path) -> Iterator[str]:
    """Starts a server on loopback that keeps every command on disk; gives its URL."""
    debian("redis-server", "redis-server")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory), "--save", ""]
    command = ["redis-server", *options, "--appendonly", "yes", "--appendfsync", "always"]
    with (directory / "redis.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    with stopped(server):
        until = time.monotonic() + READY_WITHIN_S
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Redis did not start:\n{(directory / 'redis.log').read_text()[-1000:]}")
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"


if __name__ == "__main__":
    with running(Path(sys.argv[1]).absolute()) as url:
        print(url, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
