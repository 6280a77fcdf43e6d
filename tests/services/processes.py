"""What the engines' modules share: free ports, ending a process, packages of Debian."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.one_at_a_time import one_at_a_time
from tests.services.service import free_ports

POLICY = Path("/usr/sbin/policy-rc.d")
"""What Debian's packages ask whether they may start their services."""


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


def debian(command: str, package: str) -> str:
    """Where a command of a Debian package is: installs it as root, names the line to run else."""
    found = _found(command)
    if found is None:
        with one_at_a_time():
            if _found(command) is None:
                _install(command, package)
        found = _found(command)
    if found is None:
        raise RuntimeError(f"{command} is missing although {package} is installed.")
    return found


def install(what: str, *packages: str) -> None:
    """Installs Debian packages, whose own services stay stopped; RuntimeError with the line for root."""
    with one_at_a_time():
        _install(what, *packages)


def _install(what: str, *packages: str) -> None:
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0:
        raise RuntimeError(f"{what} is missing. As root: {line}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_service_starts():
        for step in (["apt-get", "update", "-q"], line.split()):
            subprocess.run(step, check=True, capture_output=True, env=environment)


def _found(command: str) -> str | None:
    """Servers lie where a plain user's PATH does not lead."""
    return shutil.which(command) or shutil.which(command, path="/usr/sbin:/sbin")


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Else a package starts its service at once, some of them on every address of the machine."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
