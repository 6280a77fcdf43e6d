"""Calls that make the hash of a password, in a line of their own: a flood of them keeps up no code."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sign_in.accounts.passwords import busy

T = TypeVar("T")
THREADS = 8
"""More than hashes are made at one time: some wait for a mail server."""
UNDER_WAY = 40
"""Whoever comes beyond would wait for seconds, and so would who comes after."""


class InTurn:
    """Threads of their own, and a queue that ends."""

    def __init__(self, threads: int = THREADS, under_way: int = UNDER_WAY) -> None:
        self._threads = ThreadPoolExecutor(threads, "passwords")
        self._most, self._under_way = under_way, 0

    async def call(self, what: Callable[[], T]) -> T:
        """Raises CoffreError "sign_in_busy" at once where too many wait, else what `what` raises."""
        if self._under_way >= self._most:
            raise busy()
        self._under_way += 1
        try:
            running, context = asyncio.get_running_loop(), contextvars.copy_context()
            return await running.run_in_executor(self._threads, context.run, what)
        finally:
            self._under_way -= 1
