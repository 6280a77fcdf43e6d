"""Threads that examine files: each submission has one at least, whatever another has queued."""

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from ingestion.worker import inspection_turns
from ingestion.worker.inspection_turns import Turns, patiently

SOON_S = 5


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns(at_once=2, most=8)
    yield made
    made.shutdown()


class Held:
    """Work that waits to be let go, and counts how often it was begun."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self) -> str:
        self.begun.release()
        assert self.go.wait(SOON_S)
        return "done"


def test_the_only_submission_has_all_threads(turns: Turns) -> None:
    slow = Held()
    jobs = [turns.submit("a", slow) for _ in range(5)]
    assert slow.begun.acquire(timeout=SOON_S)
    assert slow.begun.acquire(timeout=SOON_S)
    assert not slow.begun.acquire(timeout=0.2)
    slow.go.set()
    assert [job.result(SOON_S) for job in jobs] == ["done"] * 5


def test_another_submissions_file_begins_at_once(turns: Turns) -> None:
    slow = Held()
    jobs = [turns.submit("a", slow) for _ in range(50)]
    assert slow.begun.acquire(timeout=SOON_S)
    assert turns.submit("b", lambda: "mine").result(SOON_S) == "mine"
    assert not any(job.done() for job in jobs)
    slow.go.set()


def test_a_cancelled_file_is_not_examined_and_the_next_one_is(turns: Turns) -> None:
    slow = Held()
    jobs = [turns.submit("a", slow) for _ in range(4)]
    assert slow.begun.acquire(timeout=SOON_S)
    assert jobs[2].cancel()
    slow.go.set()
    assert [jobs[number].result(SOON_S) for number in (0, 1, 3)] == ["done"] * 3
    assert [slow.begun.acquire(timeout=0.1) for _ in range(3)] == [True, True, False]


def test_what_goes_wrong_reaches_who_asked_and_frees_the_thread(turns: Turns) -> None:
    def fails() -> None:
        raise ValueError("no")

    for _ in range(5):
        with pytest.raises(ValueError, match="no"):
            turns.submit("a", fails).result(SOON_S)
    assert turns.submit("a", lambda: 1).result(SOON_S) == 1


def test_what_waits_at_the_end_never_begins() -> None:
    turns, slow = Turns(at_once=1, most=2), Held()
    first, second = turns.submit("a", slow), turns.submit("a", slow)
    assert slow.begun.acquire(timeout=SOON_S)
    threading.Timer(0.1, slow.go.set).start()
    turns.shutdown()
    assert first.result(SOON_S) == "done"
    with pytest.raises(CancelledError):
        second.result(SOON_S)


def test_what_nobody_waits_for_any_more_never_begins(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection_turns, "LOOK_UP_S", 0.01)
    slow, last = Held(), Held()
    for _ in range(2):
        turns.submit("a", slow)

    def lost() -> None:
        raise ConnectionError("the lease is lost")

    with pytest.raises(ConnectionError):
        patiently(turns.submit("a", last), lost)
    slow.go.set()
    last.go.set()
    assert not last.begun.acquire(timeout=0.2)
