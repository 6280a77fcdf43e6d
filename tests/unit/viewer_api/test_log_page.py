"""The access log on its page: what stands together, what stands apart, and what an address may ask for."""

import itertools
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyvault.verbs.reader.grants.reading import EventPage, Whose
from records.errors import Invalid
from records.people.identity import INS, Traits
from records.vocabulary.codes import Action
from viewer_api.web.log.filter import KINDS, AskedLog
from viewer_api.web.log.looks import looks
from viewer_api.web.log.pages import whole_days
from viewer_api.web.log.words import day_of, sittings
from viewer_api.web.texts import Texts

RECORD = UUID(int=1)
WHOSE = Whose(INS("277076322082910", "1.2.250.1.213.1.4.10"), Traits("MARTIN", "Camille", "1977-07-01", "F"))
FR, EN = Texts("fr"), Texts("en")
DOCTOR = {"role": "professional", "rpps": "899700024450", "profession": "10", "structure": "1750000002"}
NURSE = {"role": "professional", "rpps": "899700099990", "profession": "60", "structure": "1750000002"}


def line(seq: int, time: str = "2026-01-05T10:00:00.000+00:00", **changes: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "time": time,
        "actor": DOCTOR,
        "action": "retrieve",
        "outcome": "permit",
        "decision": "authorised",
        "purpose": "normal",
    } | changes


def test_what_one_person_did_on_one_day_stands_together_with_its_counts() -> None:
    events = [
        line(9, "2026-01-05T15:20:00.000+00:00", object="7"),
        line(8, "2026-01-05T15:00:00.000+00:00", documents="3"),
        line(7, "2026-01-05T14:00:00.000+00:00", actor=NURSE, action="search"),
        line(6, "2026-01-05T10:00:00.000+00:00", action="search"),
        line(5, "2026-01-05T09:00:00.000+00:00", action="search", decision="attending_doctor"),
    ]
    doctor, nurse = sittings(events, FR, {"7": "Bilan"})
    assert (doctor.newest.seq, nurse.newest.seq) == (9, 7)
    assert [each.seq for each in doctor.lines] == [9, 8, 6, 5]
    assert doctor.acts == (
        ("Liste des documents", 2),
        ("Lecture de 3 documents", 1),
        ("Lecture du document «\u00a0Bilan\u00a0»", 1),
    )
    assert (doctor.day, doctor.oldest.hour, doctor.newest.hour) == (
        "5 janvier 2026",
        "10\u00a0h\u00a000",
        "16\u00a0h\u00a020",
    )


def look(first: int, *actions: str, minutes: float = 1, **changes: Any) -> list[dict[str, Any]]:
    """Lines at a distance of `minutes`, the oldest first."""
    return [
        line(first + n, f"2026-01-05T10:{int(n * minutes):02}:00.000+00:00", action=action, **changes)
        for n, action in enumerate(actions)
    ]


ONE_LOOK = ("identify", "search", "search", "search", "retrieve", "retrieve")
"""The record found, its list, the page of a study, that of its images, a grant, and another one."""


def test_one_look_at_a_study_is_one_reading_and_opens_to_show_each_of_its_lines() -> None:
    events = look(1, *ONE_LOOK, object="7")[::-1]
    (sitting,) = sittings(events, FR, {"7": "Scanner"})
    assert sitting.acts == (("Lecture du document «\u00a0Scanner\u00a0»", 1),)
    assert [each.seq for each in sitting.lines] == [6, 5, 4, 3, 2, 1]
    assert sitting.has_ways


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        (look(1, *ONE_LOOK, object="7"), [[1, 2, 3, 4, 5, 6]]),
        (look(1, *ONE_LOOK, object="7", minutes=10), [[1, 2, 3, 4, 5, 6]]),
        (look(1, "search", "retrieve", minutes=11), [[1], [2]]),
        (look(1, "search", "search"), [[1], [2]]),  # nothing was read: the list is what was looked at
        (look(1, "retrieve", "search", "retrieve", object="7"), [[1], [2, 3]]),
        ([line(1, object="7"), line(2, object="8")], [[1], [2]]),
        ([line(1, documents="3"), line(2, documents="3")], [[1], [2]]),  # they may be others
        (look(1, "search", "deposit"), [[1], [2]]),
        (look(1, "search", "retrieve", outcome="deny"), [[1], [2]]),
    ],
)
def test_what_is_one_look(events: list[dict[str, Any]], parts: list[list[int]]) -> None:
    assert [[each["seq"] for each in look] for look in looks(events)] == parts


@given(st.lists(st.tuples(st.sampled_from(sorted(Action)), st.integers(0, 20), st.sampled_from(["", "7"]))))
def test_looks_keep_every_line_in_its_order(done: list[tuple[str, int, str]]) -> None:
    events = [
        line(
            seq,
            f"2026-01-05T{10 + minute // 12:02}:{minute % 12 * 5:02}:00.000+00:00",
            action=action,
            object=name,
        )
        for seq, (action, minute, name) in enumerate(sorted(done, key=lambda each: each[1]), 1)
    ]
    assert [each for look in looks(events) for each in look] == events


def test_a_line_that_stands_for_many_refusals_counts_as_many_and_says_so() -> None:
    refused = {"action": "search", "outcome": "deny", "decision": "not_authorised"}
    period = {"first": "2026-01-05T09:01:00.000+00:00", "last": "2026-01-05T09:59:00.000+00:00"}
    events = [
        line(2, "2026-01-05T10:00:00.000+00:00", **refused, repeated=249, **period),
        line(1, "2026-01-05T09:00:00.000+00:00", **refused),
    ]
    (sitting,) = sittings(events, FR, {})
    assert sitting.acts == (("Liste des documents", 250),)
    assert (sitting.newest.times, sitting.newest.period) == (249, ("10\u00a0h\u00a001", "10\u00a0h\u00a059"))
    assert sitting.oldest.period is None


@pytest.mark.parametrize(
    "apart",
    [
        {"purpose": "bris_de_glace", "reason": "Arrêt cardiaque", "decision": "emergency"},
        {"outcome": "deny", "decision": "masked"},
        {"time": "2026-01-04T22:59:00.000+00:00"},
        {"actor": NURSE},
        {"actor": {**DOCTOR, "structure": "1750000009"}},
    ],
)
def test_another_mode_result_day_person_or_place_stands_apart(apart: dict[str, Any]) -> None:
    assert len(sittings([line(2), line(1, **apart)], EN, {})) == 2


def test_two_reasons_are_two_emergencies_and_two_refusals_two_explanations() -> None:
    glass = {"purpose": "bris_de_glace", "decision": "emergency"}
    refused = {"outcome": "deny", "purpose": "bris_de_glace", "reason": "Chute"}
    events = [
        line(5, **glass, reason="Chute"),
        line(4, **glass, reason="Malaise"),
        line(3, **refused, decision="opted_out"),
        line(2, **refused, decision="blocked"),
        line(1, **glass, reason="Chute"),
    ]
    rows = sittings(events, FR, {})
    assert [[each.seq for each in row.lines] for row in rows] == [[5, 1], [4], [3], [2]]
    assert all(row.newest.emergency for row in rows)


def test_days_are_those_of_paris() -> None:
    before, after = "2026-07-01T21:59:59.000+00:00", "2026-07-01T22:00:00.000+00:00"
    assert (day_of(line(1, before)), day_of(line(2, after))) == ("2026-07-01", "2026-07-02")
    assert len(sittings([line(2, after), line(1, before)], FR, {})) == 2


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 12))
def test_pages_of_whole_days_hold_every_line_once(days: list[int], size: int) -> None:
    """Whatever the days and the length of a page, and a page that cuts a day says so."""
    log = [
        line(seq, f"2026-01-{day + 1:02}T10:00:00.000+00:00")
        for seq, day in reversed(list(enumerate(sorted(days), 1)))
    ]
    shown: list[dict[str, Any]] = []
    before: int | None = None
    for _ in range(len(log) + 1):
        found = [each for each in log if before is None or each["seq"] < before]
        cut = tuple(found[:size])
        more = cut[-1]["seq"] if len(found) > size else None
        part, older = whole_days(EventPage(RECORD, WHOSE, cut, more))
        shown += part
        if older is None:
            break
        ends_within = bool(found[len(part) :]) and day_of(part[-1]) == day_of(found[len(part)])
        assert older.cuts_a_day or not ends_within
        before = older.before
    assert shown == log


def test_an_empty_page_that_goes_on_leads_on() -> None:
    shown, older = whole_days(EventPage(RECORD, WHOSE, (), 7))
    assert shown == () and older is not None and (older.before, older.cuts_a_day) == (7, False)


def test_every_action_is_of_exactly_one_kind() -> None:
    named = [set(kind.actions) for name, kind in KINDS.items() if name not in ("", "urgence")]
    assert set.union(*named) == set(Action)
    assert not any(one & other for one, other in itertools.combinations(named, 2))


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"qui": "rien", "acte": "rien", "resultat": "rien"},
        {"qui": "ligne-"},
        {"qui": "ligne-²"},
        {"qui": "ligne-" + "9" * 400},
        {"qui": "899700024450"},
    ],
)
def test_what_is_no_choice_of_the_form_is_the_usual_view(query: dict[str, str]) -> None:
    asked = AskedLog.of(query)
    assert asked == AskedLog.of({}) and asked.address() == "/consultations"


def test_an_address_carries_the_choices_on_and_names_nobody() -> None:
    asked = AskedLog.of({"qui": "ligne-12", "acte": "lecture", "resultat": "refuse", "du": "2026-01-05"})
    assert asked.address(avant="40") == (
        "/consultations?qui=ligne-12&acte=lecture&resultat=refuse&du=2026-01-05&avant=40"
    )
    wanted = asked.filter()
    assert (wanted.actor_of, wanted.outcome, wanted.roles) == (12, "deny", ())


def test_a_period_is_of_whole_days_in_paris() -> None:
    wanted = AskedLog.of({"du": "2026-03-29", "au": "2026-03-29"}).filter()
    assert wanted.since is not None and wanted.until is not None
    assert wanted.until - wanted.since == 23 * 3600  # the clocks go forward


@pytest.mark.parametrize(
    "query",
    [
        {"du": "hier"},
        {"au": "2026-02-30"},
        {"au": "9999-12-31"},
        {"du": "2026-01-06", "au": "2026-01-05"},
    ],
)
def test_a_period_that_is_none_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Invalid) as error:
        AskedLog.of(query).filter()
    assert error.value.code == "bad_period"


def test_a_refusal_by_an_assumed_rule_says_so() -> None:
    refused = {"outcome": "deny", "decision": "profession_not_entitled", "rules": "2023-10-26-r1"}
    (known,), (assumed,) = (
        sittings([line(1, **refused, **more)], FR, {}) for more in ({}, {"basis": "assumed"})
    )
    assert known.newest.explanation == "Cette profession n'a pas accès aux dossiers."
    assert assumed.newest.explanation == (
        "Cette profession n'a pas accès aux dossiers. Cette règle est supposée\u00a0: le tableau officiel "
        "n'est pas connu en entier."
    )
