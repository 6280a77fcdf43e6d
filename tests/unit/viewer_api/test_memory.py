"""Room for large descriptions and pictures: bounded in all and for each caller, waited for, given back."""

import threading

import pytest

from content.pixels.held import Held
from viewer_api.gateway.memory import OF_TEXT, SMALL, Memory, ReadingBusy

MOST = 16 * 2**20
QUARTER = MOST // 4 // OF_TEXT


def test_beyond_it_requests_are_refused() -> None:
    memory = Memory(MOST, patience=0.01)
    with memory.holding(b"1", QUARTER), memory.holding(b"2", 2 * QUARTER), memory.holding(b"3", QUARTER):
        with pytest.raises(ReadingBusy), memory.holding(b"4", SMALL + 1):
            pytest.fail("there is no room")
        with memory.holding(b"4", SMALL):
            pass
    with memory.holding(b"4", QUARTER):
        pass


def test_one_caller_has_half_of_it() -> None:
    memory = Memory(MOST, patience=0.01)
    with memory.holding(b"1", 2 * QUARTER):
        with pytest.raises(ReadingBusy), memory.holding(b"1", SMALL + 1):
            pytest.fail("a share is a half")
        with memory.holding(b"2", 2 * QUARTER):
            pass


def test_what_is_larger_than_a_share_is_read_alone_in_it() -> None:
    memory = Memory(MOST, patience=0.01)
    huge = 100 * MOST
    with memory.holding(b"1", huge), memory.holding(b"2", huge), pytest.raises(ReadingBusy):
        memory.holding(b"3", SMALL + 1).__enter__()


def test_room_is_waited_for() -> None:
    memory, entered = Memory(MOST, patience=10), threading.Event()

    def waiting() -> None:
        with memory.holding(b"1", 2 * QUARTER):
            entered.set()

    with memory.holding(b"1", 2 * QUARTER):
        thread = threading.Thread(target=waiting)
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    thread.join()


def test_what_an_answer_holds_is_counted_as_it_comes_and_leaves() -> None:
    memory = Memory(MOST, patience=0.01)
    held = Held(memory.room(b"1"))
    for _ in range(8):
        held.add(bytes(2**20))  # half of the memory, and the first 256 KiB are free
    with pytest.raises(ReadingBusy):
        held.add(bytes(2**20))
    assert next(held) == bytes(2**20)
    held.add(bytes(2**20))
    with memory.holding(b"2", 2 * QUARTER), pytest.raises(ReadingBusy):
        memory.room(b"3").take(2**20)
    del held
    with memory.holding(b"1", 2 * QUARTER), memory.holding(b"2", 2 * QUARTER):
        pass  # nothing is held for whoever turned away


def test_a_small_picture_comes_when_all_is_taken() -> None:
    memory = Memory(MOST, patience=0.01)
    with memory.holding(b"1", 2 * QUARTER), memory.holding(b"2", 2 * QUARTER):
        held = Held(memory.room(b"3"))
        held.add(bytes(SMALL))
        with pytest.raises(ReadingBusy):
            held.add(b"1")
        assert [len(each) for each in held] == [SMALL]
