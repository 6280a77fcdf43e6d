import pytest

from tests.unit.records.factories import DOCTOR, HER_INS, depositor, operator, patient, professional


def test_an_actor_is_its_issuer_subject_and_structure() -> None:
    assert professional().value == ["demo", DOCTOR, "1750000002"]
    assert operator().value == ["demo", "operator", ""]


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
