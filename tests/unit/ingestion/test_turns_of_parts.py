"""Small neighbours share a turn at the sandbox; a body is worked on while its next piece comes."""

import asyncio
import threading
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.intake.use_cases import _each_in_a_thread
from ingestion.worker.inspection_turns import LARGEST_TURN, MOST_A_TURN, SHARES, turns_of
from keyvault.keys.reception import ReceivedPart


def parts_of(sizes: list[int]) -> list[tuple[int, ReceivedPart]]:
    return [(at, ReceivedPart(UUID(int=0), 0, size, bytes(32))) for at, size in enumerate(sizes, 1)]


@given(st.lists(st.integers(0, 2 * LARGEST_TURN), max_size=300))
def test_turns_hold_every_part_once_in_order_and_are_bounded(sizes: list[int]) -> None:
    parts = parts_of(sizes)
    turns = list(turns_of(parts))
    assert [part for turn in turns for part in turn] == parts
    for turn in turns:
        assert 1 <= len(turn) <= max(1, min(MOST_A_TURN, len(parts) // SHARES))
        assert len(turn) == 1 or sum(part.length for _, part in turn) <= LARGEST_TURN


@pytest.mark.parametrize(("count", "turns"), [(1, 1), (15, 15), (16, 8), (500, 32)])
def test_few_parts_have_turns_of_their_own(count: int, turns: int) -> None:
    assert len(list(turns_of(parts_of([1000] * count)))) == turns


def test_pieces_are_worked_on_in_order_while_the_next_one_comes() -> None:
    asked, worked = threading.Event(), list[bytes]()

    def work(piece: bytes) -> None:
        assert asked.wait(5), "the second is asked for while the first is at work"
        worked.append(piece)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"1"
        asked.set()
        yield b"2"
        yield b"3"

    asyncio.run(_each_in_a_thread(work, pieces()))
    assert worked == [b"1", b"2", b"3"]


def test_what_refuses_a_piece_ends_the_body_before_the_next_one_is_worked_on() -> None:
    worked = list[bytes]()

    def work(piece: bytes) -> None:
        worked.append(piece)
        if piece == b"bad":
            raise ValueError(piece)

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"good", b"bad", b"never"):
            yield piece

    with pytest.raises(ValueError, match="bad"):
        asyncio.run(_each_in_a_thread(work, pieces()))
    assert worked == [b"good", b"bad"]


def test_what_refuses_a_piece_is_told_while_the_sender_takes_his_time() -> None:
    def work(piece: bytes) -> None:
        raise ValueError(piece)

    read_to_the_end = list[bool]()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"bad"
        try:
            await asyncio.sleep(3600)
        finally:
            read_to_the_end.append(False)

    async def refused() -> None:
        with pytest.raises(ValueError, match="bad"):
            await _each_in_a_thread(work, pieces())
        assert read_to_the_end == [False], "nobody reads on"

    asyncio.run(asyncio.wait_for(refused(), 5))


def test_a_body_that_breaks_off_is_told_while_its_last_piece_is_worked_on() -> None:
    broken = threading.Event()

    def work(_piece: bytes) -> None:
        broken.wait(5)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"1"
        raise ConnectionError

    async def cut() -> None:
        with pytest.raises(ConnectionError):
            await _each_in_a_thread(work, pieces())
        assert not broken.is_set()
        broken.set()

    asyncio.run(asyncio.wait_for(cut(), 4))
