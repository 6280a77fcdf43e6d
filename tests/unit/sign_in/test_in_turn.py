"""A flood of passwords: the queue ends, and others are served beside it."""

import asyncio
import threading

import pytest

from records.errors import CoffreError
from sign_in.routes.in_turn import InTurn


def test_a_flood_of_passwords_is_refused_and_holds_up_nothing_else() -> None:
    hold = threading.Event()

    async def flooded() -> None:
        turns = InTurn(threads=1, under_way=3)
        waiting = [asyncio.ensure_future(turns.call(hold.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(CoffreError) as refused:
            await turns.call(lambda: None)
        assert refused.value.code == "sign_in_busy"
        assert await asyncio.to_thread(lambda: "a code is given") == "a code is given"
        hold.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await turns.call(lambda: "again") == "again"

    asyncio.run(flooded())


def test_what_a_call_raises_is_raised_and_frees_its_place() -> None:
    async def failing() -> None:
        turns = InTurn(threads=1, under_way=1)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await turns.call(lambda: 1 / 0)

    asyncio.run(failing())
