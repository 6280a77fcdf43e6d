"""Locks that end with their process tell who serves a data directory and who works through its queue."""

import fcntl
import os
import stat
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import CoffreError

LOCK = "working.lock"
SERVED, PARTS = "serving.lock", "parts.lock"
_PARTS_END_S = 10.0
_FLOCK = struct.Struct("hhqqi0q")  # linux, 64 bit: struct flock, fcntl.h


@contextmanager
def serving(data: Path) -> Iterator[None]:
    """Be the one server of a data directory. Raises `CoffreError` "served_already", "parts_left" or
    "lock_unusable".

    Two locks: that of the process (fcntl(2)) is this server's alone; the other (flock(2)) belongs to all that
    it forks as well, so that whoever starts after a kill -9 waits until the last of them is gone.
    """
    served, parts = _lock_file(data / SERVED), _lock_file(data / PARTS)
    try:
        try:
            fcntl.lockf(served, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CoffreError(
                f"Another coffre serve runs on {data}: stop it first, or name another data directory.",
                code="served_already",
            ) from None
        _await_end(parts, data)
        yield
    finally:
        os.close(parts)
        os.close(served)


def server_of(data: Path) -> int | None:
    """The process that serves a data directory, where one does (fcntl(2), F_GETLK)."""
    try:
        served = os.open(data / SERVED, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(served, fcntl.F_GETLK, asked))
        return None if kind == fcntl.F_UNLCK else int(pid)
    finally:
        os.close(served)


def _lock_file(path: Path) -> int:
    """A file of ours to lock, made where it is missing. One that a killed process left is as good.

    Raises `CoffreError` "lock_unusable" where something else lies there.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise _unusable(path, error.strerror or "it can't be opened") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _unusable(path, "it is no file")
    return descriptor


def _unusable(path: Path, why: str) -> CoffreError:
    return CoffreError(f"{path} can't be locked ({why}): remove it while nothing runs.", code="lock_unusable")


def _await_end(parts: int, data: Path) -> None:
    """Until no part of an earlier server is left. Raises `CoffreError` "parts_left"."""
    until = time.monotonic() + _PARTS_END_S
    while not _alone(parts):
        if time.monotonic() > until:
            raise CoffreError(
                f"Processes of a killed coffre serve on {data} have not ended: end them (fuser "
                f"{data / PARTS} names them), then start again.",
                code="parts_left",
            )
        time.sleep(0.02)


@contextmanager
def working(data: Path, when_alone: Callable[[], None]) -> Iterator[None]:
    """Hold a worker's place on the data directory; `when_alone` is called first if no other one is held.

    A process that starts meanwhile waits until `when_alone` is done.
    """
    descriptor = _lock_file(data / LOCK)
    try:
        if _alone(descriptor):
            when_alone()
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
