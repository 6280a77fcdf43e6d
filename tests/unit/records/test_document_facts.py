import json
from dataclasses import replace

import pytest

from records.documents import DocumentFacts, check_labels
from records.errors import Invalid
from records.vocabulary.codes import DocumentState, Label
from tests.unit.records.factories import NOW, REPORT


def test_facts_survive_their_json_form() -> None:
    for facts in (
        REPORT,
        replace(REPORT, labels=frozenset(Label), state=DocumentState.ARCHIVED, visible_to_patient_from=NOW),
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
        ("extra", 1),
    ],
)
def test_facts_of_another_shape_are_refused(name: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        DocumentFacts.from_json(REPORT.to_json() | {name: value})
    assert refusal.value.code == "bad_shape"


def test_labels_combine() -> None:
    both = ["MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX", "MASQUE_PS"]
    assert check_labels(both) == {Label.MASQUE_PS, Label.INVISIBLE_REPRESENTANTS_LEGAUX}
    assert check_labels([]) == frozenset()


def test_r24_hidden_from_the_patient_and_masked_at_once_is_refused_save_where_it_is_allowed() -> None:
    with pytest.raises(Invalid) as refusal:
        check_labels(Label)
    assert refusal.value.code == "labels_conflict"
    assert check_labels(Label, cumul_allowed=True) == frozenset(Label)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(Invalid) as refusal:
        check_labels(["N"])
    assert refusal.value.code == "unknown_label"
