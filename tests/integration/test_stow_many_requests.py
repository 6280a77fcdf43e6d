"""A client that sends one instance a request: a study deposited in many requests costs linear work.

Counted are the steps of SQLite's virtual machine, index and vault together, from reception to settlement: a
scan of what is there already would show, the load of the machine doesn't.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from tests.faults.pipeline import Pipeline, slices

REQUESTS = 60
EVERY = 10  # steps between two calls of the counter
MOST_GROWTH = 1.1  # of the last third over the first; work that grows with the study would be near 5


class Steps:
    """Steps of every SQLite connection that is opened from now on, in tens."""

    def __init__(self) -> None:
        self.count = 0

    def attach(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(self._one, EVERY)

    def _one(self) -> None:
        self.count += 1


@contextmanager
def counted() -> Iterator[Steps]:
    steps = Steps()
    event.listen(Pool, "connect", steps.attach)
    try:
        yield steps
    finally:
        event.remove(Pool, "connect", steps.attach)


@pytest.fixture
def steps() -> Iterator[Steps]:
    with counted() as found:
        yield found


def test_the_last_request_of_a_study_costs_what_the_first_did(steps: Steps, tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path / "data")
    ins = pipeline.open_record()
    worker = pipeline.worker("one")
    costs = []
    for content in slices(ins, count=REQUESTS):
        before = steps.count
        submission = pipeline.deposit(ins, [content])
        assert worker.ingest(submission)
        costs.append(steps.count - before)
        assert pipeline.outcomes(submission) == ["published"]
    pipeline.close()
    third = REQUESTS // 3
    first, last = sum(costs[:third]), sum(costs[-third:])
    assert last <= MOST_GROWTH * first
