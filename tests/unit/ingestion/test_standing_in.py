"""Beside a slow submission a stand-in serves others; beside a quick one, nobody does."""

import threading
import time
from contextlib import ExitStack

import pytest

from content.sandbox.metering import Meter
from ingestion.worker.queue import standing_in as module
from ingestion.worker.queue.standing_in import Bench


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    monkeypatch.setattr(module, "LOOK_AGAIN_S", 0.05)


BENCH = Bench(2)
SOON_S = 5


class Others:
    """What waits beside: so many submissions; each notes the thread that served it."""

    def __init__(self, count: int) -> None:
        self.served: list[str] = []
        self._count = count

    def serve(self, place: int) -> bool:
        if len(self.served) == self._count:
            return False
        self.served.append(threading.current_thread().name)
        return True


def test_a_quick_one_needs_none() -> None:
    others = Others(3)
    with BENCH.standing_in(others.serve, lambda: False):
        pass
    time.sleep(0.2)
    assert others.served == []


def test_beside_a_slow_one_all_that_wait_are_served() -> None:
    others = Others(3)
    with BENCH.standing_in(others.serve, lambda: False):
        time.sleep(0.5)
    assert others.served == ["stand-in"] * 3


def test_one_that_comes_later_is_served_too() -> None:
    others = Others(0)
    with BENCH.standing_in(others.serve, lambda: False):
        time.sleep(0.3)
        others._count = 1
        time.sleep(0.3)
    assert others.served == ["stand-in"]


def test_a_store_that_is_away_is_asked_again() -> None:
    answers = iter([OSError("away"), OSError("away"), True])
    asked: list[object] = []

    def serve(_: int) -> bool:
        asked.append(answer := next(answers, False))
        if isinstance(answer, OSError):
            raise answer
        return bool(answer)

    with BENCH.standing_in(serve, lambda: False):
        time.sleep(0.5)
    assert True in asked


class Slow:
    """One that is served until it may end."""

    def __init__(self) -> None:
        self.begun, self.end, self.places = threading.Semaphore(0), threading.Event(), set[int]()

    def serve(self, place: int) -> bool:
        self.places.add(place)
        self.begun.release()
        assert self.end.wait(SOON_S)
        return True


def test_no_worker_waits_for_its_stand_in_and_the_end_waits_for_all() -> None:
    bench, slow = Bench(1), Slow()
    with bench.standing_in(slow.serve, lambda: False):
        assert slow.begun.acquire(timeout=SOON_S)
    assert not slow.end.is_set()
    threading.Timer(0.2, slow.end.set).start()
    bench.close()
    assert slow.end.is_set()


def test_no_more_stand_in_than_there_are_places_each_with_its_own() -> None:
    bench, slow = Bench(2), Slow()
    with ExitStack() as workers:
        for _ in range(3):
            workers.enter_context(bench.standing_in(slow.serve, lambda: False))
        assert [slow.begun.acquire(timeout=SOON_S) for _ in range(2)] == [True, True]
        assert not slow.begun.acquire(timeout=0.3)
    slow.end.set()
    bench.close()
    assert slow.places == {1, 2}


def test_a_process_that_stops_begins_nothing_more() -> None:
    others = Others(3)
    with BENCH.standing_in(others.serve, lambda: True):
        time.sleep(0.3)
    assert others.served == []


def test_a_meter_gives_whole_milliseconds_and_keeps_the_rest() -> None:
    meter = Meter()
    for _ in range(4):
        meter.add(0.0004)
    assert (meter.take(), meter.take()) == (1, 0)
    meter.add(0.0005)
    assert meter.take() == 1
