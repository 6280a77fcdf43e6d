"""A worker keeps what it has in hand while it is its own: leases are renewed in time, or the try ends."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from ingestion.worker.inspection_turns import LOOK_UP_S, patiently
from ingestion.worker.queue.heartbeat import Heartbeat
from ingestion.worker.queue.loop import Worker
from ingestion.worker.queue.putting_off import Stopping
from records.errors import Conflict
from tests.faults.pipeline import BOTH_LEASES_S, Pipeline, slices

SHORT_MS, LONG_MS = 4, 60_000


@pytest.fixture
def submission(pipeline: Pipeline) -> UUID:
    ins = pipeline.open_record()
    return pipeline.deposit(ins, slices(ins, count=1))


def taken(pipeline: Pipeline, submission: UUID, lease_ms: int) -> Worker:
    """A worker that holds the submission."""
    worker = pipeline.worker("first", lease_ms=lease_ms)
    now = worker.now_ms()
    assert pipeline.system.index.claim(submission, worker.name, now, now + LONG_MS) is not None
    return worker


def test_before_a_quarter_of_the_lease_nothing_is_written(pipeline: Pipeline, submission: UUID) -> None:
    then: list[str] = []
    heartbeat = Heartbeat(taken(pipeline, submission, LONG_MS), submission, lambda: then.append("vault"))
    for _ in range(1000):
        heartbeat.beat()
    assert then == []


class Counted:
    def __init__(self) -> None:
        self.beats = 0

    def beat(self) -> None:
        self.beats += 1

    def rest(self) -> None:
        raise AssertionError("it has something in hand")


def test_who_waits_for_a_child_that_takes_long_is_alive_meanwhile(
    pipeline: Pipeline, submission: UUID
) -> None:
    sign, ended = Counted(), threading.Event()
    worker = replace(taken(pipeline, submission, LONG_MS), sign=sign)
    with ThreadPoolExecutor(1) as child:
        job = child.submit(ended.wait)
        looked = threading.Timer(3 * LOOK_UP_S, ended.set)
        looked.start()
        assert patiently(job, Heartbeat(worker, submission).beat)
        looked.join()
    assert sign.beats >= 2


def test_the_index_is_renewed_before_the_vault_is_asked(pipeline: Pipeline, submission: UUID) -> None:
    worker = taken(pipeline, submission, SHORT_MS)
    then: list[str] = []
    heartbeat = Heartbeat(worker, submission, lambda: then.append("cpu"), lambda: then.append("vault"))
    time.sleep(SHORT_MS / 1000)
    heartbeat.beat()
    assert then == ["cpu", "vault"]
    pipeline.clock.ahead += 1
    now = worker.now_ms()  # the renewed lease was a short one
    assert pipeline.system.index.claim(submission, "second", now, now + LONG_MS) is not None


def test_who_has_lost_its_turn_ends_and_holds_no_lease_of_the_vault(
    pipeline: Pipeline, submission: UUID
) -> None:
    then: list[str] = []
    heartbeat = Heartbeat(taken(pipeline, submission, SHORT_MS), submission, lambda: then.append("vault"))
    pipeline.clock.ahead += BOTH_LEASES_S
    second = pipeline.worker("second")
    now = second.now_ms()
    assert pipeline.system.index.claim(submission, second.name, now, now + LONG_MS) is not None
    time.sleep(SHORT_MS / 1000)
    with pytest.raises(Conflict) as lost:
        heartbeat.beat()
    assert lost.value.code == "lease_lost"
    assert then == []


def test_a_process_that_ends_goes_on_with_nothing(pipeline: Pipeline, submission: UUID) -> None:
    worker = replace(taken(pipeline, submission, LONG_MS), stopping=lambda: True)
    with pytest.raises(Stopping):
        Heartbeat(worker, submission).beat()
