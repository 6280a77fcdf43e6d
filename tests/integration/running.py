"""Processes of Coffre run apart, as tests start and kill them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def process(*arguments: str, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A coffre process that said it is ready, in a session of its own; it must end with exit 0 on SIGTERM."""
    command = [sys.executable, "-m", "coffre.cli", *arguments]
    with subprocess.Popen(
        command, env={**os.environ, **env}, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            assert line.startswith("ready"), line
            yield running
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGTERM)
                assert running.wait(60) == 0


def kill(running: "subprocess.Popen[str]") -> None:
    """kill -9 of the process with all its children."""
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
