"""Labels at deposit, and how long INVISIBLE_PATIENT lasts."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.depositing_labels import is_hidden, labelled_too, stated_labels, visible_from
from records.documents.facts import DocumentFacts
from records.errors import Invalid
from records.vocabulary.codes import DocumentState, Label

HIDDEN, MINOR = Label.INVISIBLE_PATIENT, Label.INVISIBLE_REPRESENTANTS_LEGAUX
REPORT = DocumentFacts(
    UUID(int=1), "document", "11502-2", "1750000001", "899700024450", frozenset(), DocumentState.APPROVED
)
DECADES = st.integers(0, 4_102_444_800)  # 1970 to 2100


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.requirement("R24")
@pytest.mark.parametrize(
    ("stated", "type_code", "code"),
    [
        ([], "11502-2", None),
        (["MASQUE_PS"], "11502-2", None),
        (["INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"], "11502-2", None),
        (["MASQUE_PS", "INVISIBLE_PATIENT"], "11502-2", "labels_conflict"),
        (["MASQUE_PS", "INVISIBLE_PATIENT"], "", "labels_conflict"),
        (["MASQUE_PS", "INVISIBLE_PATIENT"], "E1762", None),
        (["N"], "11502-2", "unknown_label"),
        (["invisible_patient"], "11502-2", "unknown_label"),
    ],
)
def test_r24_labels_that_leave_no_reader_are_for_signatures_alone(
    stated: list[str], type_code: str, code: str | None
) -> None:
    if code is None:
        assert stated_labels(stated, type_code) == set(stated)
        return
    with pytest.raises(Invalid) as refusal:
        stated_labels(stated, type_code)
    assert refusal.value.code == code


@pytest.mark.requirement("R22")
@pytest.mark.parametrize(
    ("since", "visible"),
    [
        ("2018-11-06T10:00:00", "2018-12-06T10:00:00"),
        ("2026-12-15T23:59:59", "2027-01-15T23:59:59"),
        ("2027-01-31T00:00:00", "2027-02-28T00:00:00"),
        ("2028-01-31T08:00:00", "2028-02-29T08:00:00"),
        ("2028-02-29T08:00:00", "2028-03-29T08:00:00"),
        ("2100-01-30T08:00:00", "2100-02-28T08:00:00"),
    ],
)
def test_r22_a_month_ends_on_its_day_of_the_next_month_or_on_its_last(since: str, visible: str) -> None:
    assert visible_from(at(since)) == at(visible)


@pytest.mark.requirement("R22")
@given(DECADES)
def test_r22_a_month_has_28_days_or_more(since: int) -> None:
    assert 28 * 86_400 <= visible_from(since) - since <= 31 * 86_400


@pytest.mark.requirement("R22")
@given(DECADES, st.integers(0, 40 * 86_400))
def test_r22_hidden_until_the_month_is_over_and_not_a_second_longer(since: int, later: int) -> None:
    hidden = labelled_too(REPORT, frozenset({HIDDEN}), since)
    assert is_hidden(hidden, since + later) == (since + later < visible_from(since))


def test_a_deposit_that_hides_what_is_hidden_already_begins_no_new_month() -> None:
    first = labelled_too(REPORT, frozenset({HIDDEN}), 1_000)
    more = labelled_too(first, frozenset({HIDDEN, MINOR}), 90_000)
    assert more == replace(first, labels=frozenset({HIDDEN, MINOR}))
    over = visible_from(1_000)
    again = labelled_too(first, frozenset({HIDDEN}), over)
    assert again.visible_to_patient_from == visible_from(over)


@given(st.frozensets(st.sampled_from(Label)), st.frozensets(st.sampled_from(Label)), DECADES)
def test_labels_add_up(present: frozenset[Label], added: frozenset[Label], now: int) -> None:
    assert labelled_too(replace(REPORT, labels=present), added, now).labels == present | added
