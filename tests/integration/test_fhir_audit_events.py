"""AuditEvent (IHE ITI-81): the access log of a record, and what a professional did."""

from itertools import count
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from fhir.resources.R4B.bundle import Bundle

from coffre.demonstration.files import data as demo_data
from tests.integration.support import COLLEAGUE, DOCTOR, PRACTICE, Coffre, Patient, bearer, new_ins
from tests.integration.test_fhir_search import issues, matches

RPPS = "urn:oid:1.2.250.1.71.4.2.1"
EMERGENCY = {"Coffre-Purpose": "bris_de_glace", "Coffre-Reason": "Patient%20inconscient"}
NUMBERS = count(899730000001)


@pytest.fixture(scope="module")
def patient(coffre: Coffre) -> Patient:
    """Somebody whose documents two doctors looked for, one of them in an emergency."""
    person = coffre.open_record()
    person.authorise(DOCTOR)
    doctor = bearer(coffre.professional(DOCTOR))
    assert coffre.http.get(f"/records/{person.ins}/documents", headers=doctor).status_code == 200
    colleague = {**bearer(coffre.professional(COLLEAGUE)), **EMERGENCY}
    assert coffre.http.get(f"/records/{person.ins}/documents", headers=colleague).status_code == 200
    return person


@pytest.fixture
def rpps() -> str:
    """Somebody who did nothing yet."""
    return str(next(NUMBERS))


def ask(coffre: Coffre, token: str, **criteria: str) -> httpx.Response:
    answer = coffre.http.get("/fhir/AuditEvent", params=criteria, headers=bearer(token))
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(answer.json())
    return answer


def of(coffre: Coffre, patient: Patient, **criteria: str) -> list[dict[str, Any]]:
    """The lines of her record, as she finds them."""
    return matches(ask(coffre, patient.token, patient=str(patient.public_id), **criteria))


def did(event: dict[str, Any]) -> str:
    return str(event["subtype"][0]["code"])


@pytest.mark.requirement("R54", "R56")
def test_the_holder_reads_the_lines_of_the_access_log_as_audit_events(
    coffre: Coffre, patient: Patient
) -> None:
    found, lines = of(coffre, patient), patient.log()
    asking, *earlier = lines
    assert asking["action"] == "read_log"
    assert [each["id"] for each in found] == [line["leaf"] for line in earlier]
    assert [did(each) for each in found] == [line["action"] for line in earlier]
    searched = found[[did(each) for each in found].index("search")]
    (agent,) = searched["agent"]
    assert agent["who"]["identifier"] == {"system": RPPS, "value": COLLEAGUE}
    assert [role["coding"][0]["display"] for role in agent["role"]] == ["Médecin", "Cabinet individuel"]
    assert agent["location"]["identifier"]["value"] == PRACTICE
    assert searched["entity"][0]["what"]["reference"] == f"Patient/{patient.public_id}"
    assert searched["purposeOfEvent"][0]["coding"][0]["code"] == "bris_de_glace"
    for each in found:
        AuditEvent.model_validate(each)


def test_it_is_found_by_date_agent_entity_and_outcome(coffre: Coffre, patient: Patient) -> None:
    everything = of(coffre, patient)
    newest = everything[0]["recorded"]
    by_agent = of(coffre, patient, **{"agent:identifier": f"{RPPS}|{COLLEAGUE}"})
    assert {did(each) for each in by_agent} == {"identify", "search"}
    own = of(coffre, patient, agent=f"Patient/{patient.public_id}", subtype="authorise")
    assert [did(each) for each in own] == ["authorise"]
    assert {*map(did, of(coffre, patient, date=f"lt{newest}"))} == {*map(did, everything[1:])}
    assert not of(coffre, patient, date="lt2020")
    assert [each["id"] for each in of(coffre, patient, date=newest)] == [everything[0]["id"]]
    assert len(of(coffre, patient, date="ge2020", entity=f"Patient/{patient.public_id}")) > len(everything)
    assert not of(coffre, patient, entity="DocumentReference/01a223c4-d602-7248-8ea6-973c2c352562")
    stranger = bearer(coffre.professional(str(next(NUMBERS))))
    assert coffre.http.get(f"/records/{patient.ins}/documents", headers=stranger).status_code == 403
    refused = of(coffre, patient, outcome="4")
    assert [did(each) for each in refused] == ["search"] and refused[0]["outcomeDesc"] == "not_authorised"


def test_a_document_s_lines_are_found_by_the_document(coffre: Coffre) -> None:
    person = coffre.open_record()
    document = coffre.publish_pdf(coffre.depositor(), person.ins, demo_data.report_pdf()).json()["id"]
    label = person.call("PUT", f"/documents/{document}/labels", json=["MASQUE_PS"])
    assert label.status_code == 200
    found = of(coffre, person, entity=f"DocumentReference/{document}")
    assert "label" in {did(each) for each in found}
    assert [each["id"] for each in found] == [each["id"] for each in of(coffre, person, entity=document)]


def test_pages_follow_each_other_and_no_link_names_the_ins(coffre: Coffre, patient: Patient) -> None:
    asked: dict[str, str] = {"patient.identifier": patient.ins, "_count": "2"}
    wanted = [line["leaf"] for line in patient.log()]
    answer = ask(coffre, patient.token, **asked)
    seen = [each["id"] for each in matches(answer)]
    while following := [e["url"] for e in answer.json()["link"] if e["relation"] == "next"]:
        assert patient.ins not in following[0]
        answer = coffre.http.get(following[0], headers=bearer(patient.token))
        assert len(matches(answer)) <= 2
        seen += [each["id"] for each in matches(answer)]
    asking, *earlier = seen
    assert earlier == wanted and asking not in wanted


def test_a_search_that_passes_lines_over_goes_on_behind_the_last_one_shown(
    coffre: Coffre, patient: Patient
) -> None:
    first = ask(coffre, patient.token, patient=str(patient.public_id), subtype="search", _count="1")
    (following,) = (each["url"] for each in first.json()["link"] if each["relation"] == "next")
    second = coffre.http.get(following, headers=bearer(patient.token))
    everything = of(coffre, patient, subtype="search")
    assert [each["id"] for each in [*matches(first), *matches(second)]] == [
        each["id"] for each in everything[:2]
    ]


@pytest.mark.requirement("R56")
def test_an_attending_doctor_reads_it_and_no_other_professional(coffre: Coffre, patient: Patient) -> None:
    token = coffre.professional(DOCTOR)
    refused = coffre.http.get(
        "/fhir/AuditEvent", params={"patient": str(patient.public_id)}, headers=bearer(token)
    )
    nobody = coffre.http.get(
        "/fhir/AuditEvent", params={"patient.identifier": new_ins()}, headers=bearer(token)
    )
    assert (refused.status_code, refused.json()) == (403, nobody.json())
    patient.call("POST", "/attending-doctors", json={"professional": DOCTOR})
    assert matches(ask(coffre, token, patient=str(patient.public_id)))


@pytest.mark.requirement("R56")
def test_without_a_patient_it_is_what_the_professional_did(
    coffre: Coffre, patient: Patient, rpps: str
) -> None:
    patient.authorise(rpps)
    token = coffre.professional(rpps)
    for ins in (patient.ins, new_ins()):
        coffre.http.get(f"/records/{ins}/documents", headers=bearer(token))
    asked, refused, searched = matches(ask(coffre, token))
    assert [did(each) for each in (asked, refused, searched)] == ["read_own_log", "search", "search"]
    assert searched["entity"][0]["what"]["reference"] == f"Patient/{patient.public_id}"
    assert searched["id"] in {line["leaf"] for line in patient.log()}
    assert refused["outcome"] == "4" and not {"entity", "outcomeDesc"} & refused.keys()
    assert asked["agent"][0]["who"]["identifier"]["value"] == rpps
    for each in (asked, refused, searched):
        AuditEvent.model_validate(each)
    page = ask(coffre, token, subtype="search", _count="1")
    assert [each["id"] for each in matches(page)] == [refused["id"]]
    (following,) = (each["url"] for each in page.json()["link"] if each["relation"] == "next")
    after = coffre.http.get(following, headers=bearer(token))
    assert [each["id"] for each in matches(after)] == [searched["id"]]


def test_nobody_else_has_own_actions(coffre: Coffre, patient: Patient) -> None:
    for token in (patient.token, coffre.depositor()):
        assert coffre.http.get("/fhir/AuditEvent", headers=bearer(token)).status_code == 403


def test_it_is_written_in_xml_and_asked_by_post_too(coffre: Coffre, patient: Patient) -> None:
    asked = {"patient": str(patient.public_id), "_format": "xml"}
    written = coffre.http.get("/fhir/AuditEvent", params=asked, headers=bearer(patient.token))
    found = Bundle.model_validate_xml(written.content)
    assert {each.resource.get_resource_type() for each in found.entry} == {"AuditEvent"}
    form = {"patient": str(patient.public_id), "subtype": "authorise"}
    posted = coffre.http.post("/fhir/AuditEvent/_search", data=form, headers=bearer(patient.token))
    assert {did(each) for each in matches(posted)} == {"authorise"}


@pytest.mark.parametrize("after", ["x", "0", "-1", "9" * 17, "AAAA"])
def test_a_place_that_is_none_is_refused(coffre: Coffre, patient: Patient, after: str) -> None:
    for token, named in ((patient.token, {"patient": str(patient.public_id)}), (coffre.professional(), {})):
        answer = coffre.http.get("/fhir/AuditEvent", params={**named, "_after": after}, headers=bearer(token))
        assert answer.status_code == 400
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "bad_cursor"


def test_a_log_is_not_counted_and_says_so(coffre: Coffre, patient: Patient) -> None:
    answer = ask(coffre, patient.token, patient=str(patient.public_id), _summary="count", _total="accurate")
    assert matches(answer) and "total" not in answer.json()
    assert issues(answer) == ["parameter_ignored"]
    assert all(name in answer.text for name in ("_summary", "_total"))
