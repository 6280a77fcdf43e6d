"""What runs under a supervisor, told to whoever asks at its socket; `coffre status` does.

An answer is one JSON object, after which the connection ends. The folder is of the server's user alone.
"""

import json
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from coffre.processes.measured import cpu_seconds, own_memory_kib
from coffre.processes.parts import Part
from coffre.processes.run_folder import SUPERVISOR

_MEASURING_S = 0.05
"""Parts that are busy for longer say what they were when they were asked last."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A process: since when (seconds since 1970), how often it was started again, CPU seconds, memory as
    proportional set size (MiB). `pid` is None while it waits to be started again.
    """

    pid: int | None
    since: float
    restarts: int
    cpu_s: float
    memory_mib: float


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

    def answer(self, parts: Sequence[Part]) -> None:
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

    def _found(self, parts: Sequence[Part]) -> dict[str, Any]:
        own = Standing(os.getpid(), self._since, 0, cpu_seconds(os.getpid()), own_memory_kib() / 1024)
        return {"supervisor": asdict(own), **{part.name: asdict(_of(part)) for part in parts}}


def _of(part: Part) -> Standing:
    cpu_s, memory = (cpu_seconds(part.pid), part.slot.read() / 1024) if part.pid else (0.0, 0.0)
    return Standing(part.pid or None, part.since, part.restarts, cpu_s, memory)
