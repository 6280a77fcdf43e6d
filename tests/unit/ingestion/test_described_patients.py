"""The person that a CDA or a FHIR DocumentReference is about."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.cda.patient import cda_patient
from ingestion.intake.fhir.described_patient import described_patients
from records.identity import INS_NIR_TEST

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
        found = cda_patient(cda(names + rest, role))
        assert found == {
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
        found = cda_patient(cda(guardian + '<birthTime nullFlavor="UNK"/>'))
        assert found is not None
        assert (found["family_names"], found["birth_date"], found["sex"]) == ([], None, None)

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
        assert cda_patient(content) is None

    def test_another_encoding_and_padding(self) -> None:
        content = cda("<name><family>LEFÈVRE</family></name>", head="").decode()
        found = cda_patient(('<?xml version="1.0" encoding="UTF-16"?>' + content).encode("utf-16"))
        assert found is not None and found["family_names"] == ["LEFÈVRE"]
        assert cda_patient(content.encode() + b"\0") is not None

    @given(st.binary(max_size=200))
    def test_no_bytes_stop_it(self, content: bytes) -> None:
        cda_patient(content)


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
        assert found == {
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
        assert (bare["family_names"], whole["family_names"]) == ([], ["DURAND", "MARTIN"])
