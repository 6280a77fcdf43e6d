"""The journal: what it remembers, what it does not tell, and what a crash leaves of it."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from client.send.journal import Journal, default_place
from client.send.verdicts import FileVerdict, Outcome
from records.errors import Conflict, Invalid

FILE = FileVerdict("/lab/LEFEVRE^Eleonore.dcm", "dicom", Outcome.PUBLISHED, "published", "Published.")
SHA, OTHER_SHA = "ab" * 32, "cd" * 32
CONTEXT = ["key", "https://coffre.example", "1.2.250.1.213.1.4.10", "277079999900167"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "sent.journal"


def kept(place: Path, *verdicts: FileVerdict, context: list[str] = CONTEXT) -> None:
    journal = Journal(context, place)
    journal.note(verdicts)
    journal.close()


def known(place: Path, sha256: str = SHA, context: list[str] = CONTEXT) -> FileVerdict | None:
    journal = Journal(context, place)
    try:
        return journal.verdict(replace(FILE, outcome=Outcome.PENDING), sha256)
    finally:
        journal.close()


def test_a_verdict_is_found_again_by_the_bytes_alone(place: Path) -> None:
    kept(place, replace(FILE, sha256=SHA, document="d", submission="s", part=3))
    assert known(place) == replace(FILE, sha256=SHA, document="d", submission="s", part=3)
    assert known(place, OTHER_SHA) is None


def test_another_record_or_server_knows_nothing_of_it(place: Path) -> None:
    kept(place, replace(FILE, sha256=SHA))
    for number in range(len(CONTEXT)):
        assert known(place, context=[*CONTEXT[:number], "another", *CONTEXT[number + 1 :]]) is None


def test_it_is_ones_own_and_names_neither_file_nor_person_nor_content(place: Path) -> None:
    kept(place, replace(FILE, sha256=SHA))
    text = place.read_text()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert not [word for word in ("LEFEVRE", "lab", CONTEXT[3], SHA, "coffre.example") if word in text]
    assert CONTEXT[3] not in str(default_place(place.parent, CONTEXT))


def test_salts_differ_so_that_journals_cannot_be_compared(place: Path, tmp_path: Path) -> None:
    kept(place, replace(FILE, sha256=SHA))
    kept(tmp_path / "other", replace(FILE, sha256=SHA))
    keys = [json.loads(path.read_text().splitlines()[1])["file"] for path in (place, tmp_path / "other")]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("outcome", "code", "remembered"),
    [
        (Outcome.PUBLISHED, "published", True),
        (Outcome.DUPLICATE, "duplicate", True),
        (Outcome.REJECTED, "truncated", True),
        (Outcome.QUARANTINED, "other_patient", True),
        (Outcome.PENDING, "pending", True),  # to be asked for, not sent again
        (Outcome.REJECTED, "no_record", False),
        (Outcome.REJECTED, "quota_exceeded", False),
        (Outcome.FAILED, "unreachable", False),
    ],
)
def test_what_may_change_is_not_remembered(
    place: Path, outcome: Outcome, code: str, remembered: bool
) -> None:
    kept(place, replace(FILE, outcome=outcome, code=code, sha256=SHA))
    assert (known(place) is not None) == remembered


@pytest.mark.parametrize("cut", range(2, 40, 6))
def test_a_line_that_a_crash_cut_short_is_not_accepted_and_spoils_nothing(place: Path, cut: int) -> None:
    kept(place, replace(FILE, sha256=OTHER_SHA), replace(FILE, sha256=SHA))
    place.write_bytes(place.read_bytes()[:-cut])
    kept(place, replace(FILE, sha256="ef" * 32))
    assert known(place) is None
    assert known(place, OTHER_SHA) is not None
    assert known(place, "ef" * 32) is not None


def test_a_journal_is_held_by_one_sender_at_a_time(place: Path) -> None:
    held = Journal(CONTEXT, place)
    with pytest.raises(Conflict) as refused:
        Journal(CONTEXT, place)
    assert refused.value.code == "already_sending"
    held.close()
    Journal(CONTEXT, place).close(forget=True)
    assert not place.exists()


def test_a_file_of_another_kind_is_never_written_to(place: Path) -> None:
    place.write_text("my notes\n")
    with pytest.raises(Invalid) as refused:
        Journal(CONTEXT, place)
    assert (refused.value.code, place.read_text()) == ("not_a_journal", "my notes\n")
