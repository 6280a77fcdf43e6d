"""Threads that wait for a provider, a few and not for long, so that one that hangs holds up
nobody who signs in by another way.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sign_in.federation.provider import ProviderUnavailable

T = TypeVar("T")
AT_ONCE = 8
WAIT_S = 15


class ProviderThreads:
    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._threads, self._wait_s = ThreadPoolExecutor(AT_ONCE, "provider"), wait_s

    async def run(self, what: Callable[[], T]) -> T:
        """What it gives. Raises as it does, and `ProviderUnavailable` where it takes too long."""
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.get_running_loop().run_in_executor(self._threads, what)
        except TimeoutError:
            raise ProviderUnavailable from None
