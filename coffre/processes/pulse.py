"""Signs of life: each loop of a process keeps a file of its own, and whoever looks finds the one that hangs.

A file's time of change is until when it is good; its loop puts that off as long as it goes on. The folder is
one process's, in memory, and written by it and its children alone. `python -m coffre.processes.pulse FOLDER`
is the check; it loads nothing else of Coffre.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

SUFFIX = ".pulse"
EVERY_S, GRACE_S = 1.0, 1.0
"""Beats in between cost nothing; a file is made a moment before its time is set."""


class Pulse:
    """Of one loop. Its file is there from its first beat until it rests."""

    def __init__(self, file: Path | None, good_s: float) -> None:
        """`good_s`: what the loop may do at most between two beats, in seconds."""
        self._file, self._good_s = file, good_s
        self._again_at = 0.0

    def beat(self) -> None:
        """Called wherever the loop comes by, and wherever it waits for a bounded child."""
        if self._file is None or time.monotonic() < self._again_at:
            return
        self._again_at = time.monotonic() + EVERY_S
        until = time.time() + self._good_s
        with suppress(OSError):  # whoever looks misses it then
            self._file.touch(0o600)
            os.utime(self._file, (until, until))

    def rest(self) -> None:
        """Nothing is expected of this loop until its next beat."""
        self._again_at = 0.0
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)


class Pulses:
    """Those of a process and its children; without a folder nobody looks, and nothing is written."""

    def __init__(self, folder: Path | None = None) -> None:
        """Raises OSError where `folder` can't be made or emptied of an earlier process's files."""
        self.folder = folder
        if folder is not None:
            folder.mkdir(mode=0o700, exist_ok=True)
            for each in folder.glob(f"*{SUFFIX}"):
                each.unlink()

    def of(self, loop: str, good_s: float) -> Pulse:
        """Called in the process that the loop runs in."""
        file = self.folder / f"{os.getpid()}-{loop}{SUFFIX}" if self.folder else None
        return Pulse(file, good_s)

    def forget_dead(self) -> None:
        """Children that were killed leave a file, and another one has taken their place."""
        for each in self.folder.glob(f"*{SUFFIX}") if self.folder else ():
            try:
                os.kill(int(each.name.partition("-")[0]), 0)
            except (ProcessLookupError, PermissionError):  # another user has its number since
                each.unlink(missing_ok=True)


def silent(folder: Path, now: float) -> str | None:
    """Why the process of this folder is not alive; None: it is. `now` in seconds since 1970."""
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        return f"no loop has left a sign of life in {folder}"
    for each in files:
        with suppress(FileNotFoundError):  # it rests since
            late = now - each.stat().st_mtime
            if late > GRACE_S:
                return f"{each.stem} hangs: {late:.0f} seconds ago it should have given a sign of life"
    return None


if __name__ == "__main__":
    sys.exit(silent(Path(sys.argv[1]), time.time()))
