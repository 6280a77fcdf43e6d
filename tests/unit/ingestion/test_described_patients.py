"""The person that a CDA or a FHIR DocumentReference is about."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.cda.patient import MOST_PERSONS, cda_patients
from ingestion.intake.fhir.described_patient import described_patients
from records.people.identity import INS_NIR_TEST

INS = "277079999900167"


def cda(patient: str, role: str = "", head: str = '<?xml version="1.0"?>') -> bytes:
    return (
        f'{head}<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole>{role}'
        f"<patient>{patient}</patient></patientRole></recordTarget>"
        "<author><assignedAuthor><assignedPerson><name><family>MÉDECIN</family></name></assignedPerson>"
        "</assignedAuthor></author></ClinicalDocument>"
    ).encode()


class TestCda:
    def test_birth_name_used_name_and_all_first_names(self) -> None:
        names = (
            '<name><given>Jeanne</given><given>Marie</given><given qualifier="CL">Jenny</given>'
            '<family qualifier="BR">DURAND</family><family qualifier="SP">MARTIN</family></name>'
        )
        rest = '<administrativeGenderCode code="F"/><birthTime value="19650309"/>'
        role = f'<id root="1.2.3" extension="4711"/><id root="{INS_NIR_TEST}" extension="{INS}"/>'
        (found,) = cda_patients(cda(names + rest, role))
        assert found.to_json() == {
            "id": "4711",
            "issuer": None,
            "issuer_oid": "1.2.3",
            "other_ids": [{"id": INS, "issuer": None, "issuer_oid": INS_NIR_TEST}],
            "family_names": ["DURAND", "MARTIN"],
            "given_names": ["Jeanne Marie", "Jenny"],
            "birth_date": "19650309",
            "sex": "F",
        }

    def test_nobody_but_the_patient_is_read(self) -> None:
        guardian = (
            "<guardian><guardianPerson><name><family>PARENT</family></name></guardianPerson></guardian>"
        )
        (found,) = cda_patients(cda(guardian + '<birthTime nullFlavor="UNK"/>'))
        assert (found.family_names, found.birth_date, found.sex) == ((), None, None)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"solid a",
            b"<html/>",
            b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>',
            cda("").replace(b"urn:hl7-org:v3", b"urn:other"),
            cda("")[:-10],
            b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + cda("", head=""),
        ],
    )
    def test_what_is_no_cda_describes_nobody(self, content: bytes) -> None:
        assert cda_patients(content) == []

    def test_each_record_target_is_a_person_of_its_own(self) -> None:
        """None answers for another: the name of one, and the birth date of the other, describe nobody."""
        one = cda("<name><family>DURAND</family></name>").decode()
        other = "<name><family>PETIT</family></name><birthTime value='19700101'/>"
        target = f"<recordTarget><patientRole><patient>{other}</patient></patientRole></recordTarget>"
        found = cda_patients(one.replace("<author>", target + "<author>", 1).encode())
        assert [(each.family_names, each.birth_date) for each in found] == [
            (("DURAND",), None),
            (("PETIT",), "19700101"),
        ]

    def test_two_patients_in_one_role_are_two_persons_with_its_identifiers(self) -> None:
        role = f'<id root="{INS_NIR_TEST}" extension="{INS}"/>'
        name = "<name><family>{}</family></name>"
        found = cda_patients(cda(name.format("DURAND") + "</patient><patient>" + name.format("PETIT"), role))
        assert [each.family_names for each in found] == [("DURAND",), ("PETIT",)]
        assert {each.identifiers[0].value for each in found} == {INS}

    def test_so_many_persons_are_kept_and_equal_ones_once(self) -> None:
        name = "<name><family>{}</family></name>"
        many = "</patient><patient>".join(name.format(f"N{number % 40}") for number in range(100))
        assert len(cda_patients(cda(many))) == MOST_PERSONS

    def test_another_encoding_and_padding(self) -> None:
        content = cda("<name><family>LEFÈVRE</family></name>", head="").decode()
        (found,) = cda_patients(('<?xml version="1.0" encoding="UTF-16"?>' + content).encode("utf-16"))
        assert found.family_names == ("LEFÈVRE",)
        assert len(cda_patients(content.encode() + b"\0")) == 1

    @given(st.binary(max_size=200))
    def test_no_bytes_stop_it(self, content: bytes) -> None:
        cda_patients(content)


_SCALARS = st.none() | st.integers() | st.text()
_LISTS = st.lists(_SCALARS, max_size=2)
_NAMES = st.dictionaries(st.sampled_from(("family", "given", "use", "system", "value")), _SCALARS | _LISTS)
ANY = _SCALARS | _LISTS | st.lists(_NAMES, max_size=2)
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": f"urn:oid:{INS_NIR_TEST}", "value": INS}],
    "name": [
        {"use": "official", "family": "DURAND", "given": ["Jeanne", "Marie"]},
        {"use": "usual", "family": "MARTIN", "given": ["Jenny"]},
        {"use": "old", "family": "AUTREFOIS"},
    ],
    "birthDate": "1965-03",
    "gender": "female",
}


class TestFhir:
    @pytest.mark.parametrize(
        "referring",
        [{"subject": {"reference": "#p"}}, {"context": {"sourcePatientInfo": {"reference": "#p"}}}],
    )
    def test_the_contained_patient_that_is_referred_to(self, referring: dict[str, Any]) -> None:
        contained = [
            {"resourceType": "Practitioner", "id": "p"},
            {"resourceType": "Patient", "id": "q"},
            PATIENT,
        ]
        (found,) = described_patients({"contained": contained, **referring})
        assert found.to_json() == {
            "id": INS,
            "issuer": None,
            "issuer_oid": INS_NIR_TEST,
            "other_ids": [],
            "family_names": ["DURAND", "MARTIN"],
            "given_names": ["Jeanne Marie", "Jenny"],
            "birth_date": "1965-03",
            "sex": "female",
        }

    @pytest.mark.parametrize(
        "resource",
        [
            None,
            [],
            {},
            {"contained": [PATIENT]},
            {"contained": PATIENT, "subject": {"reference": "#p"}},
            {"contained": [1, None], "subject": "#p", "context": []},
        ],
    )
    def test_otherwise_nobody_is_described(self, resource: Any) -> None:
        assert described_patients(resource) == []

    @settings(suppress_health_check=[HealthCheck.too_slow])  # values of any shape are slow to draw
    @given(st.dictionaries(st.sampled_from(("name", "identifier", "birthDate", "gender")), ANY))
    def test_members_of_any_shape_stop_nothing(self, members: dict[str, Any]) -> None:
        patient = {"resourceType": "Patient", "id": "p", **members}
        assert len(described_patients({"contained": [patient], "subject": {"reference": "#p"}})) == 1

    def test_subject_and_source_may_be_two_and_both_are_described(self) -> None:
        """Whoever hides the traits behind a second Patient hides nothing."""
        contained = [{"resourceType": "Patient", "id": "bare"}, PATIENT]
        referring = {
            "subject": {"reference": "#bare"},
            "context": {"sourcePatientInfo": {"reference": "#p"}},
        }
        bare, whole = described_patients({"contained": contained, **referring})
        assert (bare.family_names, whole.family_names) == ((), ("DURAND", "MARTIN"))
