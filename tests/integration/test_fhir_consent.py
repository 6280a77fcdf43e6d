"""Consent: all choices of the card to its holder, to a professional those about himself."""

from typing import Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent

from keyvault.verbs.reader.holder.authorising import LARGEST_PAGE
from tests.integration.support import COLLEAGUE, DOCTOR, Coffre, Patient, bearer
from tests.integration.test_fhir_search import issues, matches

BLOCKED = "899700000101"


@pytest.fixture(scope="module")
def patient(coffre: Coffre) -> Patient:
    person = coffre.open_record()
    person.authorise(DOCTOR)
    person.authorise(COLLEAGUE)
    blocked = person.call("POST", "/blocks", json={"professional": BLOCKED})
    assert blocked.status_code < 300, blocked.text
    opposed = person.call("PUT", "/emergency", json={"bris_de_glace": False, "centre_15": True})
    assert opposed.status_code == 200, opposed.text
    return person


def ask(coffre: Coffre, patient: Patient, token: str, **criteria: str) -> httpx.Response:
    asked = {"patient": str(patient.public_id), **criteria}
    answer = coffre.http.get("/fhir/Consent", params=asked, headers=bearer(token))
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(answer.json())
    return answer


def provisions(answer: httpx.Response) -> list[tuple[str, str]]:
    """Of each: its type, and whom or what for."""
    (found,) = matches(answer)
    return [(each["type"], _about(each)) for each in found["provision"]["provision"]]


def _about(provision: dict[str, Any]) -> str:
    if "purpose" in provision:
        return str(provision["purpose"][0]["code"])
    return str(provision["actor"][0]["reference"]["identifier"]["value"])


@pytest.mark.requirement("R18", "R19", "R26")
def test_the_holder_reads_every_choice_and_nothing_is_permitted_beside(
    coffre: Coffre, patient: Patient
) -> None:
    answer = ask(coffre, patient, patient.token)
    assert sorted(provisions(answer)) == sorted(
        [
            ("permit", DOCTOR),
            ("permit", COLLEAGUE),
            ("deny", BLOCKED),
            ("deny", "BTG"),
            ("permit", "ETREAT"),
        ]
    )
    (found,) = matches(answer)
    assert found["provision"]["type"] == "deny"
    assert {"start", "end"} == found["provision"]["provision"][0]["period"].keys()


@pytest.mark.requirement("R15")
def test_a_professional_reads_of_nobody_but_himself(coffre: Coffre, patient: Patient) -> None:
    answer = ask(coffre, patient, coffre.professional(DOCTOR))
    assert provisions(answer) == [("permit", DOCTOR)]
    assert COLLEAGUE not in answer.text and BLOCKED not in answer.text and "BTG" not in answer.text


def test_by_its_id_it_is_the_same_and_in_xml_too(coffre: Coffre, patient: Patient) -> None:
    (found,) = matches(ask(coffre, patient, patient.token))
    address, headers = f"/fhir/Consent/{found['id']}", bearer(patient.token)
    assert coffre.http.get(address, headers=headers).json() == found
    written = coffre.http.get(address, params={"_format": "xml"}, headers=headers)
    assert Consent.model_validate_xml(written.content).id == found["id"]


CRITERIA = [
    ("actor:identifier", f"urn:oid:1.2.250.1.71.4.2.1|{DOCTOR}", 1),
    ("actor:identifier", "899700000999", 0),
    ("status", "active", 1),
    ("status", "inactive", 0),
    ("scope", "patient-privacy", 1),
    ("category", "http://loinc.org|59284-0", 1),
    ("period", "gt2020-01-01", 1),
    ("date", "lt2020-01-01", 0),
]


@pytest.mark.parametrize(("name", "text", "count"), CRITERIA)
def test_each_parameter_finds_what_it_names(
    coffre: Coffre, patient: Patient, name: str, text: str, count: int
) -> None:
    answer = ask(coffre, patient, patient.token, **{name: text})
    assert (answer.json()["total"], len(matches(answer))) == (count, count)


@pytest.mark.requirement("R15")
def test_without_right_it_is_403_as_without_a_record(coffre: Coffre, patient: Patient) -> None:
    blocked = bearer(coffre.professional(BLOCKED))
    for record in (patient.public_id, "01a223c4-d812-77ab-9926-72bee53d51fa"):
        for address in (f"/fhir/Consent/{record}", f"/fhir/Consent?patient={record}"):
            answer = coffre.http.get(address, headers=blocked)
            assert (answer.status_code, issues(answer)) == (403, ["not_authorised"])


@pytest.mark.requirement("R18")
def test_it_tells_every_authorisation_however_many_there_are(coffre: Coffre) -> None:
    person = coffre.open_record()
    numbers = [str(899740000001 + number) for number in range(LARGEST_PAGE + 1)]
    for number in numbers:
        person.authorise(number)
    told = {name for kind, name in provisions(ask(coffre, person, person.token)) if kind == "permit"}
    assert told >= {*numbers}
    last = ask(coffre, person, person.token, **{"actor:identifier": numbers[-1]})
    assert last.json()["total"] == 1
