"""The main job over HTTP: deposit, decide, grant, open, mask, break the glass, read the log."""

import hashlib

import pytest

from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import DOCTOR, HOSPITAL, LABORATORY, Coffre, Patient, bearer, problem

REASON = "Patient inconscient, antécédents inconnus"


@pytest.fixture
def study(coffre: Coffre, patient: Patient) -> list[bytes]:
    files = patient.ct()
    answer = coffre.stow(coffre.depositor(), files, patient.ins)
    assert answer.status_code == 200, answer.text
    return files


def test_a_deposit_is_published_and_found_by_its_patient(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    (document,) = patient.documents()
    assert document["kind"] == "study"
    assert document["instances"] == len(study)
    assert document["labels"] == []
    assert document["state"] == "approved"


@pytest.mark.requirement("R38")
def test_the_store_answer_names_every_instance(coffre: Coffre, patient: Patient) -> None:
    answer = coffre.stow(coffre.depositor(), patient.ct(slices=2, seed=9), patient.ins)
    assert answer.headers["content-type"] == "application/dicom+json"
    stored = answer.json()["00081199"]["Value"]
    assert len(stored) == 2
    assert {item["00081150"]["Value"][0] for item in stored} == {"1.2.840.10008.5.1.4.1.1.2"}


@pytest.mark.requirement("R15", "R58")
def test_a_doctor_is_refused_until_the_patient_authorises(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    doctor = coffre.professional()
    refused = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
    assert (refused.status_code, problem(refused)) == (403, "not_authorised")
    patient.authorise()
    found = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
    assert len(found.json()["documents"]) == 1
    revoked = patient.call("DELETE", f"/authorisations/{DOCTOR}")
    assert revoked.status_code == 204
    again = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
    assert again.status_code == 403


@pytest.mark.requirement("R15")
def test_no_right_and_no_record_look_alike(coffre: Coffre, patient: Patient, study: list[bytes]) -> None:
    doctor = coffre.professional()
    absent = coffre.http.get("/records/154039999900215/documents", headers=bearer(doctor))
    forbidden = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
    assert absent.status_code == forbidden.status_code == 403
    assert absent.text == forbidden.text


def test_what_a_doctor_opens_is_what_was_deposited(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    patient.authorise()
    uid = patient.documents()[0]["study_uid"]
    grant = coffre.grant(coffre.professional(), patient.ins, studies=[uid])
    body = grant.open()
    pack = next(blob.sealed for blob in body.blobs if blob.sealed.ref.kind == 1)
    content = grant.read(pack.ref.blob_id, 0, pack.plaintext_size)
    assert content == b"".join(study)


def test_a_report_is_opened_with_its_digest(coffre: Coffre, patient: Patient) -> None:
    pdf = demo_data.report_pdf()
    answer = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, pdf)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].startswith(coffre.url)
    grant = coffre.grant(patient.token, patient.ins)
    (document,) = grant.open().documents
    assert document.media_type == "application/pdf"
    assert document.sha256 == hashlib.sha256(pdf).digest()
    assert grant.read(document.blob_id, document.offset, document.length) == pdf


@pytest.mark.requirement("R18", "R20", "R58")
def test_masking_hides_from_professionals_and_ends_running_grants(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    patient.authorise()
    doctor = coffre.professional()
    (document,) = patient.documents()
    grant = coffre.grant(doctor, patient.ins, documents=[document["id"]])
    blob = grant.open().blobs[0].sealed
    assert len(grant.read(blob.ref.blob_id, 0, 10)) == 10
    masked = patient.call("PUT", f"/documents/{document['id']}/labels", json=["MASQUE_PS"])
    assert masked.status_code == 200
    listed = coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
    assert listed.json()["documents"] == []
    refused = coffre.grant(doctor, patient.ins, documents=[document["id"]]).answer
    assert (refused.status_code, problem(refused)) == (404, "no_such_document")
    url = grant.answer.json()["urls"][str(blob.ref.blob_id)]
    ended = coffre.http.get(url, headers={"Range": "bytes=0-9"})
    assert (ended.status_code, problem(ended)) == (403, "grant_ended")


def test_the_depositing_structure_still_sees_a_masked_document(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    """R20, R1111-49: exempt from the mask, not from the authorisation."""
    (document,) = patient.documents()
    patient.call("PUT", f"/documents/{document['id']}/labels", json=["MASQUE_PS"])
    radiologist = coffre.professional("899700055550", LABORATORY)
    path = f"/records/{patient.ins}/documents"
    assert coffre.http.get(path, headers=bearer(radiologist)).status_code == 403
    patient.authorise("899700055550")
    assert len(coffre.http.get(path, headers=bearer(radiologist)).json()["documents"]) == 1


def test_breaking_the_glass_needs_a_reason_and_the_patients_tolerance(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    doctor = coffre.professional("899700066660")
    without = coffre.grant(doctor, patient.ins, purpose="bris_de_glace").answer
    assert (without.status_code, problem(without)) == (422, "reason_missing")
    opened = coffre.grant(doctor, patient.ins, purpose="bris_de_glace", reason=REASON)
    assert len(opened.open().blobs) == 3  # pack, metadata, the small picture of the series
    forbid = {"bris_de_glace": False, "centre_15": True}
    assert patient.call("PUT", "/emergency", json=forbid).json() == forbid
    refused = coffre.grant(doctor, patient.ins, purpose="bris_de_glace", reason=REASON).answer
    assert (refused.status_code, problem(refused)) == (403, "not_authorised")


@pytest.mark.requirement("R56")
def test_the_patient_reads_who_did_what(coffre: Coffre, patient: Patient, study: list[bytes]) -> None:
    doctor = coffre.professional("899700077770")
    coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
    coffre.grant(doctor, patient.ins, purpose="bris_de_glace", reason=REASON)
    lines = {(line["action"], line["outcome"], line["purpose"]): line for line in patient.log()}
    assert lines["search", "deny", "normal"]["actor"]["rpps"] == "899700077770"
    broken = lines["retrieve", "permit", "bris_de_glace"]
    assert broken["reason"] == REASON
    assert broken["actor"] == {
        "role": "professional",
        "rpps": "899700077770",
        "profession": "10",
        "profession_display": "Médecin",
        "structure": "1750000002",
        "sector": "SA07",
        "sector_display": "Cabinet individuel",
    }
    assert ("deposit", "permit", "INGEST") in lines


def test_content_names_the_record_where_the_address_does_not(coffre: Coffre, patient: Patient) -> None:
    _, content = demo_data.ultrasound(patient.ins, INS_NIR_TEST)
    answer = coffre.stow(coffre.depositor(), [content])
    assert answer.status_code == 200, answer.text
    assert [one["modalities"] for one in patient.documents()] == [["US"]]


def test_the_same_bytes_again_are_a_duplicate(coffre: Coffre, patient: Patient, study: list[bytes]) -> None:
    lab = coffre.depositor()
    answer = coffre.stow(lab, study, patient.ins)
    assert answer.status_code == 200
    parts = coffre.submission(lab, answer)["parts"]
    assert {part["outcome"] for part in parts} == {"duplicate"}
    assert {part["document"] for part in parts} == {patient.documents()[0]["id"]}
    assert patient.documents()[0]["instances"] == len(study)


def test_more_images_of_a_study_join_it(coffre: Coffre, patient: Patient) -> None:
    files = patient.ct(slices=4, seed=77)
    lab = coffre.depositor()
    for part in files:
        assert coffre.stow(lab, [part], patient.ins).status_code == 200
    (document,) = patient.documents()
    assert document["instances"] == 4
    grant = coffre.grant(patient.token, patient.ins, studies=[document["study_uid"]])
    assert len(grant.open().series[0].blobs) == 4 + 1  # metadata of each, the newest small picture
