"""A lock that ends with its process tells whether another works through a data directory's queue."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "working.lock"


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
