"""Locks that end with their process tell who serves a data directory and who works through its queue."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import CoffreError

LOCK = "working.lock"
SERVED, PARTS = "serving.lock", "parts.lock"
_PARTS_END_S = 10.0


@contextmanager
def serving(data: Path) -> Iterator[None]:
    """Be the one server of a data directory. Raises `CoffreError` "served_already".

    Two locks: that of the process (fcntl(2)) is this server's alone; the other (flock(2)) belongs to all that
    it forks as well, so that whoever starts after a kill -9 waits until the last of them is gone.
    """
    served = os.open(data / SERVED, os.O_RDWR | os.O_CREAT, 0o600)
    parts = os.open(data / PARTS, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.lockf(served, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _await_end(parts)
        except BlockingIOError:
            raise CoffreError(
                f"Another coffre serve runs on {data}: stop it first, or name another data directory.",
                code="served_already",
            ) from None
        yield
    finally:
        os.close(parts)
        os.close(served)


def _await_end(parts: int) -> None:
    """Until no part of an earlier server is left. Raises `BlockingIOError`."""
    until = time.monotonic() + _PARTS_END_S
    while not _alone(parts):
        if time.monotonic() > until:
            raise BlockingIOError
        time.sleep(0.02)


@contextmanager
def working(data: Path, when_alone: Callable[[], None]) -> Iterator[None]:
    """Hold a worker's place on the data directory; `when_alone` is called first if no other one is held.

    A process that starts meanwhile waits until `when_alone` is done.
    """
    descriptor = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
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
