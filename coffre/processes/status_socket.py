"""The socket where a supervisor tells what runs under it; `coffre status` asks there.

An answer is one JSON object, after which the connection ends: by name, a process with its number (null while
it waits to be started again), since when (seconds since 1970), how often it was started again, CPU seconds,
and memory as proportional set size. The folder is of the server's user alone.
"""

import json
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coffre.processes.measured import cpu_seconds, own_memory_kib
from coffre.processes.parts import SupervisedPart
from coffre.processes.run_folder import SUPERVISOR

_MEASURING_S = 0.05
"""Parts that are busy for longer say what they were when they were asked last."""


class Announcer:
    """The socket where a supervisor says what runs."""

    def __init__(self, folder: Path) -> None:
        self._since = time.time()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SUPERVISOR))
        self._listener.listen()
        self._listener.setblocking(False)

    def fileno(self) -> int:
        return self._listener.fileno()

    def answer(self, parts: Sequence[SupervisedPart]) -> None:
        """Tell one caller; never waits for it."""
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it has given up, or there is no descriptor for it
        with connection:
            connection.setblocking(False)
            for part in parts:
                part.measure()
            time.sleep(_MEASURING_S)
            try:
                connection.send(json.dumps(self._found(parts)).encode())
            except OSError:
                return

    def _found(self, parts: Sequence[SupervisedPart]) -> dict[str, Any]:
        own = _said(os.getpid(), self._since, 0, own_memory_kib())
        return {"supervisor": own, **{part.name: _of(part) for part in parts}}


def _of(part: SupervisedPart) -> dict[str, Any]:
    return _said(part.pid, part.since, part.restarts, part.slot.read() if part.pid else 0)


def _said(pid: int, since: float, restarts: int, memory_kib: int) -> dict[str, Any]:
    return {
        "pid": pid or None,
        "since": since,
        "restarts": restarts,
        "cpu_s": cpu_seconds(pid) if pid else 0.0,
        "memory_mib": memory_kib / 1024,
    }
