"""SIGTERM in the middle of work: exit 0 within 30 s, and a deposit is either acknowledged or absent."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from records.errors import CoffreError
from tests.faults.faulty import Fault, Faulty, How
from tests.faults.load import Load
from tests.faults.pipeline import Pipeline, slices
from tests.faults.seeds import seeded
from tests.faults.stage import Stage, store
from tests.integration.support import related
from tests.services.server import descendants, survivors

LONGEST_STOP_S = 30.0
PARTS = 2_000


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "data")
    yield made
    made.close()


@pytest.mark.parametrize("rounds", [pytest.param(2), pytest.param(30, marks=pytest.mark.long)])
def test_a_server_under_load_stops_and_every_deposit_is_acknowledged_or_absent(
    stage: Stage, rounds: int
) -> None:
    chance = seeded()
    for _ in range(rounds):
        load = Load(stage.server.url, stage.people, stage.ledger, chance.randrange(2**32))
        load.start()
        time.sleep(chance.uniform(0.5, 2.0))
        below = descendants(stage.server.pid)
        stage.server.terminate()
        load.stop()
        assert stage.server.wait(LONGEST_STOP_S) == 0
        assert survivors(below, 0.5) == set()
        stage.restart()
        checker = stage.checker
        checker.unanswered_may_be_kept = False
        checker.check()


def test_an_upload_that_does_not_end_delays_the_stop_and_leaves_nothing(stage: Stage) -> None:
    person = stage.people[0]
    with socket.create_connection(("127.0.0.1", stage.port)) as client:
        head = (
            f"POST /records/{person.ins}/dicomweb/studies HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {person.depositor}\r\nContent-Type: {related()}\r\n"
            f"Content-Length: 9999999\r\n\r\n--b0undary\r\nContent-Type: application/dicom\r\n\r\n"
        )
        client.sendall(head.encode() + bytes(2**21))
        time.sleep(0.5)
        begun = time.monotonic()
        stage.server.terminate()
        assert stage.server.wait(LONGEST_STOP_S) == 0
        assert time.monotonic() - begun < LONGEST_STOP_S
    stage.restart()
    stage.checker.check()


def test_a_deposit_under_validation_is_acknowledged_at_once_and_published_by_the_next_server(
    stage: Stage,
) -> None:
    """Far more work than fits between the signal and the end."""
    person = stage.people[0]
    files = slices(person.ins, count=1) * PARTS
    with ThreadPoolExecutor(1) as client:
        deposit = client.submit(store, stage, person, files)
        with stage.coffre.system() as system:
            while system.index.counts()["validating"] == 0:
                time.sleep(0.05)
        stage.server.terminate()
        assert stage.server.wait(LONGEST_STOP_S) == 0
        # 202 where the signal came first, which it nearly always does
        assert deposit.result().status_code in (200, 202)
    stage.restart()
    stage.checker.check()


class SlowStore:
    """Notes in which order its one object is written to and aborted; a write lasts until `go_on`."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.writing, self.go_on = threading.Event(), threading.Event()

    def writer(self, *_: object) -> "SlowStore":
        return self

    def write(self, data: bytes) -> None:
        self.writing.set()
        self.go_on.wait()
        self.happened.append("written")

    def abort(self) -> None:
        self.happened.append("aborted")


def test_a_cancelled_deposit_is_aborted_only_after_the_write_under_way(pipeline: Pipeline) -> None:
    """Its thread can't be stopped, and the descriptor's number would soon be another file's."""
    slow = SlowStore()
    deposit = pipeline.begin(pipeline.open_record(), objects=slow)
    deposit.start_part()
    with ThreadPoolExecutor(2) as threads:
        threads.submit(deposit.write, bytes(2**20))
        slow.writing.wait()
        threads.submit(deposit.abort)
        time.sleep(0.05)
        slow.go_on.set()
    assert slow.happened == ["written", "aborted"]
    assert pipeline.left_over() == []


def test_a_row_that_cannot_be_begun_closes_the_object_that_was(pipeline: Pipeline) -> None:
    fault = Fault("index.begin_upload", 1, How.FAILS)
    with pytest.raises(CoffreError):
        pipeline.begin(pipeline.open_record(), index=Faulty("index", pipeline.system.index, fault))
    assert list(pipeline.partial_files()) == []
