"""Cores and memory are what the kernel and each control group around a process leave (cgroups(7))."""

import os
from pathlib import Path

import pytest

from coffre.processes.machine import cores, memory_left

MEMINFO = "MemTotal:       2048000 kB\nMemAvailable:   1024000 kB\n"
AVAILABLE = 1024000 << 10


def made(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_without_control_groups_it_is_what_the_kernel_says(tmp_path: Path) -> None:
    assert memory_left(made(tmp_path, {"proc/meminfo": MEMINFO})) == AVAILABLE
    assert cores(tmp_path) == len(os.sched_getaffinity(0))


def test_where_nothing_is_said_nothing_is_known(tmp_path: Path) -> None:
    assert memory_left(tmp_path) is None


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        ({"a/b/memory.max": "max", "a/memory.max": "max"}, AVAILABLE),
        ({"a/b/memory.max": "1000000", "a/b/memory.current": "400000"}, 600_000),
        ({"a/b/memory.max": "max", "a/memory.max": "1000000", "a/memory.current": "999999"}, 1),
        ({"a/b/memory.max": "1000", "a/b/memory.current": "2000"}, 0),
        (
            {
                "a/b/memory.max": "1000",
                "a/b/memory.current": "900",
                "a/b/memory.stat": "anon 5\ninactive_file 300\n",
            },
            400,
        ),
    ],
    ids=["none", "own", "around", "beyond", "files"],
)
def test_the_narrowest_of_all_groups_around_it_counts(
    tmp_path: Path, limits: dict[str, str], left: int
) -> None:
    files = {f"sys/fs/cgroup/{name}": text for name, text in limits.items()}
    group = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/a/b\n"}
    assert memory_left(made(tmp_path, group | files)) == left


@pytest.mark.parametrize(("limit", "left"), [("5000", 4000), ("9223372036854771712", AVAILABLE)])
def test_groups_of_version_1(tmp_path: Path, limit: str, left: int) -> None:
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "4:memory:/a\n1:cpu,cpuacct:/a\n0::/\n",
        "sys/fs/cgroup/memory/a/memory.limit_in_bytes": limit,
        "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "1000",
        "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
    }
    assert memory_left(made(tmp_path, files)) == left
    assert cores(tmp_path) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("quota", "found"), [("max 100000", None), ("25000 100000", 0.25)])
def test_a_quota_of_time_is_part_of_a_core(tmp_path: Path, quota: str, found: float | None) -> None:
    made(tmp_path, {"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": quota})
    assert cores(tmp_path) == (found or len(os.sched_getaffinity(0)))
