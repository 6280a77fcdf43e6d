"""What the engines' modules share: free ports, ending a process, packages of Debian."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.services.service import free_ports


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    return free_ports(1)[0]


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
