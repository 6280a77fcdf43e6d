"""The cost of a process of this machine: memory as only itself may read it, CPU as anybody may (proc(5))."""

import mmap
import os
import re
import struct
from pathlib import Path

_KIB = struct.Struct("=Q")
_PSS = re.compile(rb"^Pss:\s+([0-9]+) kB", re.MULTILINE)
_USER_TIME = 11  # of the fields behind the name: utime, stime, cutime, cstime


class Slot:
    """A number that a forked process tells its parent: mapped before the fork, written whole."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _KIB.size)

    def write(self, kib: int) -> None:
        self._memory[:] = _KIB.pack(kib)

    def read(self) -> int:
        return int(_KIB.unpack(self._memory[:])[0])


def own_memory_kib() -> int:
    """Proportional set size: what is shared with other processes counts to each in part. 0 where the system
    does not say.

    No other process of this user could ask: this one is not dumpable (coffre/processes/core_dumps.py).
    """
    try:
        found = _PSS.search(Path("/proc/self/smaps_rollup").read_bytes())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def cpu_seconds(pid: int) -> float:
    """Of a process and those of its children that have ended; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[_USER_TIME : _USER_TIME + 4])) / os.sysconf("SC_CLK_TCK")
