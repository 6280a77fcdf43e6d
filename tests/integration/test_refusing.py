"""A document after its deposit, over HTTP: refused, archived, deleted; and deposits that are not taken."""

import json
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from coffre.demonstration.files import data as demo_data
from records.fhir.patches import IS_ARCHIVED, IS_DELETED
from tests.integration.support import (
    COLLEAGUE,
    HOSPITAL,
    STRANGER,
    Coffre,
    Patient,
    bearer,
    document_reference,
    problem,
)
from tests.unit.records.test_patches import added, flag_of, labelled, parameters, replaced, unlabelled

PDF = demo_data.report_pdf()
FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture(scope="module")
def hospital(coffre: Coffre) -> str:
    return coffre.depositor(HOSPITAL)


def publish(coffre: Coffre, token: str, patient: Patient, **more: Any) -> httpx.Response:
    pdf = PDF + f"\n% {uuid4()}\n%%EOF\n".encode()
    content = json.dumps(document_reference(patient.ins, pdf) | more).encode()
    return coffre.http.post("/fhir/DocumentReference", content=content, headers=FHIR | bearer(token))


def published(coffre: Coffre, token: str, patient: Patient) -> str:
    answer = publish(coffre, token, patient)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def issue(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


def read(coffre: Coffre, token: str, document: str) -> httpx.Response:
    return coffre.http.get(f"/fhir/DocumentReference/{document}", headers=bearer(token))


@pytest.mark.requirement("R32")
def test_r32_its_author_deletes_a_document_by_fhir(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    patient.authorise()
    document = published(coffre, hospital, patient)
    doctor, path = coffre.professional(), f"/fhir/DocumentReference/{document}"
    assert issue(coffre.http.delete(path, headers=bearer(doctor))) == (403, "not_authorised")
    stranger = coffre.depositor("1750000009")
    other = f"/fhir/DocumentReference/{uuid4()}"
    assert issue(coffre.http.delete(path, headers=bearer(stranger))) == (404, "no_such_document")
    assert issue(coffre.http.delete(other, headers=bearer(hospital))) == (404, "no_such_document")
    for _ in range(2):
        assert coffre.http.delete(path, headers=bearer(hospital)).status_code == 204
    assert patient.documents() == []
    assert issue(read(coffre, doctor, document)) == (404, "no_such_document")
    told = read(coffre, hospital, document).json()
    assert told["status"] == "entered-in-error"
    assert told["extension"] == [{"url": IS_DELETED, "valueBoolean": True}]
    assert "delete" in [line["action"] for line in patient.log() if line["outcome"] == "permit"]
    with closing(coffre.system()) as system:
        found = system.index.document(UUID(document))
    assert found is not None
    assert found[0].state == "deleted"


@pytest.mark.requirement("R37")
def test_r37_a_patch_archives_and_back_and_deletes(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    document = published(coffre, hospital, patient)
    path = f"/fhir/DocumentReference/{document}"

    def patch(token: str, body: object, kind: str = "application/fhir+json") -> httpx.Response:
        headers = {"Content-Type": kind, **bearer(token)}
        return coffre.http.patch(path, content=json.dumps(body).encode(), headers=headers)

    archive = parameters(replaced(flag_of(IS_ARCHIVED), valueBoolean=True))
    answer = patch(patient.token, archive)
    assert answer.status_code == 200, answer.text
    assert answer.json()["extension"] == [{"url": IS_ARCHIVED, "valueBoolean": True}]
    assert [each["state"] for each in patient.documents()] == ["archived"]
    assert read(coffre, patient.token, document).json()["extension"][0]["url"] == IS_ARCHIVED
    back = [{"op": "replace", "path": f"/extension[url:'{IS_ARCHIVED}']/valueBoolean", "value": False}]
    assert patch(hospital, back, "application/json-patch+json").status_code == 200
    assert [each["state"] for each in patient.documents()] == ["approved"]
    description = parameters(replaced("DocumentReference.description", valueString="autre"))
    refused = patch(hospital, description)
    assert issue(refused) == (405, "element_not_patchable")
    assert {"DELETE", "GET", "PATCH"} <= {each.strip() for each in refused.headers["allow"].split(",")}
    assert issue(patch(hospital, archive, "application/xml")) == (415, "bad_content_type")
    assert issue(patch(hospital, {"resourceType": "Patient"})) == (422, "bad_patch")
    gone = parameters(replaced("DocumentReference.status", valueCode="superseded"), added(IS_DELETED, True))
    assert issue(patch(patient.token, gone)) == (403, "not_authorised")
    assert patch(hospital, gone).status_code == 200
    assert issue(patch(hospital, archive)) == (404, "no_such_document")


PATCHED = {"Content-Type": "application/fhir+json"}


@pytest.mark.requirement("R20", "R37")
def test_r37_a_patch_changes_labels_for_the_holder_and_hides_for_the_author_s_side(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    patient.authorise()
    document, doctor = published(coffre, hospital, patient), coffre.professional()
    path = f"/fhir/DocumentReference/{document}"

    def patch(token: str, body: object, where: str = path) -> httpx.Response:
        headers = PATCHED | bearer(token)
        return coffre.http.patch(where, content=json.dumps(body).encode(), headers=headers)

    masked = parameters(labelled("MASQUE_PS"))
    assert issue(patch(doctor, masked)) == (403, "not_authorised")
    assert issue(patch(coffre.professional(STRANGER), masked)) == (404, "no_such_document")
    assert issue(patch(hospital, masked)) == (404, "no_such_document")  # a system reads nothing
    assert issue(patch(patient.token, masked, f"/fhir/DocumentReference/{uuid4()}")) == (
        404,
        "no_such_document",
    )
    answer = patch(patient.token, masked)
    assert answer.status_code == 200, answer.text
    assert [each["coding"][0]["code"] for each in answer.json()["securityLabel"]] == ["MASQUE_PS"]
    assert [each["labels"] for each in patient.documents()] == [["MASQUE_PS"]]
    assert issue(read(coffre, doctor, document)) == (404, "no_such_document")
    taken = parameters(unlabelled("DocumentReference.securityLabel.where(coding.code='MASQUE_PS')"))
    assert patch(patient.token, taken).json()["securityLabel"][0]["coding"][0]["code"] == "N"
    hidden = parameters(labelled("INVISIBLE_PATIENT"))
    assert issue(patch(patient.token, hidden)) == (403, "label_not_entitled")
    author = coffre.professional(COLLEAGUE, HOSPITAL)
    patient.authorise(COLLEAGUE)
    assert issue(patch(author, masked)) == (403, "label_not_entitled")
    assert patch(author, hidden).status_code == 200
    assert patient.documents() == []
    done = [line["action"] for line in patient.log() if line["outcome"] == "permit"]
    assert done.count("label") == 2  # what hides from her is not told to her


@pytest.mark.requirement("R37")
def test_r37_a_document_is_patched_by_its_identifier(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    identifier = {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:2.25.{uuid4().int}"}
    document = publish(coffre, hospital, patient, masterIdentifier=identifier).json()["id"]
    whose, named = str(patient.public_id), f"{identifier['system']}|{identifier['value']}"
    archive = json.dumps(parameters(added(IS_ARCHIVED, True))).encode()

    def patch(token: str, **criteria: str) -> httpx.Response:
        return coffre.http.patch(
            "/fhir/DocumentReference", params=criteria, content=archive, headers=PATCHED | bearer(token)
        )

    answer = patch(patient.token, patient=whose, identifier=named)
    assert (answer.status_code, answer.json()["id"]) == (200, document)
    assert [each["state"] for each in patient.documents()] == ["archived"]
    own = f"urn:ietf:rfc:3986|urn:uuid:{document}"
    assert patch(hospital, identifier=own).status_code == 200  # who has no right to search names it so
    assert issue(patch(patient.token, patient=whose, identifier=f"{named}0")) == (404, "no_such_document")
    assert issue(patch(patient.token, identifier=named)) == (400, "patient_missing")
    assert issue(patch(patient.token, patient=whose)) == (400, "bad_query")
    assert issue(patch(patient.token, patient=whose, identifier=named, colour="x")) == (
        400,
        "unknown_parameter",
    )
    assert issue(patch(coffre.professional(), patient=whose, identifier=named)) == (403, "not_authorised")
    headers = PATCHED | bearer(patient.token)
    large = coffre.http.patch("/fhir/DocumentReference", content=b" " * (2**20 + 1), headers=headers)
    assert large.status_code == 413
    laboratory = coffre.depositor()
    second = publish(coffre, laboratory, patient, masterIdentifier=identifier)
    assert second.status_code == 201, second.text
    assert issue(patch(patient.token, patient=whose, identifier=named)) == (412, "several_documents")


def test_a_method_that_is_not_served_is_answered_in_fhir_with_those_that_are(
    coffre: Coffre, hospital: str
) -> None:
    answer = coffre.http.put(f"/fhir/DocumentReference/{uuid4()}", headers=bearer(hospital), json={})
    assert issue(answer) == (405, "method_not_allowed")
    assert {"DELETE", "PATCH"} <= {each.strip() for each in answer.headers["allow"].split(",")}


@pytest.mark.requirement("R31")
def test_r31_a_holder_refuses_one_document_and_who_sent_it_hears_of_that(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    patient.authorise()
    document, doctor = published(coffre, hospital, patient), coffre.professional()
    path = f"/documents/{document}/refusal"
    asked = coffre.http.put(f"/records/{patient.ins}{path}", headers=bearer(doctor), json={"reason": "non"})
    assert (asked.status_code, problem(asked)) == (403, "not_authorised")
    empty = patient.call("PUT", path, json={"reason": " "})
    assert (empty.status_code, problem(empty)) == (422, "reason_missing")
    answer = patient.call("PUT", path, json={"reason": "Ce n'est pas mon compte rendu"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["refused"] is not None
    (shown,) = patient.documents()
    assert shown["refused"]["reason"] == "Ce n'est pas mon compte rendu"
    assert issue(read(coffre, doctor, document)) == (404, "no_such_document")
    told = read(coffre, hospital, document)
    assert told.json()["extension"][0]["url"] == "urn:coffre:extension:refused-by-holder"
    assert "compte rendu" not in told.text
    assert patient.call("DELETE", path).status_code == 204
    assert read(coffre, doctor, document).status_code == 200
    assert "extension" not in read(coffre, hospital, document).json()


@pytest.mark.requirement("R31")
def test_r31_a_submission_tells_its_depositor_what_became_of_its_documents(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    sent = publish(coffre, hospital, patient)
    document = sent.json()["id"]

    def part() -> dict[str, Any]:
        (found,) = coffre.submission(hospital, sent)["parts"]
        return dict(found)

    def told() -> int:
        return sum(line["action"] == "follow_deposits" for line in patient.log())

    assert "became" not in part() and told() == 0  # no news is no line
    path = f"/documents/{document}/refusal"
    refused = patient.call("PUT", path, json={"reason": "Ce n'est pas mon compte rendu"}).json()["refused"]
    after = part()
    assert (after["outcome"], after["document"]) == ("published", document)
    assert after["became"] == {"state": "approved", "refused": refused}
    assert "compte rendu" not in str(after) and told() == 1
    assert patient.call("DELETE", path).status_code == 204
    assert "became" not in part()
    gone = coffre.http.delete(f"/fhir/DocumentReference/{document}", headers=bearer(hospital))
    assert gone.status_code == 204
    assert part()["became"] == {"state": "deleted", "refused": None}
    where = sent.headers["content-location"]
    assert problem(coffre.http.get(where, headers=bearer(coffre.depositor()))) == "no_such_submission"


@pytest.mark.requirement("R31")
def test_r31_deposits_that_the_holder_does_not_take_have_a_code_of_their_own(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    assert patient.call("POST", "/refused-kinds", json={"kind": "31"}).status_code == 201
    refused = publish(coffre, hospital, patient)
    assert issue(refused) == (422, "refused_by_holder")
    assert patient.documents() == []
    assert patient.call("DELETE", "/refused-kinds/31").status_code == 204
    assert publish(coffre, hospital, patient).status_code == 201
    answer = patient.call("POST", "/refused-structures", json={"structure": HOSPITAL})
    assert answer.json()["refusals"] == {"kinds": [], "structures": [HOSPITAL]}
    assert issue(publish(coffre, hospital, patient)) == (422, "refused_by_holder")
    assert patient.call("DELETE", f"/refused-structures/{HOSPITAL}").status_code == 204
    assert publish(coffre, hospital, patient).status_code == 201
    bad = patient.call("POST", "/refused-kinds", json={"kind": "cancer"})
    assert (bad.status_code, problem(bad)) == (422, "bad_kind")
