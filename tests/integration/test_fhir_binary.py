"""ITI-68, Retrieve Document: the bytes that were deposited, where the DocumentReference says they are."""

import base64
from uuid import uuid4

import pytest
from fhir.resources.R4B.binary import Binary

from coffre.demonstration.files import data as demo_data
from tests.integration.heads import damaged_objects, same_headers
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer
from tests.integration.test_fhir_search import Searcher, issues, matches

PDF = demo_data.report_pdf()


@pytest.fixture(scope="module")
def patient(coffre: Coffre) -> Patient:
    person = coffre.open_record()
    assert coffre.publish_pdf(coffre.depositor(HOSPITAL), person.ins, PDF).status_code == 201
    assert coffre.stow(coffre.depositor(), person.ct(slices=2, size=16), person.ins).status_code == 200
    return person


@pytest.fixture(scope="module")
def address(coffre: Coffre, patient: Patient) -> str:
    (report,) = matches(Searcher(coffre, patient, patient.token).ask(("contenttype", "application/pdf")))
    url: str = report["content"][0]["attachment"]["url"]
    assert url == f"{coffre.url}/fhir/Binary/{report['id']}"
    return url


def test_a_document_comes_as_it_was_deposited(coffre: Coffre, patient: Patient, address: str) -> None:
    for accept in (
        "*/*",
        "application/pdf",
        "application/*;q=0.5, text/html",
        "application/fhir+json;q=0.1, */*",
    ):
        answer = coffre.http.get(address, headers={**bearer(patient.token), "Accept": accept})
        assert (answer.status_code, answer.content) == (200, PDF), accept
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-security-policy"].startswith("sandbox")
    head = coffre.http.head(address, headers=bearer(patient.token))
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(PDF)), b"")


def test_as_a_resource_where_fhir_is_asked_for(coffre: Coffre, patient: Patient, address: str) -> None:
    answer = coffre.http.get(address, headers={**bearer(patient.token), "Accept": "application/fhir+json"})
    assert answer.headers["content-type"] == "application/fhir+json"
    assert base64.b64decode(answer.json()["data"]) == PDF
    assert Binary.model_validate(answer.json()).contentType == "application/pdf"
    xml = coffre.http.get(f"{address}?_format=xml", headers=bearer(patient.token))
    assert xml.headers["content-type"] == "application/fhir+xml"
    assert b"<contentType" in xml.content
    other = coffre.http.get(address, headers={**bearer(patient.token), "Accept": "image/png"})
    assert (other.status_code, issues(other)) == (406, ["not_acceptable"])


@pytest.mark.parametrize("accept", ["application/pdf", "application/fhir+json", "application/fhir+xml"])
def test_head_says_what_get_would_and_opens_nothing(
    coffre: Coffre, patient: Patient, address: str, accept: str
) -> None:
    headers = {**bearer(patient.token), "Accept": accept}
    whole = coffre.http.get(address, headers=headers)
    with damaged_objects(coffre):
        assert coffre.http.get(address, headers=headers).status_code == 500
        head = coffre.http.head(address, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert same_headers(head) == same_headers(whole)


@pytest.mark.requirement("R15", "R54")
def test_hidden_absent_refused_and_a_study_read_alike(coffre: Coffre, patient: Patient, address: str) -> None:
    doctor, stranger = coffre.professional(), coffre.professional("899700099990")
    patient.authorise()
    assert coffre.http.get(address, headers=bearer(doctor)).content == PDF
    (images,) = (each["id"] for each in patient.documents() if each["kind"] == "study")
    document = address.rpartition("/")[2]
    assert patient.call("PUT", f"/documents/{document}/labels", json=["MASQUE_PS"]).status_code == 200
    try:
        answers = [
            coffre.http.get(url, headers=bearer(token))
            for url, token in (
                (address, doctor),
                (f"/fhir/Binary/{uuid4()}", doctor),
                ("/fhir/Binary/7", doctor),
                (f"/fhir/Binary/{images}", doctor),
                (address, stranger),
            )
        ]
    finally:
        patient.call("PUT", f"/documents/{document}/labels", json=[])
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}
    assert issues(answers[0]) == ["no_such_document"]


def test_each_new_grant_has_its_line(coffre: Coffre, patient: Patient, address: str) -> None:
    assert coffre.http.get(address, headers=bearer(patient.token)).status_code == 200
    actions = {(event["action"], event["outcome"]) for event in patient.log()}
    assert ("retrieve", "permit") in actions


def test_the_images_of_a_study_are_at_their_dicomweb_address(coffre: Coffre, patient: Patient) -> None:
    (study,) = matches(Searcher(coffre, patient, patient.token).ask(("contenttype", "application/dicom")))
    url = study["content"][0]["attachment"]["url"]
    assert url.startswith(f"{coffre.url}/records/{patient.public_id}/dicomweb/studies/")
    assert coffre.http.get(f"{url}/metadata", headers=bearer(patient.token)).status_code == 200
