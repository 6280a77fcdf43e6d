"""Processes of Coffre run apart, as tests start and kill them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.services.warm import WarmProcess

_numbers = count()


@contextmanager
def process(*arguments: str, env: dict[str, str]) -> Iterator[WarmProcess]:
    """A coffre process that said it is ready, in a session of its own; it must end with exit 0 on SIGTERM.

    Its log lies beside the data directory that the arguments name.
    """
    data = Path(arguments[arguments.index("--data") + 1])
    log = data.with_name(f"{data.name}-{arguments[0]}-{next(_numbers)}.log")
    running = WarmProcess(arguments, {**os.environ, **env}, log, new_session=True)
    try:
        line = running.stdout.readline()
        assert line.startswith("ready"), f"{line}{log.read_text()}"
        yield running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGTERM)
            assert running.wait(60) == 0
        running.stdout.close()


def kill(running: WarmProcess) -> None:
    """kill -9 of the process with all its children."""
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
