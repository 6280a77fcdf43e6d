import json
from dataclasses import replace
from uuid import UUID

import pytest

from records.documents.facts import (
    Announcement,
    DocumentFacts,
    HoldersRefusal,
    check_labels,
    labelled_alike,
    labels_by_holder,
)
from records.errors import Invalid, Refused
from records.vocabulary.codes import DocumentState, Label
from tests.unit.records.factories import DOCTOR, NOW, PRACTICE, REPORT

CHOSEN = replace(
    REPORT,
    shown_to=frozenset({UUID(int=1), UUID(int=2)}),
    class_code="10",
    practice_setting="AMBULATOIRE",
    declared_author=DOCTOR,
    declared_structure=PRACTICE,
    announcement=Announcement(NOW, DOCTOR, NOW + 1),
    replaces=UUID(int=3),
    refused=HoldersRefusal(NOW, "Ce n'est pas moi."),
)


def test_facts_survive_their_json_form() -> None:
    for facts in (
        REPORT,
        replace(REPORT, labels=frozenset(Label), state=DocumentState.ARCHIVED, visible_to_patient_from=NOW),
        CHOSEN,
    ):
        assert DocumentFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("document_id", "1"),
        ("kind", "folder"),
        ("labels", ["SECRET"]),
        ("labels", "MASQUE_PS"),
        ("labels", [1]),
        ("state", "lost"),
        ("visible_to_patient_from", "tomorrow"),
        ("shown_to", ["everybody"]),
        ("shown_to", [1]),
        ("announcement", {"since": NOW}),
        ("replaces", "the former"),
        ("refused", {"at": NOW, "reason": None}),
        ("extra", 1),
    ],
)
def test_facts_of_another_shape_are_refused(name: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        DocumentFacts.from_json(REPORT.to_json() | {name: value})
    assert refusal.value.code == "bad_shape"


def test_facts_of_the_first_form_are_shown_to_nobody_and_have_the_class_of_their_type() -> None:
    later = ("shown_to", "practice_setting", "announcement", "replaces", "refused", "class_code")
    first = {
        name: value
        for name, value in REPORT.to_json().items()
        if name not in (*later, "declared_author", "declared_structure")
    }
    assert DocumentFacts.from_first_json(first) == replace(REPORT, class_code="10")
    with pytest.raises(Invalid):
        DocumentFacts.from_first_json(REPORT.to_json())


def test_labels_combine() -> None:
    both = ["MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX", "MASQUE_PS"]
    assert check_labels(both) == {Label.MASQUE_PS, Label.INVISIBLE_REPRESENTANTS_LEGAUX}
    assert check_labels([]) == frozenset()


@pytest.mark.requirement("R24")
def test_r24_hidden_from_the_patient_and_masked_at_once_is_refused_save_where_it_is_allowed() -> None:
    with pytest.raises(Invalid) as refusal:
        check_labels(Label)
    assert refusal.value.code == "labels_conflict"
    assert check_labels(Label, cumul_allowed=True) == frozenset(Label)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        check_labels(["N"])
    assert refusal.value.code == "unknown_label"


@pytest.mark.requirement("R20")
def test_r20_the_holder_s_labels_on_one_copy_hold_for_every_copy() -> None:
    ours = replace(REPORT, labels=frozenset({Label.MASQUE_PS}))
    theirs = replace(REPORT, labels=frozenset({Label.INVISIBLE_PATIENT}), author_structure=PRACTICE)
    secret = replace(REPORT, labels=frozenset({Label.INVISIBLE_REPRESENTANTS_LEGAUX}))
    shared = {Label.MASQUE_PS, Label.INVISIBLE_REPRESENTANTS_LEGAUX}
    assert [each.labels for each in labelled_alike([ours, theirs, secret])] == [
        shared,
        shared | {Label.INVISIBLE_PATIENT},
        shared,
    ]
    assert labelled_alike([theirs]) == (theirs,) and labelled_alike([]) == ()


def test_the_holder_never_hides_a_document_from_herself() -> None:
    masked = frozenset({Label.MASQUE_PS})
    hidden = frozenset({Label.INVISIBLE_PATIENT})
    assert labels_by_holder(frozenset(), masked) == masked
    assert labels_by_holder(masked, frozenset()) == frozenset()
    for present, wanted in ((frozenset[Label](), hidden), (masked, masked | hidden)):
        with pytest.raises(Refused) as refusal:
            labels_by_holder(present, wanted)
        assert refusal.value.code == "label_not_entitled"
    # what hid it has ended, or she would not see it: her choice of another label takes it off
    assert labels_by_holder(hidden, hidden | masked) == masked
