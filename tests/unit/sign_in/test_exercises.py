"""What Pro Santé Connect's userinfo says of a professional."""

from typing import Any

import pytest

from records.people.directory import Exercise, Person, Structure
from sign_in.federation.exercises import professional
from sign_in.federation.provider import FederationRefused
from tests.services.oidc_provider import userinfo

NUMBER = "899700024450"


def changed(path: str, value: object) -> dict[str, Any]:
    """Userinfo with one field of its first exercise or activity changed."""
    found = userinfo()
    exercise = found["SubjectRefPro"]["exercices"][0]
    place = exercise["activities"][0] if path.startswith("activity.") else exercise
    place[path.rpartition(".")[2]] = value
    return found


def test_each_place_of_each_profession_can_be_chosen() -> None:
    found = professional(userinfo())
    assert found.person == Person(NUMBER, "Martin", "Claire")
    assert [each.exercise for each in found.practices] == [
        Exercise(NUMBER, "10", "SM26", "1750000002", "SA07"),
        Exercise(NUMBER, "10", "SM26", "1750000003", "SA01"),
    ]
    assert found.practices[0].structure == Structure("1750000002", "CABINET DES LILAS", "76000 ROUEN")


@pytest.mark.requirement("R5")
@pytest.mark.parametrize("number", ["", "ANS20231122132732", "3750000001/42", "99700024450", None, 8])
def test_who_is_not_in_the_rpps_is_refused(number: object) -> None:
    with pytest.raises(FederationRefused) as refused:
        professional(userinfo(SubjectNameID=number))
    assert refused.value.code == "federation_no_professional"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("activity.numeroFinessSite", ""),
        ("activity.numeroFinessSite", "R81311"),
        ("activity.codeSecteurDactivite", ""),
        ("activity.codeSecteurDactivite", 7),
        ("activity.raisonSocialeSite", "A\x00B"),
    ],
)
def test_a_place_that_cannot_be_named_is_left_out(path: str, value: object) -> None:
    (only,) = professional(changed(path, value)).practices
    assert only.exercise.structure == "1750000003"


@pytest.mark.requirement("R7")
def test_who_is_in_training_reads_nowhere() -> None:
    with pytest.raises(FederationRefused) as refused:
        professional(changed("codeCategorieProfessionnelle", "E"))
    assert refused.value.code == "federation_no_exercise"


@pytest.mark.parametrize(
    "found",
    [
        changed("activities", []),
        changed("activities", "none"),
        changed("codeProfession", ""),
        userinfo(SubjectRefPro=None),
        userinfo(SubjectRefPro={"exercices": {}}),
        userinfo(SubjectRefPro={"exercices": [1]}),
    ],
)
def test_who_exercises_nowhere_is_told(found: dict[str, Any]) -> None:
    with pytest.raises(FederationRefused) as refused:
        professional(found)
    assert refused.value.code == "federation_no_exercise"
