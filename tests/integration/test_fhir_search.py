"""ITI-67, Find Document References: every parameter of the transaction, pages, and what it never tells."""

from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle

from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer, document_reference, new_ins

SYSTEM = f"urn:oid:{INS_NIR_TEST}"


def described(patient: Patient, number: int, **more: Any) -> dict[str, Any]:
    content = demo_data.report_pdf() + b"\n%%%d\n" % number
    return document_reference(patient.ins, content, title=f"Compte rendu {number}") | more


REPORT = {
    "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4.5"},
    "identifier": [{"system": "urn:example:local", "value": "A,7"}],
    "author": [{"display": "Dr Hélène d'Arc-Été"}],
    "date": "2026-03-01T09:30:00+01:00",
    "context": {
        "event": [{"coding": [{"system": "urn:example:events", "code": "ACT"}]}],
        "period": {"start": "2026-02-27", "end": "2026-02-28"},
        "facilityType": {"coding": [{"system": "urn:oid:1.2.250.1.71.4.2.4", "code": "SA01"}]},
        "practiceSetting": {"coding": [{"code": "ETABLISSEMENT"}]},
        "related": [{"identifier": {"system": "urn:example:orders", "value": "ORDER-1"}}],
    },
}


class Searcher:
    """Somebody who searches one record."""

    def __init__(self, coffre: Coffre, patient: Patient, token: str) -> None:
        self._coffre, self._patient, self._token = coffre, patient, token

    def ask(self, *criteria: tuple[str, str], **headers: str) -> httpx.Response:
        asked = [("patient.identifier", f"{SYSTEM}|{self._patient.ins}"), *criteria]
        return self._coffre.http.get(
            "/fhir/DocumentReference", params=asked, headers={**bearer(self._token), **headers}
        )

    def titles(self, *criteria: tuple[str, str]) -> list[str]:
        answer = self.ask(*criteria)
        assert answer.status_code == 200, answer.text
        return [each["content"][0]["attachment"]["title"] for each in matches(answer)]


def matches(answer: httpx.Response) -> list[dict[str, Any]]:
    entries = answer.json().get("entry", [])
    return [each["resource"] for each in entries if each["search"]["mode"] == "match"]


def issues(answer: httpx.Response) -> list[str]:
    body = answer.json()
    outcomes = [body] if body["resourceType"] == "OperationOutcome" else []
    outcomes += [each["resource"] for each in body.get("entry", []) if each["search"]["mode"] == "outcome"]
    return [issue["details"]["coding"][0]["code"] for each in outcomes for issue in each["issue"]]


def link(answer: httpx.Response, relation: str) -> str | None:
    links = {each["relation"]: each["url"] for each in answer.json()["link"]}
    return links.get(relation)


@pytest.fixture(scope="module")
def patient(coffre: Coffre) -> Patient:
    person, hospital = coffre.open_record(), coffre.depositor(HOSPITAL)
    report = described(person, 1, **REPORT)
    report["content"][0] |= {"format": {"system": "urn:example:formats", "code": "plain"}}
    report["content"][0]["attachment"]["creation"] = "2026-02-28T18:00:00+01:00"
    letter = described(person, 2, date="2025-12-31")
    letter["type"]["coding"] = [{"system": "http://loinc.org", "code": "11488-4"}]
    for resource in (report, letter):
        answer = coffre.http.post("/fhir/DocumentReference", json=resource, headers=bearer(hospital))
        assert answer.status_code == 201, answer.text
    assert coffre.stow(coffre.depositor(), person.ct(slices=2, size=32), person.ins).status_code == 200
    return person


@pytest.fixture(scope="module")
def holder(coffre: Coffre, patient: Patient) -> Searcher:
    return Searcher(coffre, patient, patient.token)


def test_without_criteria_it_is_the_whole_record_newest_first_with_its_total(
    coffre: Coffre, patient: Patient, holder: Searcher
) -> None:
    answer = holder.ask()
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", 3)
    found = matches(answer)
    assert [each["id"] for each in found] == [each["id"] for each in patient.documents()]
    for entry, resource in zip(bundle["entry"], found, strict=False):
        assert entry["fullUrl"] == f"{coffre.url}/fhir/DocumentReference/{resource['id']}"
        assert resource["subject"] == {"reference": f"Patient/{patient.public_id}"}
        read = coffre.http.get(entry["fullUrl"], headers=bearer(patient.token))
        assert read.json() == resource


def test_no_link_names_a_person_and_self_says_what_was_understood(patient: Patient, holder: Searcher) -> None:
    answer = holder.ask(("status", "current"), ("colour", "green"))
    own = link(answer, "self") or ""
    assert patient.ins not in answer.text
    assert f"patient=Patient%2F{patient.public_id}" in own and "status=current" in own
    assert "colour" not in own
    assert issues(answer) == ["parameter_ignored"]
    strict = holder.ask(("status", "current"), ("colour", "green"), Prefer="handling=strict")
    assert (strict.status_code, issues(strict)) == (400, ["unknown_parameter"])
    assert holder.ask(("status", "current"), Prefer="handling=strict").status_code == 200


CRITERIA: list[tuple[list[tuple[str, str]], set[str]]] = [
    ([("status", "current")], {"1", "2", "S"}),
    ([("status", "current,superseded")], {"1", "2", "S"}),
    ([("status", "superseded")], set()),
    ([("status", "http://hl7.org/fhir/document-reference-status|current")], {"1", "2", "S"}),
    ([("status:not", "current")], set()),
    ([("type", "http://loinc.org|18748-4")], {"1"}),
    ([("type", "urn:oid:2.16.840.1.113883.6.1|18748-4,11488-4")], {"1", "2"}),
    ([("type", "11488-4")], {"2"}),
    ([("type", "urn:example:other|11488-4")], set()),
    ([("category", "31")], {"1", "S"}),
    ([("category", "urn:oid:1.2.250.1.213.1.1.4.1|10")], {"2"}),
    ([("date", "2026-03-01")], {"1"}),
    ([("date", "eq2025-12-31")], {"2"}),
    ([("date", "ge2026-01-01"), ("date", "lt2026-03-02")], {"1"}),
    ([("date", "le2026-03-01T08:30:00Z")], {"1", "2"}),
    ([("date", "gt2026-03-01T08:30:00Z")], {"S"}),
    ([("creation", "2026-02-28")], {"1"}),
    ([("period", "2026-02-27")], set()),
    ([("period", "ge2026-02-28")], {"1"}),
    ([("period", "lt2026-02-28")], {"1", "S"}),
    ([("period", "2026-01")], {"S"}),
    ([("facility", "urn:oid:1.2.250.1.71.4.2.4|SA01")], {"1"}),
    ([("setting", "ETABLISSEMENT")], {"1"}),
    ([("setting", "|ETABLISSEMENT")], {"1"}),
    ([("event", "urn:example:events|")], {"1"}),
    ([("event", "http://dicom.nema.org/resources/ontology/DCM|CT")], {"S"}),
    ([("security-label", "N")], {"1", "2", "S"}),
    ([("security-label", "MASQUE_PS")], set()),
    ([("format", "urn:example:formats|plain")], {"1"}),
    ([("format", "urn:ihe:iti:xds:2017:mimeTypeSufficient")], {"2"}),
    ([("contenttype", "application/dicom")], {"S"}),
    ([("contenttype", "application/pdf")], {"1", "2"}),
    ([("author.family", "ete")], set()),
    ([("author.family", "d'arc")], {"1"}),
    ([("author.given", "HELENE")], {"1"}),
    ([("author.given:exact", "HELENE")], set()),
    ([("author.family:contains", "arc-ete")], {"1"}),
    ([("identifier", "urn:ietf:rfc:3986|urn:oid:1.2.3.4.5")], {"1"}),
    ([("identifier", "1.2.3.4.5")], {"1"}),
    ([("identifier", r"urn:example:local|A\,7")], {"1"}),
    ([("related:identifier", "urn:example:orders|ORDER-1")], {"1"}),
    ([("related:missing", "true")], {"2"}),
    ([("type", "18748-4"), ("contenttype", "application/pdf")], {"1"}),
    ([("_lastUpdated", "ge2020")], {"1", "2", "S"}),
    ([("_lastUpdated", "eb2020-01-01")], set()),
]


def _name(value: object) -> str:
    """The same in each process that collects: a set has no order."""
    return str(sorted(value) if isinstance(value, set) else value)


@pytest.mark.parametrize(("criteria", "expected"), CRITERIA, ids=_name)
def test_each_parameter_finds_what_it_names(
    holder: Searcher, criteria: list[tuple[str, str]], expected: set[str]
) -> None:
    found = {title[-1] if title.startswith("Compte") else "S" for title in holder.titles(*criteria)}
    assert found == expected


def test_pages_follow_one_another_by_their_links(coffre: Coffre, patient: Patient, holder: Searcher) -> None:
    answer, found, pages = holder.ask(("_count", "1"), ("contenttype", "application/pdf")), [], 0
    while True:
        pages += 1
        found += [each["id"] for each in matches(answer)]
        assert len(matches(answer)) == 1 and "total" not in answer.json()
        following = link(answer, "next")
        if following is None:
            break
        assert urlsplit(following).netloc == urlsplit(coffre.url).netloc
        answer = coffre.http.get(following, headers=bearer(patient.token))
    assert (pages, len(set(found))) == (2, 2)


def test_a_count_alone_shows_nothing(holder: Searcher) -> None:
    for asked in (("_summary", "count"), ("_count", "0")):
        answer = holder.ask(asked, ("contenttype", "application/pdf"))
        assert (answer.json()["total"], matches(answer)) == (2, [])
    assert holder.ask(("_count", "1"), ("_total", "accurate")).json()["total"] == 3
    assert "total" not in holder.ask(("_total", "none")).json()


def test_the_answer_is_a_bundle_of_r4(holder: Searcher) -> None:
    answer = holder.ask(("colour", "green"))
    bundle = Bundle.model_validate(answer.json())
    kinds = {type(each.resource).__name__ for each in bundle.entry}
    assert kinds == {"DocumentReference", "OperationOutcome"}


def test_criteria_in_a_body_find_the_same(coffre: Coffre, patient: Patient, holder: Searcher) -> None:
    form = {"patient.identifier": f"{SYSTEM}|{patient.ins}", "contenttype": "application/pdf"}
    answer = coffre.http.post("/fhir/DocumentReference/_search", data=form, headers=bearer(patient.token))
    assert answer.status_code == 200, answer.text
    assert matches(answer) == matches(holder.ask(("contenttype", "application/pdf")))


def test_a_patient_is_named_by_id_or_ins(coffre: Coffre, patient: Patient) -> None:
    for name, text in (
        ("patient", f"Patient/{patient.public_id}"),
        ("patient", str(patient.public_id)),
        ("patient", f"{coffre.url}/fhir/Patient/{patient.public_id}"),
        ("patient.identifier", patient.ins),
        ("patient.identifier", f"{SYSTEM}|{patient.ins}"),
        ("patient:identifier", f"{SYSTEM}|{patient.ins}"),
    ):
        query = f"{name}={quote(text, safe='')}"
        answer = coffre.http.get(f"/fhir/DocumentReference?{query}", headers=bearer(patient.token))
        assert (answer.status_code, len(matches(answer))) == (200, 3), (name, text)


BAD = [
    ("", "patient_missing"),
    ("patient=1", "bad_query"),
    ("patient=Patient/01a223c4-d812-77ab-9926-72bee53d51fa&patient.identifier=269052A58815717", "bad_query"),
    ("patient.identifier=urn:oid:1.2.3|269052A58815717", "bad_oid"),
    ("patient.identifier=|x", "bad_query"),
    ("patient.identifier=12", "bad_ins"),
    ("{patient}&date=yesterday", "bad_query"),
    ("{patient}&date=2026-02-30", "bad_query"),
    ("{patient}&date=", "bad_query"),
    ("{patient}&type=a|b|c", "bad_query"),
    ("{patient}&type=|", "bad_query"),
    ("{patient}&type:above=1", "bad_query"),
    ("{patient}&date:missing=perhaps", "bad_query"),
    ("{patient}&_count=many", "bad_query"),
    ("{patient}&_count=1&_count=2", "bad_query"),
    ("{patient}&_after=x", "bad_cursor"),
    ("{patient}&identifier=" + ",".join("1" * 201), "bad_query"),
]


@pytest.mark.parametrize(("query", "code"), BAD)
def test_a_search_that_cannot_be_read_is_refused_without_a_value(
    coffre: Coffre, patient: Patient, query: str, code: str
) -> None:
    asked = query.format(patient=f"patient={patient.public_id}")
    answer = coffre.http.get(f"/fhir/DocumentReference?{asked}", headers=bearer(patient.token))
    assert (answer.status_code, issues(answer)) == (400, [code])
    assert "yesterday" not in answer.text and "26905" not in answer.text


def test_bodies_are_forms_and_bounded(coffre: Coffre, patient: Patient) -> None:
    def post(content: bytes, kind: str) -> tuple[int, list[str]]:
        headers = {**bearer(patient.token), "Content-Type": kind}
        answer = coffre.http.post("/fhir/DocumentReference/_search", content=content, headers=headers)
        return answer.status_code, issues(answer)

    form = "application/x-www-form-urlencoded"
    assert post(b'{"patient": 1}', "application/json") == (415, ["bad_content_type"])
    assert post(b"patient=%ff", form) == (400, ["bad_query"])
    assert post(b"identifier=" + b"1" * 70_000, form) == (413, ["too_large"])


@pytest.mark.requirement("R15")
def test_what_is_masked_is_in_no_page_count_or_total(coffre: Coffre, patient: Patient) -> None:
    person, hospital, doctor = coffre.open_record(), coffre.depositor(HOSPITAL), coffre.professional()
    ids = [
        coffre.http.post(
            "/fhir/DocumentReference", json=described(person, number), headers=bearer(hospital)
        ).json()["id"]
        for number in range(10, 14)
    ]
    person.authorise()
    assert person.call("PUT", f"/documents/{ids[2]}/labels", json=["MASQUE_PS"]).status_code == 200
    seen, all_of_it = Searcher(coffre, person, doctor), Searcher(coffre, person, person.token)
    assert {each["id"] for each in matches(seen.ask())} == {*ids} - {ids[2]}
    assert (seen.ask().json()["total"], all_of_it.ask().json()["total"]) == (3, 4)
    assert seen.ask(("_id", ids[2])).json()["total"] == 0
    (masked,) = matches(all_of_it.ask(("security-label", "MASQUE_PS")))
    assert masked["id"] == ids[2]


def test_no_right_and_no_record_are_one_403(coffre: Coffre, patient: Patient) -> None:
    stranger = coffre.professional("899700099990")
    refused = Searcher(coffre, patient, stranger).ask()
    nobody = Searcher(coffre, Patient(coffre, new_ins(), patient.public_id, ""), stranger).ask()
    assert (refused.status_code, issues(refused)) == (403, ["not_authorised"])
    assert (nobody.status_code, nobody.text) == (403, refused.text)
