"""Programs of ours forked from a process that has loaded them: a run of the tests starts hundreds.

They are as a shell would start them, but for what Python loads first. What is tested about the start itself
uses a new Python (`DemoServer`).
"""

import io
import multiprocessing
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import IO

from coffre.demonstration.server import DemoServer

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["tests.services.warmed"])


class WarmServer(DemoServer):
    """`coffre serve`, started warm."""

    def _started(self, arguments: Sequence[str], environment: Mapping[str, str]) -> "WarmProcess":
        return WarmProcess(arguments, environment, Path(self._log.name))


def run(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    module: str = "coffre.cli",
) -> "subprocess.CompletedProcess[str]":
    """A command, or another program of ours, to its end, as `subprocess.run` would answer it."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as errors:
        words = [str(each) for each in arguments]
        environment = os.environ if env is None else env
        process = WarmProcess(words, environment, Path(errors.name), folder=cwd, module=module)
        with process.stdout as out:
            told = out.read()
        code = process.wait(120)
        return subprocess.CompletedProcess(words, code, told, errors.read())


class WarmProcess:
    """As much of `subprocess.Popen` as is asked here; its errors go to the end of a file."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        errors: Path,
        *,
        folder: Path | None = None,
        module: str = "coffre.cli",
        new_session: bool = False,
    ) -> None:
        reading, writing = _forking.Pipe(duplex=False)
        place = (folder or Path.cwd(), new_session)
        told = (module, tuple(arguments), dict(environment), place, writing, errors)
        self._process: ForkServerProcess = _forking.Process(target=_program, args=told)
        self._process.start()
        writing.close()
        self.stdout: IO[str] = os.fdopen(os.dup(reading.fileno()), "r", encoding="utf-8")
        reading.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("coffre", timeout or 0)
        return self._process.exitcode


def _program(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    place: tuple[Path, bool],
    out: Connection,
    errors: Path,
) -> None:
    """In the forked process: what a shell sets up, then `python -m` of this module."""
    folder, new_session = place
    if new_session:
        os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.dup2(out.fileno(), 1)
    out.close()
    log = os.open(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    os.close(log)
    sys.stdout, sys.stderr = _text(1), _text(2)
    sys.argv = [module, *arguments]
    random.seed()  # else each goes on where the process they come from stands
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    sys.modules.pop(module, None)  # else runpy warns that it runs it twice
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _text(descriptor: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(os.fdopen(descriptor, "wb", closefd=False), encoding="utf-8", line_buffering=True)
