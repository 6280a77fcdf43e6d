"""A process that holds keys and crashes leaves no dump of its memory. It is really crashed, with dumps on."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coffre.installation.install import initialise
from coffre.settings import load
from tests.services.processes import free_port

PROCESSES = {
    "serve": lambda data: ["serve", "--data", data, "--port", str(free_port())],
    "vault": lambda data: ["vault", "serve", "--data", data],
    "worker": lambda data: ["worker", "--data", data],
    "housekeeper": lambda data: ["housekeeper", "--data", data],
    "gateway": lambda data: ["serve", "--only", "gateway", "--data", data, "--port", str(free_port())],
    "intake": lambda data: ["serve", "--only", "intake", "--data", data, "--port", str(free_port())],
}


def dumps_on() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def crashed(
    folder: Path, command: list[str], ready: Callable[[bytes], bool], **env: str
) -> tuple[bool, list[str]]:
    """Crash a process once it says it is ready: whether the kernel wrote a dump, and the files beside it."""
    folder.mkdir()
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        preexec_fn=dumps_on,  # noqa: PLW1509 - one thread here
        env={**os.environ, **env},
    ) as running:
        assert running.stdout is not None and ready(running.stdout.readline())
        running.send_signal(signal.SIGABRT)
        _, status = os.waitpid(running.pid, 0)
        running.returncode = -os.WTERMSIG(status)
    assert os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status), [path.name for path in folder.iterdir()]


def test_dumps_are_on_where_this_runs(tmp_path: Path) -> None:
    """Else nothing below would say anything."""
    code = "import time; print('ready', flush=True); time.sleep(60)"
    dumped, _ = crashed(tmp_path / "cwd", [sys.executable, "-c", code], lambda line: line == b"ready\n")
    assert dumped, "This machine writes no core dumps at all: set kernel.core_pattern to core."


@pytest.mark.parametrize("name", PROCESSES)
def test_a_crash_leaves_no_dump(name: str, tmp_path: Path) -> None:
    data = tmp_path / "D"
    initialise(load(data=data))
    command = [sys.executable, "-m", "coffre.cli", *map(str, PROCESSES[name](data))]
    env = {"COFFRE_VAULT_URL": f"unix://{tmp_path}/doors"} if name == "vault" else {}
    dumped, left = crashed(tmp_path / "cwd", command, lambda line: line.startswith(b"ready"), **env)
    assert (dumped, left) == (False, [])
