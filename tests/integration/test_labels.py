"""Labels over HTTP: stated with a deposit by ITI-105, STOW-RS and `coffre send`."""

import json
from pathlib import Path
from typing import Any

import pytest

from coffre.demonstration.files import data as demo_data
from records.fhir.systems import VISIBILITY
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer, document_reference, problem, related
from tests.integration.test_send_fetch import run

PDF = demo_data.report_pdf()


@pytest.fixture(scope="module")
def hospital(coffre: Coffre) -> str:
    return coffre.depositor(HOSPITAL)


def publish(coffre: Coffre, token: str, patient: Patient, *labels: str, pdf: bytes = PDF) -> Any:
    stated = [{"coding": [{"system": VISIBILITY, "code": label}]} for label in labels]
    resource = document_reference(patient.ins, pdf) | {"securityLabel": stated}
    sent = {"Content-Type": "application/fhir+json", **bearer(token)}
    return coffre.http.post("/fhir/DocumentReference", content=json.dumps(resource).encode(), headers=sent)


def labels_of(patient: Patient) -> list[list[str]]:
    return [document["labels"] for document in patient.documents()]


def test_labels_of_a_deposit_over_fhir_are_the_document_s(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    minor = "INVISIBLE_REPRESENTANTS_LEGAUX"
    assert publish(coffre, hospital, patient, "MASQUE_PS", minor).status_code == 201
    assert labels_of(patient) == [[minor, "MASQUE_PS"]]
    hidden = PDF + b"\n% not yet announced\n%%EOF\n"
    assert publish(coffre, hospital, patient, "INVISIBLE_PATIENT", pdf=hidden).status_code == 201
    assert len(patient.documents()) == 1


def test_the_same_bytes_are_a_duplicate_with_the_same_labels_and_refused_with_others(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    first = publish(coffre, hospital, patient, "MASQUE_PS")
    again = publish(coffre, hospital, patient, "MASQUE_PS")
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    other = publish(coffre, hospital, patient, "INVISIBLE_PATIENT")
    assert other.status_code == 422
    (part,) = coffre.submission(hospital, other)["parts"]
    assert (part["outcome"], part["code"]) == ("rejected", "labels_differ")
    assert publish(coffre, hospital, patient).status_code == 200  # who states none asks for none
    assert labels_of(patient) == [["MASQUE_PS"]]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("SECRET", "unknown_label"),
        ("MASQUE_PS, INVISIBLE_PATIENT", "labels_conflict"),
        ("N", "unknown_label"),
    ],
)
def test_a_store_request_with_labels_that_cannot_be_is_refused_before_its_body(
    coffre: Coffre, hospital: str, stated: str, code: str
) -> None:
    headers = bearer(hospital) | {"Content-Type": related(), "Coffre-Labels": stated}
    answer = coffre.http.post("/dicomweb/studies", content=b"", headers=headers)
    assert (answer.status_code, problem(answer)) == (422, code)


def test_a_header_with_labels_is_not_overlooked_on_fhir_paths(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    content = json.dumps(document_reference(patient.ins, PDF)).encode()
    headers = {"Content-Type": "application/fhir+json", "Coffre-Labels": "MASQUE_PS", **bearer(hospital)}
    answer = coffre.http.post("/fhir/DocumentReference", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "unsupported_header"


def test_coffre_send_labels_images_and_reports(coffre: Coffre, hospital: str, tmp_path: Path) -> None:
    patient = coffre.open_record()
    folder = tmp_path / "visit"
    folder.mkdir()
    (folder / "report.pdf").write_bytes(PDF)
    for number, slice_ in enumerate(patient.ct(slices=2)):
        (folder / f"{number}.dcm").write_bytes(slice_)
    (tmp_path / "token").write_text(hospital)
    where = ["--record", patient.ins, "--to", coffre.url, "--token-file", str(tmp_path / "token")]
    run("send", folder, *where, "--label", "MASQUE_PS", "--journal", tmp_path / "journal")
    assert labels_of(patient) == [["MASQUE_PS"], ["MASQUE_PS"]]
    both = ("--label", "MASQUE_PS", "--label", "INVISIBLE_PATIENT")
    assert "labels_conflict" in run("send", folder, *where, *both, status=2).output


def test_a_hidden_document_is_announced_and_its_patient_sees_it(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    document = publish(coffre, hospital, patient, "INVISIBLE_PATIENT").json()["id"]
    doctor = bearer(coffre.professional())
    path = f"/records/{patient.public_id}/documents/{document}/announcement"
    refused = coffre.http.post(path, headers=doctor)
    assert (refused.status_code, problem(refused)) == (403, "not_authorised")
    patient.authorise()
    assert labels_of(patient) == []
    for _ in range(2):
        answer = coffre.http.post(path, headers=doctor)
        assert (answer.status_code, answer.json()["labels"]) == (200, [])
    assert labels_of(patient) == [[]]
    assert patient.call("POST", f"/documents/{document}/announcement").status_code == 403
