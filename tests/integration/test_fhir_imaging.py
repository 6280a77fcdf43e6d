"""ImagingStudy and Patient: studies by UID, accession and modality; the way to images and to reports."""

import io
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from fhir.resources.R4B.bundle import Bundle

from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import (
    DOCTOR,
    HOSPITAL,
    LABORATORY,
    TRAITS,
    Coffre,
    Patient,
    bearer,
    document_reference,
    new_ins,
)
from tests.integration.test_fhir_search import issues, link, matches
from tests.integration.test_possession import issue

ACCESSION = "ACC-2026-7"


def numbered(slices: list[bytes]) -> list[bytes]:
    """The same images under an accession number."""
    found = []
    for content in slices:
        dataset, written = pydicom.dcmread(io.BytesIO(content)), io.BytesIO()
        dataset.AccessionNumber = ACCESSION
        dataset.save_as(written)
        found.append(written.getvalue())
    return found


@pytest.fixture(scope="module")
def patient(coffre: Coffre) -> Patient:
    person, hospital = coffre.open_record(), coffre.depositor(HOSPITAL)
    report = document_reference(person.ins, demo_data.report_pdf())
    number = {"type": {"coding": [{"code": "ACSN"}]}, "value": ACCESSION}
    report["context"] = {"related": [{"identifier": number}]}
    sent = coffre.http.post("/fhir/DocumentReference", json=report, headers=bearer(hospital))
    assert sent.status_code == 201, sent.text
    answer = coffre.stow(hospital, numbered(person.ct(slices=3, size=16)), person.ins)
    assert answer.status_code == 200, answer.text
    return person


def ask(coffre: Coffre, patient: Patient, address: str, **parameters: str) -> httpx.Response:
    asked = {"patient": str(patient.public_id), **parameters}
    return coffre.http.get(address, params=asked, headers=bearer(patient.token))


@pytest.fixture(scope="module")
def study(coffre: Coffre, patient: Patient) -> dict[str, Any]:
    answer = ask(coffre, patient, "/fhir/ImagingStudy")
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(answer.json())
    (found,) = matches(answer)
    return found


def test_a_study_says_what_it_holds_and_where_its_images_are(
    coffre: Coffre, patient: Patient, study: dict[str, Any]
) -> None:
    listed = next(each for each in patient.documents() if each["kind"] == "study")
    assert study["id"] == listed["id"]
    assert study["identifier"][0] == {"system": "urn:dicom:uid", "value": f"urn:oid:{listed['study_uid']}"}
    assert (study["numberOfSeries"], study["numberOfInstances"]) == (1, 3)
    assert [each["code"] for each in study["modality"]] == ["CT"]
    (endpoint,) = study["contained"]
    metadata = f"{endpoint['address']}/studies/{listed['study_uid']}/metadata"
    images = coffre.http.get(metadata, headers=bearer(patient.token))
    assert (images.status_code, len(images.json())) == (200, 3)
    read = ask(coffre, patient, f"/fhir/ImagingStudy/{study['id']}")
    assert read.json() == study


CRITERIA = [
    ("identifier", "{uid}", 1),
    ("identifier", "urn:dicom:uid|urn:oid:{uid}", 1),
    ("identifier", ACCESSION, 1),
    ("identifier", "urn:dicom:uid|urn:oid:1.2.3", 0),
    ("basedon:identifier", ACCESSION, 1),
    ("modality", "CT", 1),
    ("modality", "http://dicom.nema.org/resources/ontology/DCM|MR", 0),
    ("started", "2026-01-05", 1),
    ("started", "gt2026-01-05", 0),
    ("series", "1.2.3", 0),
    ("status", "available", 1),
]


@pytest.mark.parametrize(("name", "text", "count"), CRITERIA)
def test_each_parameter_finds_what_it_names(
    coffre: Coffre, patient: Patient, study: dict[str, Any], name: str, text: str, count: int
) -> None:
    uid = study["identifier"][0]["value"].removeprefix("urn:oid:")
    answer = ask(coffre, patient, "/fhir/ImagingStudy", **{name: text.format(uid=uid)})
    assert (answer.status_code, len(matches(answer))) == (200, count)


def test_report_and_images_find_one_another_by_the_accession_number(
    coffre: Coffre, patient: Patient, study: dict[str, Any]
) -> None:
    answer = ask(coffre, patient, "/fhir/DocumentReference", **{"related:identifier": ACCESSION})
    assert {each["content"][0]["attachment"]["contentType"] for each in matches(answer)} == {
        "application/pdf",
        "application/dicom",
    }
    for asked in (f"ImagingStudy/{study['id']}", f"{coffre.url}/fhir/ImagingStudy/{study['id']}"):
        found = ask(coffre, patient, "/fhir/DocumentReference", related=asked)
        Bundle.model_validate(found.json())
        assert {each["id"] for each in matches(found)} == {each["id"] for each in matches(answer)}
        for each in matches(found):
            related = {one.get("reference") for one in each["context"]["related"]}
            assert f"ImagingStudy/{study['id']}" in related


def included(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(answer.json())
    entries = answer.json().get("entry", [])
    return [each["resource"] for each in entries if each["search"]["mode"] == "include"]


def test_reports_come_with_their_study_and_studies_with_their_report(
    coffre: Coffre, patient: Patient, study: dict[str, Any]
) -> None:
    """R4 section 3.1.1.5.1; each is one search, and one line in the log."""
    before = len(patient.log())
    about = ask(coffre, patient, "/fhir/ImagingStudy", _revinclude="DocumentReference:related")
    assert len(patient.log()) == before + 2  # the log's own reading is one
    assert matches(about) == [study]
    kinds = {each["content"][0]["attachment"]["contentType"] for each in included(about)}
    assert kinds == {"application/pdf", "application/dicom"}
    report = next(
        each
        for each in included(about)
        if each["content"][0]["attachment"]["contentType"] == "application/pdf"
    )
    assert {"reference": f"ImagingStudy/{study['id']}", "type": "ImagingStudy"} in report["context"][
        "related"
    ]
    asked = {"contenttype": "application/pdf", "_include": "DocumentReference:related"}
    found = ask(coffre, patient, "/fhir/DocumentReference", **asked)
    assert (matches(found), included(found)) == ([report], [study])
    nothing = ask(coffre, patient, "/fhir/DocumentReference", **{**asked, "contenttype": "text/plain"})
    assert (matches(nothing), included(nothing)) == ([], [])
    xml = ask(coffre, patient, "/fhir/DocumentReference", **asked, _format="xml")
    assert len(Bundle.model_validate_xml(xml.content).entry) == 2


def test_a_report_that_names_the_order_of_its_placer_finds_the_study(coffre: Coffre) -> None:
    """Placer Order Number (0040,2016), at the top of the images or in Referenced Request Sequence."""
    person, hospital = coffre.open_record(), coffre.depositor(HOSPITAL)
    dataset, written = pydicom.dcmread(io.BytesIO(person.ct(slices=1, size=16)[0])), io.BytesIO()
    dataset.PlacerOrderNumberImagingServiceRequest = "PLACER-9"
    request = pydicom.Dataset()
    request.FillerOrderNumberImagingServiceRequest = "FILLER-9"
    dataset.ReferencedRequestSequence = [request]
    dataset.save_as(written)
    assert coffre.stow(hospital, [written.getvalue()], person.ins).status_code == 200
    ids = []
    for number, order in enumerate(("PLACER-9", "FILLER-9", "PLACER-8")):
        report = document_reference(person.ins, demo_data.report_pdf() + b"\n%%%d\n" % number)
        report["context"] = {"related": [{"identifier": {"value": order}}]}
        sent = coffre.http.post("/fhir/DocumentReference", json=report, headers=bearer(hospital))
        ids.append(sent.json()["id"])
    answer = ask(coffre, person, "/fhir/ImagingStudy", _revinclude="DocumentReference:related")
    (study,) = matches(answer)
    assert {each["id"] for each in included(answer)} == {study["id"], *ids[:2]}
    for order in ("PLACER-9", "FILLER-9"):
        assert matches(ask(coffre, person, "/fhir/ImagingStudy", **{"basedon:identifier": order})) == [study]


def test_under_a_key_a_search_by_study_proves_itself_once(coffre: Coffre, tmp_path: Path) -> None:
    """Two structures used one Study Instance UID, so that the answer carries a caution of opened details."""
    person = coffre.open_record()
    holder = issue(coffre, tmp_path / "holder", "patient", "--ins", person.ins)
    for structure, size in ((LABORATORY, 16), (HOSPITAL, 32)):
        sent = coffre.stow(coffre.depositor(structure), person.ct(slices=1, size=size), person.ins)
        assert sent.status_code in (200, 202), sent.text  # the second one is warned of
    named = person.documents()[0]["id"]
    form = {"patient": str(person.public_id), "related": f"ImagingStudy/{named}"}
    body = str(httpx.QueryParams(form)).encode()
    address = "/fhir/DocumentReference/_search"
    proved = holder.headers(coffre, "POST", address, body=body)
    headers = {**proved, "Content-Type": "application/x-www-form-urlencoded"}
    answer = coffre.http.post(address, content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert len(matches(answer)) == 2 and "study_uid_shared" in issues(answer)
    again = coffre.http.post(address, content=body, headers=headers)
    assert (again.status_code, issues(again)) == (401, ["proof_replayed"])


@pytest.mark.requirement("R15")
def test_a_study_that_is_hidden_leads_to_no_report(
    coffre: Coffre, patient: Patient, study: dict[str, Any]
) -> None:
    patient.authorise(DOCTOR)
    doctor = bearer(coffre.professional(DOCTOR))
    labels = f"/documents/{study['id']}/labels"
    assert patient.call("PUT", labels, json=["MASQUE_PS"]).status_code == 200
    try:
        absent = "01a223c4-d812-77ab-9926-72bee53d51fa"
        asked = {"patient": str(patient.public_id), "_include": "DocumentReference:related"}
        seen = coffre.http.get("/fhir/DocumentReference", params=asked, headers=doctor)
        assert (len(matches(seen)), included(seen), study["id"] in seen.text) == (1, [], False)
        for named in (study["id"], absent):
            asked = {"patient": str(patient.public_id), "related": f"ImagingStudy/{named}"}
            answer = coffre.http.get("/fhir/DocumentReference", params=asked, headers=doctor)
            assert (answer.status_code, matches(answer)) == (200, [])
    finally:
        assert patient.call("PUT", labels, json=[]).status_code == 200


def test_a_patient_is_whose_record_it_is(coffre: Coffre, patient: Patient) -> None:
    headers = bearer(patient.token)
    answer = coffre.http.get(f"/fhir/Patient/{patient.public_id}", headers=headers)
    found = answer.json()
    assert found["identifier"][0]["value"] == patient.ins
    assert (found["name"][0]["family"], found["birthDate"]) == (TRAITS.family_name, TRAITS.birth_date)
    system = f"urn:oid:{INS_NIR_TEST}"
    searched = coffre.http.get(
        "/fhir/Patient", params={"identifier": f"{system}|{patient.ins}"}, headers=headers
    )
    Bundle.model_validate(searched.json())
    assert (matches(searched), searched.json()["total"]) == ([found], 1)
    assert patient.ins not in (link(searched, "self") or "")


@pytest.mark.requirement("R15")
def test_no_right_and_no_record_are_one_answer(coffre: Coffre, patient: Patient) -> None:
    stranger = bearer(coffre.professional("899700099990"))
    for address, nobody in (
        (f"/fhir/Patient/{patient.public_id}", "/fhir/Patient/01a223c4-d812-77ab-9926-72bee53d51fa"),
        (f"/fhir/Patient?identifier={patient.ins}", f"/fhir/Patient?identifier={new_ins()}"),
        (
            f"/fhir/ImagingStudy?patient={patient.public_id}",
            f"/fhir/ImagingStudy?patient.identifier={new_ins()}",
        ),
    ):
        refused = coffre.http.get(address, headers=stranger)
        assert (refused.status_code, issues(refused)) == (403, ["not_authorised"])

        absent = coffre.http.get(nobody, headers=stranger)
        assert (absent.status_code, absent.text) == (403, refused.text)
