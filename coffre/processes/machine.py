"""Cores and memory that the machine leaves to this process, as the kernel and its control groups say.

Files are those of proc(5) and of cgroups(7), versions 1 and 2; `root` is where a test puts its own.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from records.text.numbers import is_whole, whole

_AVAILABLE = re.compile(r"^MemAvailable:\s+([0-9]+) kB", re.MULTILINE)
_ROOT = Path("/")
_GROUPS = Path("sys/fs/cgroup")


def cores(root: Path = _ROOT) -> float:
    """Those this process may use, less where its control group has a quota: 0.5 is half the time of one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([float(allowed), *_quotas(root)])


def whole_cores() -> int:
    """So many processes can work at the same time; at least one."""
    return max(1, round(cores()))


def memory_left(root: Path = _ROOT) -> int | None:
    """Bytes that can still be had; None where the system does not say."""
    found = [*_available(root), *_left_in_groups(root)]
    return min(found, default=None)


def _available(root: Path) -> Iterator[int]:
    if said := _AVAILABLE.search(_text(root / "proc/meminfo")):
        yield int(said[1]) << 10


def _left_in_groups(root: Path) -> Iterator[int]:
    for folder in _folders(root, "memory"):
        most = _number(folder / "memory.max") or _number(folder / "memory.limit_in_bytes")
        used = _number(folder / "memory.current") or _number(folder / "memory.usage_in_bytes")
        if most is not None:
            # pages of files that nobody uses now are given up before anything is refused
            yield max(0, most - (used or 0) + _given_up(folder))


def _given_up(folder: Path) -> int:
    found = re.search(r"^(?:total_)?inactive_file ([0-9]+)$", _text(folder / "memory.stat"), re.MULTILINE)
    return int(found[1]) if found else 0


def _quotas(root: Path) -> Iterator[float]:
    for folder in _folders(root, "cpu"):
        quota, _, span = _text(folder / "cpu.max").strip().partition(" ")  # "max 100000" without one
        if is_whole(quota) and is_whole(span):
            yield whole(quota) / whole(span)
        older, of = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        if older is not None and of:
            yield older / of


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """This process's control group and those around it, of either version."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            top = root / _GROUPS
        elif controller in controllers.split(","):
            top = root / _GROUPS / controller
        else:
            continue
        group = top / path.strip("/")
        yield from (each for each in (group, *group.parents) if each.is_relative_to(top) and each.is_dir())


def _number(file: Path) -> int | None:
    """None where there is none: no such file, `max`, or -1."""
    text = _text(file).strip()
    return whole(text) if is_whole(text) else None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
