"""`coffre serve` in a process group of its own, to be killed whole at any moment."""

import os
import resource
import signal
import threading
from contextlib import suppress
from pathlib import Path

from tests.services.warm import WarmProcess

START_TIMEOUT_S = 60


class KillableServer:
    """One run of a server; start a new one after `kill`."""

    def __init__(self, data: Path, port: int, *, largest_file: int | None = None) -> None:
        """`largest_file`: no file of the server grows past so many bytes, as on a disk that is full."""
        self.url = f"http://127.0.0.1:{port}"
        log = data.with_name(f"{data.name}-server.log")
        self._process = WarmProcess(
            ["serve", "--data", str(data), "--port", str(port)],
            {**os.environ, "PYTHONUNBUFFERED": "1"},
            log,
            new_session=True,
        )
        if largest_file is not None:
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (largest_file, largest_file))
        timer = threading.Timer(START_TIMEOUT_S, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        assert line.startswith("ready"), f"the server did not start: see {log}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def parts(self) -> dict[str, int]:
        """Process ids of the supervisor's children."""
        return parts_of(self._process.pid)

    def kill_supervisor(self) -> None:
        """SIGKILL to it alone: its parts are to end by themselves."""
        self._process.kill()
        self._process.wait()
        self._close()

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
        self._process.stdout.close()


def parts_of(supervisor: int) -> dict[str, int]:
    """Process ids of its children, by the names that ps(1) shows (15 characters of them)."""
    found = {}
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            found[Path(f"/proc/{child}/comm").read_text().strip()] = int(child)
    return found


def comm(part: str) -> str:
    return f"coffre-{part}"[:15]
