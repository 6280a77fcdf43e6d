"""One run of the sender: several requests at once, and no file's trouble is another's."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from client.send.contents import digest
from client.send.delivery import Delivery, Watch
from client.send.deposits import SendClient, verdict_on
from client.send.finding import candidates
from client.send.journal import Journal
from client.send.plan import Candidate, Kind
from client.send.verdicts import FileVerdict, Outcome
from records.errors import CoffreError, Refused


def published(one: Candidate) -> FileVerdict:
    return replace(verdict_on(one, Outcome.PUBLISHED, "published"), sha256=digest(one).hex())


class Desk(SendClient):
    """Takes deposits in place of a server, reading what it is given; `refuse` may raise on a request."""

    def __init__(self, refuse: Callable[[Sequence[Candidate]], None] = lambda _: None) -> None:
        self.requests: list[list[Candidate]] = []
        self.asked: list[str] = []
        self._refuse = refuse
        self.reachable = True

    def send_dicom(
        self, batch: Sequence[Candidate], sent: object = None, taken: object = None
    ) -> list[FileVerdict]:
        self.requests.append([*batch])
        self._refuse(batch)
        return [published(one) for one in batch]

    def ask(self, pending: Sequence[FileVerdict]) -> list[FileVerdict]:
        self.asked.append(pending[0].submission)
        return [replace(one, outcome=Outcome.REJECTED, code="truncated") for one in pending]

    def alive(self) -> bool:
        return self.reachable


@pytest.fixture
def files(tmp_path: Path) -> list[Candidate]:
    for number in range(8):
        (tmp_path / str(number)).write_bytes(bytes(128) + b"DICM" + bytes([number]) * 100)
    return [replace(one, study=f"study {number % 2}") for number, one in enumerate(candidates([tmp_path]))]


def deliver(*desks: Desk, found: list[Candidate], journal: Journal | None = None) -> list[FileVerdict]:
    return Delivery(desks, journal or Journal([]), type_code="18748-4").run(found)


def test_studies_go_at_once_and_verdicts_keep_the_order_of_the_files(files: list[Candidate]) -> None:
    meeting = threading.Barrier(2, timeout=20)
    desks = [Desk(lambda _: meeting.wait() and None) for _ in range(2)]  # type: ignore[func-returns-value]
    verdicts = deliver(*desks, found=files)
    assert [one.path for one in verdicts] == [str(one.path) for one in files]
    assert [len(desk.requests) for desk in desks] == [1, 1]


def test_what_is_known_is_not_sent_again(files: list[Candidate], tmp_path: Path) -> None:
    place = tmp_path / "journal"
    journal = Journal([], place)
    deliver(Desk(), found=files[:5], journal=journal)
    journal.close()
    desk = Desk()
    verdicts = deliver(desk, found=files, journal=Journal([], place))
    assert {one.path.name for batch in desk.requests for one in batch} == {"5", "6", "7"}
    assert {one.outcome for one in verdicts} == {Outcome.PUBLISHED}


def test_a_file_that_was_changed_since_is_sent_again(files: list[Candidate], tmp_path: Path) -> None:
    journal = Journal([])
    deliver(Desk(), found=files, journal=journal)
    files[3].path.write_bytes(bytes(128) + b"DICM" + b"new")
    desk = Desk()
    deliver(desk, found=[*candidates([files[3].path]), files[4]], journal=journal)
    assert [[one.path.name for one in batch] for batch in desk.requests] == [["3"]]


def test_a_verdict_that_was_due_is_asked_for_and_nothing_is_sent(files: list[Candidate]) -> None:
    journal = Journal([])
    due = replace(verdict_on(files[0], Outcome.PENDING), submission="s", sha256=digest(files[0]).hex())
    journal.note([due])
    desk = Desk()
    (verdict,) = deliver(desk, found=files[:1], journal=journal)
    assert (desk.asked, desk.requests, verdict.outcome) == (["s"], [], Outcome.REJECTED)


def test_a_file_that_changes_is_left_out_and_its_request_repeated_once(files: list[Candidate]) -> None:
    for one in (files[0], files[2], files[4]):
        one.path.write_bytes(b"another")
    desk = Desk()
    verdicts = deliver(desk, found=files)
    assert [one.code for one in verdicts] == ["file_changed", "published"] * 3 + ["published"] * 2
    assert [len(batch) for batch in desk.requests] == [4, 1, 4]


def test_a_request_that_is_too_large_is_halved_down_to_the_file_that_is(files: list[Candidate]) -> None:
    def refuse(batch: Sequence[Candidate]) -> None:
        if any(one.path.name == "6" for one in batch):
            raise Refused("Send less.", code="blob_too_large")

    verdicts = deliver(Desk(refuse), found=files)
    assert [one.path for one in verdicts if one.code == "blob_too_large"] == [str(files[6].path)]
    assert sum(one.outcome is Outcome.PUBLISHED for one in verdicts) == 7


def test_a_failure_nobody_foresaw_is_a_verdict_on_its_files_alone(files: list[Candidate]) -> None:
    def refuse(batch: Sequence[Candidate]) -> None:
        if batch[0].study == "study 0":
            raise ZeroDivisionError

    verdicts = deliver(Desk(refuse), found=files)
    assert [one.code for one in verdicts] == ["internal", "published"] * 4


@pytest.mark.parametrize(("reachable", "requests"), [(False, 1), (True, 2)], ids=["away", "one request lost"])
def test_what_is_not_reached_ends_the_run_unless_the_server_still_answers(
    files: list[Candidate], reachable: bool, requests: int
) -> None:
    def refuse(batch: Sequence[Candidate]) -> None:
        raise CoffreError("Away.", code="unreachable")

    desk = Desk(refuse)
    desk.reachable = reachable
    verdicts = deliver(desk, found=files)
    assert {one.code for one in verdicts} == {"unreachable"}
    assert len(desk.requests) == requests


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_keeps_what_it_has_and_names_the_rest(files: list[Candidate]) -> None:
    late = threading.Event()

    def interrupt(batch: Sequence[Candidate]) -> None:
        if batch[0].study == "study 1":
            os.kill(os.getpid(), signal.SIGINT)
            late.wait(20)

    delivery = Delivery([Desk(interrupt)], Journal([]), type_code="18748-4")
    verdicts = delivery.run(files)
    late.set()
    assert delivery.interrupted
    assert [one.code for one in verdicts] == ["published", "interrupted"] * 4


def test_a_full_disk_under_the_journal_does_not_stop_the_sending(
    files: list[Candidate], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal([])

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "note", full)
    delivery = Delivery([Desk()], journal, type_code="18748-4")
    assert {one.outcome for one in delivery.run(files)} == {Outcome.PUBLISHED}
    assert delivery.unkept


def test_bytes_that_left_are_counted_once_however_often_they_were_tried(files: list[Candidate]) -> None:
    moved: list[int] = []
    tried: list[int] = []

    def refuse(batch: Sequence[Candidate]) -> None:
        tried.append(len(batch))
        if len(tried) == 1:
            raise Refused("Send less.", code="too_large")

    delivery = Delivery([Desk(refuse)], Journal([]), type_code="18748-4", watch=Watch(moved=moved.append))
    delivery.run([*files, Candidate(Path("notes"), Kind.OTHER, 999, trouble="not_taken")])
    assert sum(moved) == sum(one.size for one in files)
