"""`coffre serve` in a process group of its own, to be killed whole at any moment."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

START_TIMEOUT_S = 60


class KillableServer:
    """One run of a server; start a new one after `kill`."""

    def __init__(self, data: Path, port: int, *, largest_file: int | None = None) -> None:
        """`largest_file`: no file of the server grows past so many bytes, as on a disk that is full."""
        self.url = f"http://127.0.0.1:{port}"
        self._log = data.with_name(f"{data.name}-server.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "coffre.cli", "serve", "--data", str(data), "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        if largest_file is not None:
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (largest_file, largest_file))
        assert self._process.stdout is not None
        timer = threading.Timer(START_TIMEOUT_S, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        assert line.startswith("ready"), f"the server did not start: see {self._log.name}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL to the whole group; returns when the server is gone."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._close()

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int:
        """Its exit code. `subprocess.TimeoutExpired` after `seconds`."""
        code = self._process.wait(seconds)
        self._close()
        return code

    def end(self) -> None:
        """Whatever state it is in: nothing runs afterwards."""
        if self._process.poll() is None:
            self.kill()

    def _close(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()


def descendants(pid: int) -> set[tuple[int, str]]:
    """The processes below `pid`, each with its start time, so that a reused number is not taken for it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        if found := _stat(int(stat.parent.name)):
            children.setdefault(int(found[1]), []).append(int(stat.parent.name))
    below, waiting = set(), [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found = _stat(child)
            if found:
                below.add((child, found[19]))
                waiting.append(child)
    return below


def survivors(processes: set[tuple[int, str]], seconds: float) -> set[int]:
    """Those that still run after `seconds`; a zombie has ended."""
    deadline = time.monotonic() + seconds
    while True:
        living = {pid for pid, started in processes if _lives(pid, started)}
        if not living or time.monotonic() > deadline:
            return living
        time.sleep(0.05)


def _lives(pid: int, started: str) -> bool:
    found = _stat(pid)
    return found is not None and found[19] == started and found[0] not in "ZX"


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third, the state, on."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
