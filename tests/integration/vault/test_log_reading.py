"""Part of the access log: by person, action, purpose, outcome and period; pages without gap or repetition."""

from typing import Any

import pytest

from keyvault.verbs.reader.grants.reading import EventPage
from keyvault.verbs.reader.log import log_reading
from keyvault.verbs.reader.log.log_reading import EVERY_LINE, LogFilter
from records.vocabulary.codes import Action, Outcome, PurposeOfUse
from tests.integration.vault.bench import DOCTOR, HOUR, STRANGER, Person, VaultBench


@pytest.fixture
def history(vault: VaultBench, person: Person) -> int:
    """An hour apart: authorised, two lists, a refusal, an emergency; answers when it began."""
    began = int(vault.clock())
    vault.authorise(person)
    for call in (vault.doctor, vault.doctor, lambda: vault.doctor(STRANGER), vault.emergency):
        vault.clock.advance(HOUR)
        vault.reader.documents(call(), person.record_id, [])
    vault.clock.advance(HOUR)
    return began


def read(vault: VaultBench, person: Person, limit: int = 100, **wanted: Any) -> list[dict[str, Any]]:
    """All pages of it, each of `limit` lines but the last."""
    found: list[dict[str, Any]] = []
    before = None
    while True:
        call = vault.patient(person.ins)
        page = vault.reader.events(
            call, person.record_id, before=before, limit=limit, wanted=LogFilter(**wanted)
        )
        assert isinstance(page, EventPage)
        found += page.events
        before = page.next_before
        if before is None:
            return found
        assert len(page.events) == limit


def told(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["action"], line["decision"]) for line in lines]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"outcome": Outcome.DENY}, [("search", "not_authorised")]),
        ({"purposes": (PurposeOfUse.BRIS_DE_GLACE,)}, [("search", "emergency")]),
        (
            {"actions": (Action.AUTHORISE, Action.OPEN_RECORD)},
            [("authorise", "own_record"), ("open_record", "operator")],
        ),
        ({"actions": (Action.BLOCK,)}, []),
        ({"roles": ("patient",), "actions": (Action.SEARCH,)}, []),
        ({"roles": ("operator",)}, [("open_record", "operator")]),
    ],
)
def test_every_filter_gives_the_lines_that_fit_newest_first(
    vault: VaultBench, person: Person, history: int, wanted: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert told(read(vault, person, **wanted)) == expected


def test_a_period_begins_with_its_first_second_and_ends_before_its_last(
    vault: VaultBench, person: Person, history: int
) -> None:
    lists = {"actions": (Action.SEARCH,)}
    assert len(read(vault, person, **lists)) == 4
    assert len(read(vault, person, **lists, since=history + 2 * HOUR)) == 3
    assert len(read(vault, person, **lists, since=history + 2 * HOUR, until=history + 4 * HOUR)) == 2
    assert read(vault, person, **lists, since=history + 9 * HOUR) == []


def test_a_person_is_named_by_a_line_of_theirs(vault: VaultBench, person: Person, history: int) -> None:
    lines = read(vault, person)
    refused = next(line for line in lines if line["outcome"] == "deny")
    theirs = read(vault, person, actor_of=refused["seq"])
    assert {line["actor"]["rpps"] for line in theirs} == {STRANGER}
    assert [line["decision"] for line in theirs] == ["emergency", "not_authorised"]
    own = next(line for line in lines if line["action"] == "authorise")
    assert {line["actor"]["role"] for line in read(vault, person, actor_of=own["seq"])} == {"patient"}
    assert read(vault, person, actor_of=10_000) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_pages_of_any_length_hold_every_line_once(
    vault: VaultBench, person: Person, history: int, limit: int
) -> None:
    by_doctor = read(vault, person, limit, roles=("professional",))
    assert [line["decision"] for line in by_doctor] == [
        "emergency",
        "not_authorised",
        "authorised",
        "authorised",
    ]
    page = vault.reader.events(vault.patient(person.ins), person.record_id, limit=limit)
    assert isinstance(page, EventPage) and len(page.events) == min(limit, page.events[0]["seq"])


def test_a_long_look_ends_and_says_where_to_go_on(
    vault: VaultBench, person: Person, history: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is held while its log is read: no call looks at more than so many lines."""
    monkeypatch.setattr(log_reading, "MOST_LOOKED_AT", 2)
    monkeypatch.setattr(log_reading, "_AT_ONCE", 2)
    found: list[dict[str, Any]] = []
    before, calls = None, 0
    while calls == 0 or before is not None:
        page = vault.reader.events(
            vault.patient(person.ins),
            person.record_id,
            before=before,
            wanted=LogFilter(actions=(Action.OPEN_RECORD,)),
        )
        assert isinstance(page, EventPage)
        found, before, calls = [*found, *page.events], page.next_before, calls + 1
    assert told(found) == [("open_record", "operator")] and calls > 2


def test_reading_a_part_is_a_line_like_reading_all(vault: VaultBench, person: Person) -> None:
    for wanted in (EVERY_LINE, LogFilter(outcome=Outcome.DENY)):
        with vault.logging() as seen:
            vault.reader.events(vault.patient(person.ins), person.record_id, wanted=wanted)
        assert [event.told for event in seen] == [("read_log", "permit", "own_record")]


def test_a_filter_opens_the_log_to_nobody(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    denied = vault.reader.events(vault.doctor(DOCTOR), person.record_id, wanted=LogFilter(actor_of=1))
    assert not isinstance(denied, EventPage)
