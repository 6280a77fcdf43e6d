"""A decision stays as it is until the instant that is named for it, whatever the request and the facts."""

from dataclasses import replace

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from records import emergency
from records.access import AccessRequest, Facts, RecordFacts
from records.card.card import CardAuthorisation
from records.durations import DAY_MS
from records.emergency import WINDOW_MS, use_of
from records.instants import changes_at
from records.policy import decide
from records.rules.request import READS
from records.vocabulary.codes import Label, PurposeOfUse, RecordState
from tests.unit.records.factories import CARD, DOCTOR, NOW, REPORT, patient, professional
from tests.unit.records.test_policy_properties import everything, requests

LATER = st.integers(0, 10)
NOW_MS = NOW * 1000
UNSTATED = b"unstated"


def instant(request: AccessRequest, facts: Facts) -> int | None:
    return changes_at(request, facts.record, [facts.document] if facts.document else [])


def check_constant(request: AccessRequest, facts: Facts, later: int) -> None:
    end = instant(request, facts)
    now = request.now + later if end is None else min(request.now + later, end - 1)
    assert decide(replace(request, now=now), facts) == decide(request, facts)


# read by whoever was authorised at some moment, or by the holder: left to chance alone, few are permitted
MOMENTS = st.integers(NOW - 5, NOW + 5)
ACTORS = (professional(), professional(sector="SA47"), patient())
readers = st.builds(
    AccessRequest, st.sampled_from(ACTORS), st.sampled_from([*READS]), st.just(PurposeOfUse.NORMAL), MOMENTS
)
authorisations = st.builds(CardAuthorisation, st.just(DOCTOR), MOMENTS, st.none() | MOMENTS)
cards = st.builds(replace, st.just(CARD), authorisations=st.tuples(authorisations))
records = st.builds(RecordFacts, st.just(RecordState.ACTIVE), cards)
documents = st.builds(
    replace,
    st.just(REPORT),
    labels=st.sampled_from([frozenset(), frozenset({Label.INVISIBLE_PATIENT})]),
    visible_to_patient_from=st.none() | MOMENTS,
)
read = st.builds(Facts, records, st.none() | documents)


@given(readers, read, LATER)
def test_until_then_the_clock_changes_no_reading(request: AccessRequest, facts: Facts, later: int) -> None:
    check_constant(request, facts, later)


@given(requests, everything, LATER)
def test_until_then_the_clock_changes_no_decision(request: AccessRequest, facts: Facts, later: int) -> None:
    check_constant(request, facts, later)


def test_it_lies_ahead_and_is_no_earlier_than_needed() -> None:
    """For some request the answer does change there: else the property above would hold of nothing."""

    def changes(pair: tuple[AccessRequest, Facts]) -> bool:
        request, facts = pair
        end = instant(request, facts)
        return end is not None and decide(replace(request, now=end), facts) != decide(request, facts)

    request, facts = find(st.tuples(requests, everything), changes)
    assert (instant(request, facts) or 0) > request.now


reasons = st.sampled_from([b"fall", b"stroke", UNSTATED])
moments = st.one_of(
    st.integers(NOW_MS - DAY_MS, NOW_MS),
    st.sampled_from([NOW_MS - WINDOW_MS, NOW_MS - WINDOW_MS + 1, NOW_MS]),
)
opened = st.lists(st.tuples(reasons, moments), max_size=5)


def of_the_day(windows: list[tuple[bytes, int]], now: int) -> list[tuple[bytes, int]]:
    return [each for each in windows if each[1] > now - DAY_MS]


@given(opened, st.none() | st.sampled_from([b"fall", b"stroke"]), st.integers(0, 2 * DAY_MS))
def test_until_then_the_clock_changes_nothing_of_what_windows_mean(
    windows: list[tuple[bytes, int]], reason: bytes | None, later: int
) -> None:
    today = of_the_day(windows, NOW_MS)
    end = emergency.changes_at(today, reason, UNSTATED, NOW_MS)
    then = NOW_MS + later if end is None else min(NOW_MS + later, end - 1)
    assert use_of(of_the_day(windows, then), reason, UNSTATED, then) == use_of(
        today, reason, UNSTATED, NOW_MS
    )


@pytest.mark.parametrize(
    ("windows", "reason", "end"),
    [
        ([(b"fall", NOW_MS)], b"fall", NOW_MS + WINDOW_MS),
        ([(b"fall", NOW_MS - WINDOW_MS + 1)], b"fall", NOW_MS + 1),
        ([(b"stroke", NOW_MS - DAY_MS + 5)], b"fall", NOW_MS + 5),
        ([(b"fall", NOW_MS)], None, None),
        ([], b"fall", None),
    ],
)
def test_an_emergency_ends_after_four_hours(
    windows: list[tuple[bytes, int]], reason: bytes | None, end: int | None
) -> None:
    assert emergency.changes_at(windows, reason, UNSTATED, NOW_MS) == end
