"""FHIR patches of a DocumentReference as the national profile sends them (R37)."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.label_changes import LabelChange
from records.errors import Invalid
from records.fhir.patches import IS_ARCHIVED, IS_DELETED, read_patch
from records.fhir.systems import VISIBILITY
from records.vocabulary.codes import Action, Label

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


def operation(**parts: Any) -> dict[str, Any]:
    return {"name": "operation", "part": [{"name": name, **value} for name, value in parts.items()]}


def replaced(path: str, **value: Any) -> dict[str, Any]:
    return operation(type={"valueCode": "replace"}, path={"valueString": path}, value=value)


def added(url: str, flag: object) -> dict[str, Any]:
    extension = [{"name": "url", "valueUri": url}, {"name": "valueBoolean", "valueBoolean": flag}]
    return operation(
        type={"valueCode": "add"},
        path={"valueString": "DocumentReference"},
        name={"valueString": "extension"},
        value={"part": extension},
    )


def parameters(*operations: object) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [*operations]}


def flag_of(url: str) -> str:
    return f"DocumentReference.extension.where(url='{url}').value"


STATUS = "DocumentReference.status"


@pytest.mark.requirement("R37")
@pytest.mark.parametrize(
    ("body", "action"),
    [
        (parameters(replaced(flag_of(IS_ARCHIVED), valueBoolean=True)), Action.ARCHIVE),
        (parameters(replaced(flag_of(IS_ARCHIVED), valueBoolean=False)), Action.UNARCHIVE),
        (parameters(added(IS_ARCHIVED, True)), Action.ARCHIVE),
        (
            parameters(replaced(STATUS, valueCode="superseded"), added(IS_DELETED, True)),
            Action.DELETE,
        ),
        (parameters(replaced(STATUS, valueCode="entered-in-error")), Action.DELETE),
        (
            [{"op": "replace", "path": f"/extension[url:'{IS_ARCHIVED}']/valueBoolean", "value": True}],
            Action.ARCHIVE,
        ),
        (
            [{"op": "add", "path": "/extension/-", "value": {"url": IS_ARCHIVED, "valueBoolean": False}}],
            Action.UNARCHIVE,
        ),
        (
            [
                {"op": "add", "path": "/extension", "value": [{"url": IS_DELETED, "valueBoolean": True}]},
                {"op": "replace", "path": "/status", "value": "superseded"},
            ],
            Action.DELETE,
        ),
    ],
)
def test_r37_archive_unarchive_and_delete_are_read(body: object, action: Action) -> None:
    assert read_patch(body) is action


@pytest.mark.requirement("R37")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (parameters(replaced("DocumentReference.description", valueString="autre")), "element_not_patchable"),
        (parameters(added("https://example.fr/autre", True)), "element_not_patchable"),
        ([{"op": "replace", "path": "/subject", "value": "x"}], "element_not_patchable"),
        (parameters(replaced(STATUS, valueCode="superseded")), "patch_not_supported"),
        (parameters(added(IS_DELETED, True)), "patch_not_supported"),
        (parameters(added(IS_DELETED, False)), "patch_not_supported"),
        (parameters(added(IS_ARCHIVED, "true")), "patch_not_supported"),
        (parameters(added(IS_ARCHIVED, None)), "bad_patch"),
        (parameters(), "bad_patch"),
        (parameters("operation"), "bad_patch"),
        ({"resourceType": "DocumentReference"}, "bad_patch"),
        ([], "bad_patch"),
        ([{"op": "remove", "path": "/status"}], "bad_patch"),
        ([{"op": "replace", "path": 7, "value": True}], "bad_patch"),
        ("archive", "bad_patch"),
    ],
)
def test_r37_another_element_and_another_value_are_refused_by_name(body: object, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_patch(body)
    assert refusal.value.code == code


def concept(code: str, system: str | None = VISIBILITY) -> dict[str, Any]:
    return {"coding": [{"code": code} if system is None else {"system": system, "code": code}]}


def labelled(code: str) -> dict[str, Any]:
    return operation(
        type={"valueCode": "add"},
        path={"valueString": "DocumentReference"},
        name={"valueString": "securityLabel"},
        value={"valueCodeableConcept": concept(code)},
    )


def unlabelled(path: str) -> dict[str, Any]:
    return operation(type={"valueCode": "delete"}, path={"valueString": path})


MASKED, MINOR = Label.MASQUE_PS, Label.INVISIBLE_REPRESENTANTS_LEGAUX
LABELS = "DocumentReference.securityLabel"


@pytest.mark.requirement("R20", "R37")
@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        (parameters(labelled("MASQUE_PS")), {MINOR}, {MASKED, MINOR}),
        (parameters(unlabelled(f"{LABELS}.where(coding.code='MASQUE_PS')")), {MASKED, MINOR}, {MINOR}),
        (parameters(unlabelled(f"{LABELS}.coding.where(code = 'MASQUE_PS')")), {MASKED}, set()),
        (
            parameters(unlabelled(f"{LABELS}.where(coding.code='{MINOR}')"), labelled("MASQUE_PS")),
            {MINOR},
            {MASKED},
        ),
        (parameters(replaced(LABELS, valueCodeableConcept=concept("MASQUE_PS"))), {MINOR}, {MASKED}),
        ([{"op": "add", "path": "/securityLabel/-", "value": concept("MASQUE_PS", None)}], set(), {MASKED}),
        ([{"op": "replace", "path": "/securityLabel", "value": [concept("N", None)]}], {MASKED}, set()),
        ([{"op": "remove", "path": "/securityLabel"}], {MASKED, MINOR}, set()),
    ],
)
def test_r37_labels_are_added_taken_away_and_given_anew(
    body: object, before: set[Label], after: set[Label]
) -> None:
    change = read_patch(body)
    assert isinstance(change, LabelChange)
    assert change.of(frozenset(before)) == after


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (parameters(labelled("SECRET")), "unknown_label"),
        (
            [{"op": "add", "path": "/securityLabel/-", "value": concept("MASQUE_PS", "urn:x")}],
            "unknown_label",
        ),
        ([{"op": "add", "path": "/securityLabel/-", "value": "MASQUE_PS"}], "unknown_label"),
        ([{"op": "remove", "path": "/securityLabel/0"}], "patch_not_supported"),
        (parameters(unlabelled(LABELS)), "patch_not_supported"),
        (parameters(unlabelled(f"{LABELS}[0]")), "patch_not_supported"),
        (parameters(labelled("MASQUE_PS"), added(IS_ARCHIVED, True)), "patch_not_supported"),
        (
            parameters(labelled("MASQUE_PS"), unlabelled(f"{LABELS}.where(coding.code='MASQUE_PS')")),
            "patch_not_supported",
        ),
    ],
)
def test_r37_a_label_is_named_by_its_code_and_a_request_is_one_change(body: object, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_patch(body)
    assert refusal.value.code == code


@given(JSON)
def test_whatever_comes_is_a_change_or_a_refusal(body: object) -> None:
    with suppress(Invalid):
        assert isinstance(read_patch(body), Action | LabelChange)
