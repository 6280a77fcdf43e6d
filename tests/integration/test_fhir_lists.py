"""ITI-66, Find Document Lists: submission sets as R4 Lists, of what their reader may see and nothing else."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.list import List

from coffre.demonstration.files import data as demo_data
from tests.integration.support import (
    DOCTOR,
    HOSPITAL,
    LABORATORY,
    Coffre,
    Patient,
    bearer,
    document_reference,
)
from tests.integration.test_fhir_search import issues, link, matches

SUBMISSION_SET = ("code", "submissionset")


@dataclass(frozen=True)
class Record:
    """Three deposits: a report of a hospital; a study of a laboratory; a second series of that study."""

    patient: Patient
    submissions: list[str]
    """Oldest first."""


def submission_of(answer: httpx.Response) -> str:
    return str(answer.headers["content-location"]).rpartition("/")[2]


@pytest.fixture(scope="module")
def record(coffre: Coffre) -> Record:
    person, laboratory = coffre.open_record(), coffre.depositor(LABORATORY)
    report = document_reference(person.ins, demo_data.report_pdf(), title="Compte rendu")
    report["author"] = [{"display": "Dr Hélène d'Arc-Été"}]
    answers = [
        coffre.http.post("/fhir/DocumentReference", json=report, headers=bearer(coffre.depositor(HOSPITAL)))
    ]
    for part in (slice(0, 2), slice(2, 3)):
        answers.append(coffre.stow(laboratory, person.ct(slices=3, size=16)[part], person.ins))
    assert [each.status_code for each in answers] == [201, 200, 200]
    return Record(person, [submission_of(each) for each in answers])


def ask(coffre: Coffre, record: Record, *criteria: tuple[str, str], token: str = "") -> httpx.Response:
    asked = [("patient", str(record.patient.public_id)), SUBMISSION_SET, ("status", "current"), *criteria]
    return coffre.http.get("/fhir/List", params=asked, headers=bearer(token or record.patient.token))


def submissions(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    found = [each["identifier"][0]["value"] for each in matches(answer)]
    return [each.removeprefix("urn:uuid:") for each in found]


def test_each_deposit_is_a_set_newest_first_with_its_documents(coffre: Coffre, record: Record) -> None:
    answer = ask(coffre, record)
    Bundle.model_validate(answer.json())
    assert submissions(answer) == record.submissions[::-1]
    assert answer.json()["total"] == 3
    study, report = (each["id"] for each in record.patient.documents())
    second, first, sent = matches(answer)
    for found, document, structure in (
        (second, study, LABORATORY),
        (first, study, LABORATORY),
        (sent, report, HOSPITAL),
    ):
        List.model_validate(found)
        assert (found["status"], found["mode"]) == ("current", "working")
        assert found["code"]["coding"][0]["code"] == "submissionset"
        assert found["subject"] == {"reference": f"Patient/{record.patient.public_id}"}
        assert found["entry"] == [{"item": {"reference": f"DocumentReference/{document}"}}]
        (source,) = found["extension"]
        assert source["valueIdentifier"]["value"] == structure
    assert second["date"] >= first["date"] >= sent["date"]
    assert sent["source"] == {"type": "Practitioner", "display": "Dr Hélène d'Arc-Été"}
    assert first["source"]["identifier"]["value"] == LABORATORY
    assert record.patient.ins not in answer.text


def test_one_is_read_by_its_id_in_json_and_xml(coffre: Coffre, record: Record) -> None:
    for found in matches(ask(coffre, record)):
        headers = bearer(record.patient.token)
        address = f"/fhir/List/{found['id']}"
        assert coffre.http.get(address, headers=headers).json() == found
        xml = coffre.http.get(address, headers={**headers, "Accept": "application/fhir+xml"})
        assert xml.headers["content-type"] == "application/fhir+xml"
        assert List.model_validate_xml(xml.content).id == found["id"]


CRITERIA: list[tuple[list[tuple[str, str]], list[int]]] = [
    ([("code", "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes|submissionset")], [0, 1, 2]),
    ([("code", "folder")], []),
    ([("status", "retired")], []),
    ([("date", "ge2020-01-01")], [0, 1, 2]),
    ([("date", "lt2020-01-01")], []),
    ([("_lastUpdated", "ge2020-01-01")], [0, 1, 2]),
    ([("designationType", "11488-4")], []),
    ([("designationType:missing", "true")], [0, 1, 2]),
    ([("identifier", "urn:ietf:rfc:3986|urn:uuid:{1}")], [1]),
    ([("identifier", "{2}")], [2]),
    ([("source.family", "d'arc")], [0]),
    ([("source.given", "HELENE")], [0]),
    ([("source.given:exact", "HELENE")], []),
    ([("sourceId", "urn:oid:1.2.250.1.71.4.2.2|" + HOSPITAL)], [0]),
    ([("sourceId", LABORATORY)], [1, 2]),
    ([("sourceId", LABORATORY), ("identifier", "{0}")], []),
    ([("item", "DocumentReference/{study}")], [1, 2]),
]


@pytest.mark.parametrize(("criteria", "expected"), CRITERIA, ids=str)
def test_each_parameter_finds_what_it_names(
    coffre: Coffre, record: Record, criteria: list[tuple[str, str]], expected: list[int]
) -> None:
    study = record.patient.documents()[0]["id"]
    asked = [(name, text.format(*record.submissions, study=study)) for name, text in criteria]
    found = submissions(ask(coffre, record, *asked))
    assert sorted(found) == sorted(record.submissions[each] for each in expected)
    form = [("patient", str(record.patient.public_id)), SUBMISSION_SET, *asked]
    body = httpx.QueryParams(form)
    headers = {**bearer(record.patient.token), "Content-Type": "application/x-www-form-urlencoded"}
    posted = coffre.http.post("/fhir/List/_search", content=str(body), headers=headers)
    assert {*found} == {*submissions(posted)} - ({*record.submissions} - {*found})


def test_pages_follow_one_another_by_their_links(coffre: Coffre, record: Record) -> None:
    answer, found = ask(coffre, record, ("_count", "1")), []
    while True:
        found += submissions(answer)
        following = link(answer, "next")
        if following is None:
            break
        assert len(matches(answer)) == 1 and record.patient.ins not in following
        answer = coffre.http.get(following, headers=bearer(record.patient.token))
    assert found == record.submissions[::-1]
    assert ask(coffre, record, ("_summary", "count")).json()["total"] == 3


def test_documents_come_along_once_where_they_are_asked_for(coffre: Coffre, record: Record) -> None:
    answer = ask(coffre, record, ("_include", "List:item"))
    Bundle.model_validate(answer.json())
    included = [each for each in answer.json()["entry"] if each["search"]["mode"] == "include"]
    assert {each["resource"]["resourceType"] for each in included} == {"DocumentReference"}
    ids = [each["resource"]["id"] for each in included]
    assert sorted(ids) == sorted(each["id"] for each in record.patient.documents())
    own = link(answer, "self") or ""
    assert "_include=List%3Aitem" in own
    other = ask(coffre, record, ("_include", "List:subject"))
    assert "parameter_ignored" in issues(other)


@pytest.mark.requirement("R15")
def test_a_set_of_what_is_hidden_is_not_there(coffre: Coffre, record: Record) -> None:
    patient, doctor = record.patient, coffre.professional(DOCTOR)
    patient.authorise()
    study, report = (each["id"] for each in patient.documents())
    shown = matches(ask(coffre, record))
    ids = {each: found["id"] for each, found in zip(record.submissions[::-1], shown, strict=True)}
    labels = f"/documents/{study}/labels"
    assert patient.call("PUT", labels, json=["MASQUE_PS"]).status_code == 200
    try:
        answer = ask(coffre, record, token=doctor)
        assert submissions(answer) == [record.submissions[0]]
        assert (answer.json()["total"], study in answer.text) == (1, False)
        named = ask(coffre, record, ("identifier", record.submissions[1]), token=doctor)
        assert (submissions(named), named.json()["total"]) == ([], 0)
        absent = ids[record.submissions[1]][:32] + "01a223c4d81277ab992672bee53d51fa"
        answers = [
            coffre.http.get(f"/fhir/List/{each}", headers=bearer(doctor))
            for each in (ids[record.submissions[1]], ids[record.submissions[2]], absent)
        ]
        assert [each.status_code for each in answers] == [404, 404, 404]
        assert len({each.text for each in answers}) == 1
        read = coffre.http.get(f"/fhir/List/{ids[record.submissions[0]]}", headers=bearer(doctor))
        assert read.json()["entry"] == [{"item": {"reference": f"DocumentReference/{report}"}}]
    finally:
        assert patient.call("PUT", labels, json=[]).status_code == 200


def test_no_right_and_no_record_are_one_answer(coffre: Coffre, record: Record) -> None:
    stranger = bearer(coffre.professional("899700099990"))
    name: str = matches(ask(coffre, record))[0]["id"]
    nobody = "01a223c4d81277ab992672bee53d51fa" + name[32:]
    refused, unknown = (coffre.http.get(f"/fhir/List/{each}", headers=stranger) for each in (name, nobody))
    assert (refused.status_code, issues(refused)) == (403, ["not_authorised"])
    assert (unknown.status_code, unknown.text) == (403, refused.text)
    malformed = coffre.http.get("/fhir/List/12", headers=stranger)
    assert (malformed.status_code, issues(malformed)) == (404, ["no_such_document"])


def test_a_search_is_one_line_whatever_it_walks_past(coffre: Coffre, record: Record) -> None:
    def lines() -> list[dict[str, Any]]:
        return [each for each in record.patient.log() if each["action"] == "search"]

    before = len(lines())
    ask(coffre, record, ("code", "folder"))
    assert len(lines()) == before + 1
