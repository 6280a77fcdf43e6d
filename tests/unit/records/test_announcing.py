"""Hidden by the author's side, announced by a professional or by the month's end: rules without I/O (R22)."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.announcing import Clock, Step, announced, due, hidden_by_author
from records.documents.depositing_labels import is_hidden, labelled_too, visible_from
from records.documents.facts import Announcement, DocumentFacts
from records.errors import CoffreError, Invalid
from records.vocabulary.codes import DocumentState, Label

HIDDEN, MASKED, MINOR = Label.INVISIBLE_PATIENT, Label.MASQUE_PS, Label.INVISIBLE_REPRESENTANTS_LEGAUX
DOCTOR, NOW, DAY = "899700024450", 1_800_000_000, 86_400
REPORT = DocumentFacts(
    UUID(int=1), "document", "11502-2", "1750000001", "", frozenset(), DocumentState.APPROVED
)
WAITING = labelled_too(REPORT, frozenset({HIDDEN}), NOW)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(CoffreError) as refusal:
        call()
    return refusal.value.code


@pytest.mark.requirement("R22")
@pytest.mark.parametrize(
    ("present", "wanted", "code"),
    [
        ([], ["INVISIBLE_PATIENT"], None),
        (["INVISIBLE_REPRESENTANTS_LEGAUX"], ["INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"], None),
        ([], [], None),
        (["MASQUE_PS"], ["MASQUE_PS"], None),
        (["MASQUE_PS"], ["INVISIBLE_PATIENT", "MASQUE_PS"], "labels_conflict"),
        (["MASQUE_PS"], [], "label_not_entitled"),
        ([], ["MASQUE_PS"], "label_not_entitled"),
        ([], ["INVISIBLE_REPRESENTANTS_LEGAUX"], "label_not_entitled"),
        (["INVISIBLE_PATIENT"], [], "label_not_entitled"),
        ([], ["SECRET"], "unknown_label"),
    ],
)
def test_r22_the_author_s_side_hides_from_the_patient_and_changes_nothing_else(
    present: list[str], wanted: list[str], code: str | None
) -> None:
    labels = frozenset(map(Label, present))
    document = replace(REPORT, labels=labels)
    if code is not None:
        assert refused(lambda: hidden_by_author(document, labels, wanted, NOW)) == code
        return
    after = hidden_by_author(document, labels, wanted, NOW)
    assert after.labels == set(wanted)
    assert is_hidden(after, NOW) == ("INVISIBLE_PATIENT" in wanted)


def test_the_holder_s_labels_on_a_copy_are_not_written_to_this_one() -> None:
    after = hidden_by_author(REPORT, frozenset({MINOR}), ["INVISIBLE_PATIENT", MINOR.value], NOW)
    assert after.labels == {HIDDEN}


@pytest.mark.requirement("R22")
def test_r22_what_was_announced_is_not_hidden_again() -> None:
    over = announced(WAITING, DOCTOR, NOW + 5)
    assert (
        refused(lambda: hidden_by_author(over, frozenset(), ["INVISIBLE_PATIENT"], NOW + 9))
        == "already_announced"
    )


@pytest.mark.requirement("R22")
def test_r22_whoever_announces_is_kept_and_a_second_announcement_changes_nothing() -> None:
    over = announced(WAITING, DOCTOR, NOW + 5)
    assert (over.labels, over.visible_to_patient_from) == (frozenset(), None)
    assert over.announcement == Announcement(NOW, DOCTOR, NOW + 5)
    assert announced(over, "899700024468", NOW + 9) == over
    assert announced(WAITING, None, NOW + 5).announcement == Announcement(NOW, None, NOW + 5)
    assert refused(lambda: announced(REPORT, DOCTOR, NOW)) == "not_hidden"


@pytest.mark.requirement("R22")
def test_r22_the_patient_is_told_on_day_14_and_sees_it_after_a_month() -> None:
    assert due(WAITING, Step.NOTICE) == NOW + 14 * DAY
    assert due(WAITING, Step.VISIBLE) == WAITING.visible_to_patient_from == visible_from(NOW)
    assert due(REPORT, Step.NOTICE) is due(announced(WAITING, DOCTOR, NOW), Step.VISIBLE) is None
    assert due(replace(WAITING, announcement=None), Step.NOTICE) is None


@given(st.integers(0, 4_102_444_800))
def test_the_notice_always_comes_before_the_end(since: int) -> None:
    hidden = labelled_too(REPORT, frozenset({HIDDEN}), since)
    notice, end = due(hidden, Step.NOTICE), due(hidden, Step.VISIBLE)
    assert notice is not None and end is not None and since < notice < end


@given(st.builds(Clock, st.uuids(), st.sampled_from(Step)))
def test_a_clock_comes_back_as_it_was(clock: Clock) -> None:
    assert Clock.from_json(clock.to_json()) == clock


@pytest.mark.parametrize("changed", [{"step": "later"}, {"document": "1"}, {"kind": 3}, {"more": "x"}])
def test_what_is_no_clock_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Clock.from_json(Clock(UUID(int=1), Step.NOTICE).to_json() | changed)
