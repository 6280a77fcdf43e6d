"""Bells wake workers and intake of one data directory, in one process or in several.

They are made before the processes are forked, and shared by them. A lost ring costs a second: rows decide,
and whoever waits looks at them now and then (docs/architecture.md).
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from uuid import UUID

_ID = 16  # bytes of a submission's id; a write of so few is whole or not at all (pipe(7), PIPE_BUF)


class Bells:
    """One bell for what was received, and one line per web process for what is finished."""

    def __init__(self, webs: int = 0) -> None:
        # a semaphore of "fork" has no name in the system, and so nothing is left behind by kill -9
        self._received = get_context("fork").Semaphore(0)
        self._finished = [os.pipe() for _ in range(webs)]
        for _, writing in self._finished:
            os.set_blocking(writing, False)

    def ring(self, _: UUID | None = None) -> None:
        """Something waits; which one, the lease table tells."""
        self._received.release()

    def wait(self, seconds: float) -> bool:
        """Whether somebody rang; each ring wakes one worker, of whichever process."""
        return self._received.acquire(timeout=seconds)

    def finished(self, submission_id: UUID) -> None:
        """Tell every web process: one of them may have a request that waits for this verdict."""
        for _, writing in self._finished:
            with suppress(BlockingIOError):  # full: that process is gone or busy, and looks by itself
                os.write(writing, submission_id.bytes)

    def hear(self, web: int, callback: Callable[[UUID], None]) -> None:
        """Call back, in a thread of its own, for what is finished from now on."""
        reading, _ = self._finished[web]

        def listen() -> None:
            while said := os.read(reading, _ID):
                callback(UUID(bytes=said))

        threading.Thread(target=listen, name="finished", daemon=True).start()
