"""Tells systemd that a process is ready, and that it is alive (sd_notify(3), Type=notify).

The protocol is one datagram a message; the libraries that speak it are as short, and unkept.
"""

import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from coffre.processes.pulse import silent
from records.text.numbers import is_whole, whole

READY, ALIVE = "READY=1", "WATCHDOG=1"
_PARTS = 3  # of WatchdogSec=: told so often before it could end


def tell(state: str) -> None:
    """Where nobody listens, nothing is said."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def told_every(env: Mapping[str, str]) -> float | None:
    """Seconds between two signs of life; None where this process owes none."""
    if env.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    asked = env.get("WATCHDOG_USEC", "")
    return whole(asked) / 1e6 / _PARTS or None if is_whole(asked) else None


def watch(folder: Path | None) -> None:
    """Say that this process is alive for as long as all its loops are; from a thread of its own, since they
    may run in other processes.
    """
    every = told_every(os.environ)
    if every is None or folder is None:
        return

    def run() -> None:
        while True:
            if silent(folder, time.time()) is None:
                tell(ALIVE)
            time.sleep(every)

    threading.Thread(target=run, name="watchdog", daemon=True).start()
