"""What tests fetch or install belongs to the checkout or the machine, and several processes run tests."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits for the other processes of this checkout; who comes after them looks again for what it wanted."""
    held = os.open(ROOT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
