"""A provider that hangs is given up, and holds up nobody."""

import asyncio
import threading

import pytest

from sign_in.federation.provider import ProviderUnavailable
from sign_in.federation.threads import AT_ONCE, ProviderThreads


def test_a_provider_that_hangs_is_given_up_and_only_its_own_threads_wait() -> None:
    ends = threading.Event()

    async def many() -> list[object]:
        threads = ProviderThreads(wait_s=0.2)
        waiting = [threads.run(ends.wait) for _ in range(AT_ONCE + 4)]
        found: list[object] = await asyncio.gather(*waiting, return_exceptions=True)
        return [*found, await asyncio.to_thread(lambda: "another way")]

    try:
        *given_up, other = asyncio.run(many())
    finally:
        ends.set()
    assert other == "another way" and all(isinstance(each, ProviderUnavailable) for each in given_up)


def test_what_it_says_in_time_is_passed_on() -> None:
    async def once() -> int:
        return await ProviderThreads().run(lambda: 7)

    assert asyncio.run(once()) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(ProviderThreads().run(lambda: 1 // 0))
