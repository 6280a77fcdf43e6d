"""A Coffre for the demo: a data directory, and `coffre serve` as a process of its own."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol, Self

from coffre.notifying.carriers import RINGS
from records.errors import CoffreError

START_TIMEOUT_S = 180
"""A start takes four seconds of CPU, and eight seconds where ten wait for two cores: more may wait, and an
image may be read for the first time.
"""
MESSAGE_TIMEOUT_S = 30


class Started(Protocol):
    """What is asked of the process: a part of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[str] | None: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class DemoServer:
    """`coffre serve` on a free port; ended by SIGTERM, which must leave with exit 0."""

    def __init__(
        self,
        data: Path,
        port: int | None = None,
        command: Sequence[str] = ("coffre.cli",),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`command`: the module that is run, and what it wants before the words of `coffre`; `settings` are
        told to it alone.
        """
        self._data, self._command, self._settings = data, command, settings or {}
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (data.with_name(f"{data.name}-server.log")).open("ab")
        self._process: Started | None = None
        self._messages: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Returns once the server accepts. Raises `CoffreError` "not_started"."""
        arguments = ("serve", "--data", str(self._data), "--port", str(self.port))
        self._process = self._started(arguments, {**os.environ, **self._settings, "PYTHONUNBUFFERED": "1"})
        assert self._process.stdout is not None
        timer = threading.Timer(START_TIMEOUT_S, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        listening = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        listening.start()
        if not line.startswith("ready"):
            self.stop()
            raise CoffreError(
                "The server did not start: see its log beside the data directory.", code="not_started"
            )

    def _started(self, arguments: Sequence[str], environment: Mapping[str, str]) -> "Started":
        command = [sys.executable, "-m", *self._command, *arguments]
        return subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environment
        )

    def telephone(self) -> str:
        """The next message that the server prints where a telephone would ring. Raises `CoffreError`
        "no_message".
        """
        try:
            return self._messages.get(timeout=MESSAGE_TIMEOUT_S)
        except queue.Empty:
            raise CoffreError("No message came.", code="no_message") from None

    def _listen(self, printed: IO[str]) -> None:
        """Until its end; nobody else reads the pipe, which must never fill."""
        with contextlib.suppress(ValueError):  # closed
            for line in printed:
                if line.startswith(RINGS):
                    self._messages.put(line)

    def stop(self) -> int:
        """Ask it to end and wait; answers its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._log.close()
        return code


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
