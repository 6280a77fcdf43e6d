"""Checks of a server's machine and data directory, made before anything is started."""

import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path

from coffre.processes import machine
from coffre.setting_rules import INPROCESS
from coffre.settings import Settings
from records.errors import CoffreError, Invalid

_MIB = 1 << 20
LEAST_MEMORY = 256 * _MIB
MEMORY_OF_A_WORKER = 64 * _MIB
LEAST_ADDRESSES = 2048 * _MIB
"""Of a process: threads reserve addresses that they never fill."""
LEAST_DISK = _MIB
"""Less is no room for a line of the log, without which nothing is read either."""
LEAST_FILES = 256
LEAST_CORES = 0.1
MOST_WORKERS_OF_A_CORE = 8
_OPEN_TO_OTHERS = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
"""To go through it (chmod 711) is what processes apart need, and shows nobody what lies there."""


def check(settings: Settings) -> None:
    """Raises `CoffreError` with what is missing and what to do about it: "data_of_another", "data_open",
    "data_read_only", "disk_full", "too_little_memory", "too_few_files", "no_cores"; `Invalid`
    "too_many_workers".
    """
    check_folder(settings.data)
    if settings.vault_url == INPROCESS:
        check_folder(settings.vault_dir)
    check_disk(settings.data)
    check_memory(settings.workers)
    check_files()
    check_cores(settings.workers)


def check_folder(folder: Path) -> None:
    """It belongs to the user who serves it, who alone reads and writes it."""
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise CoffreError(
            f"{folder} belongs to the user {found.st_uid}, and this process is the user {os.geteuid()}: "
            "serve it as that user, or give all of it to this one (chown -R).",
            code="data_of_another",
        )
    if found.st_mode & _OPEN_TO_OTHERS:
        raise CoffreError(
            f"{folder} is open to other users of this machine: chmod 700 {folder}.", code="data_open"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CoffreError(
            f"{folder} can't be written: mount it for writing, or give its owner the right (chmod u+w).",
            code="data_read_only",
        )


def check_disk(data: Path) -> None:
    found = os.statvfs(data)
    if (left := found.f_bavail * found.f_frsize) < LEAST_DISK:
        raise CoffreError(
            f"The disk of {data} has {left >> 10} KiB left, not enough for a line of the log: free some.",
            code="disk_full",
        )


def check_memory(workers: int, left: Callable[[], int | None] = machine.memory_left) -> None:
    needed, found = LEAST_MEMORY + workers * MEMORY_OF_A_WORKER, left()
    if found is not None and found < needed:
        raise CoffreError(
            f"{found // _MIB} MiB of memory are left to this process, and {needed // _MIB} are needed: free "
            "some, raise the limit of its control group, or set COFFRE_WORKERS lower.",
            code="too_little_memory",
        )
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    if addresses != resource.RLIM_INFINITY and addresses < LEAST_ADDRESSES:
        raise CoffreError(
            f"A process may have {addresses // _MIB} MiB of addresses, and {LEAST_ADDRESSES // _MIB} are "
            "needed: raise it (ulimit -v unlimited).",
            code="too_little_memory",
        )


def check_files() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < LEAST_FILES:
        raise CoffreError(
            f"A process may open {soft} files, and {LEAST_FILES} are needed: raise it (ulimit -n 4096, or "
            "LimitNOFILE= of its unit).",
            code="too_few_files",
        )


def check_cores(workers: int, cores: Callable[[], float] = machine.cores) -> None:
    found = cores()
    if found < LEAST_CORES:
        raise CoffreError(
            f"{found:.2f} of a core is left to this process: raise the quota of its control group.",
            code="no_cores",
        )
    most = MOST_WORKERS_OF_A_CORE * max(1, round(found))
    if workers > most:
        raise Invalid(
            f"COFFRE_WORKERS is {workers}, and the cores of this process serve {most} at most: set it lower.",
            code="too_many_workers",
        )
