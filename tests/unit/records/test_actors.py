from dataclasses import replace

import pytest

from tests.unit.records.factories import DOCTOR, HER_INS, depositor, operator, patient, professional


def test_an_actor_is_one_person_by_the_national_number() -> None:
    """Whatever door she came by, whatever it calls her, and wherever she works today."""
    doctor = professional()
    elsewhere = replace(doctor, issuer="https://cards.example", subject="rpps:1", structure="1750000009")
    assert doctor.person == elsewhere.person == ["professional", DOCTOR]
    assert (
        patient().person == replace(patient(), issuer="x", subject="y").person == ["patient", HER_INS.value]
    )


def test_an_operator_is_one_person_by_the_name_whoever_vouches_for_it() -> None:
    """By a key of her own, which calls her `operator:alice`, or by an issuer of operators."""
    names = ("operator:alice", "alice", "Alice", "Operator:Alice")
    doors = [
        replace(operator(), subject=name, issuer=f"https://{at}.example") for at, name in enumerate(names)
    ]
    assert [each.person for each in doors] == [["operator", "", "operator:alice"]] * 4
    assert replace(operator(), subject="bob").person != doors[0].person


def test_systems_of_a_structure_are_told_apart_by_their_names() -> None:
    assert depositor().person[:2] == ["depositor", "1750000001"]
    assert depositor().person != replace(depositor(), subject="another system").person


@pytest.mark.requirement("R8")
def test_the_access_log_names_a_professional_and_never_an_ins() -> None:
    assert professional().display() == {
        "role": "professional",
        "rpps": DOCTOR,
        "profession": "10",
        "sector": "SA07",
        "structure": "1750000002",
    }
    assert depositor().display() == {"role": "depositor", "structure": "1750000001"}
    assert patient().display() == {"role": "patient"}
    assert HER_INS.matricule not in repr(patient())
