"""What the index learns of an instance."""

import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import DicomFacts
from content.person import Identifier, Person
from tests.unit.content.dicom_bytes import element, identifiers, item, part10, pixel_module, pixels


def facts(extra: bytes = b"", patient: bytes = b"123") -> DicomFacts:
    findings, found = inspect_dicom(BytesSource(part10(identifiers(patient=patient) + extra)))
    assert found, findings
    return found


def test_the_patient_with_every_identifier() -> None:
    issuer = element(0x00100024, "SQ", item(element(0x00400032, "UT", b"1.2.250.1.213.1.4.10")))
    other = (
        element(0x00100020, "LO", b"277076322082910")
        + element(0x00100021, "LO", b"ASIP-SANTE-INS-NIR")
        + issuer
    )
    patient = facts(
        element(0x00100010, "PN", b"DUPONT^ANNE MARIE^^Dr")
        + element(0x00100021, "LO", b"HOSPITAL")
        + element(0x00100030, "DA", b"19770701")
        + element(0x00100040, "CS", b"F")
        + element(0x00101005, "PN", b"DURAND^ANNE")
        + element(0x00101002, "SQ", item(other))
    ).patient
    assert patient.to_json() == {
        "id": "123",
        "issuer": "HOSPITAL",
        "issuer_oid": None,
        "family_names": ["DUPONT", "DURAND"],
        "given_names": ["ANNE MARIE", "ANNE"],
        "birth_date": "19770701",
        "sex": "F",
        "other_ids": [
            {"id": "277076322082910", "issuer": "ASIP-SANTE-INS-NIR", "issuer_oid": "1.2.250.1.213.1.4.10"}
        ],
    }


def test_an_anonymous_patient_is_nothing_but_absent() -> None:
    patient = facts(patient=b"").patient
    assert patient == Person(identifiers=(Identifier(None),))
    assert {value for value in patient.to_json().values() if value != []} == {None}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"20200229", "2020-02-29"),
        (b"2020.02.29", "2020-02-29"),
        (b"20210229", None),
        (b"2020", None),
        (b"????????", None),
    ],
)
def test_dates(written: bytes, read: str | None) -> None:
    assert facts(element(0x00080020, "DA", written)).study_attributes.date == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"101530.123456", "10:15:30"),
        (b"1015", "10:15:00"),
        (b"10:15:30", "10:15:30"),
        (b"256161", None),
        (b"1", None),
        (b"noon", None),
    ],
)
def test_times(written: bytes, read: str | None) -> None:
    assert facts(element(0x00080030, "TM", written)).study_attributes.time == read


def test_texts_carry_no_control_characters_and_end_somewhere() -> None:
    description = element(0x00081030, "LO", b"a\x07b\x1fc" + b"d" * 3000)
    found = facts(description).study_attributes.description
    assert found.startswith("a b cddd")
    assert len(found) == 1024


def test_an_image_that_declares_no_frames_is_one() -> None:
    assert facts(pixel_module() + pixels(bytes(32))).frame_count == 1
    assert facts().frame_count is None
