"""What the engines' modules share: free ports, ending a process, packages of Debian."""

import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

# below Linux's ephemeral range, so that no outgoing connection takes the port in between
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    for port in random.sample(_PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("200 ports of loopback are taken; stop what holds them.")


@contextmanager
def stopped(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Ends this process, by its id, when the block is left."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()


def debian(command: str, package: str) -> None:
    """Makes sure of a command from a Debian package: installs it as root, names the line to run else."""
    if shutil.which(command) is not None:
        return
    line = f"apt-get install -y --no-install-recommends {package}"
    if os.geteuid() != 0:
        raise RuntimeError(f"{command} is missing. As root: {line}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-q"], line.split()):
        subprocess.run(step, check=True, capture_output=True, env=environ)
