"""ITI-65 over HTTP: a bundle goes the way of every deposit, and is answered entry by entry."""

import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from coffre.demonstration.files import data as demo_data
from records.fhir.systems import VISIBILITY
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer
from tests.unit.ingestion.test_document_bundle import bundle, several

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture(scope="module")
def hospital(coffre: Coffre) -> str:
    return coffre.depositor(HOSPITAL)


def for_patient(patient: Patient, pdf: bytes = b"", **document: Any) -> dict[str, Any]:
    sent = bundle()
    for each in sent["entry"][:2]:
        reference = f"Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|{patient.ins}"
        each["resource"]["subject"] = {"reference": reference}
    sent["entry"][1]["resource"] |= document
    sent["entry"][2]["resource"]["data"] = base64.b64encode(pdf or demo_data.report_pdf()).decode()
    return sent


def provide(coffre: Coffre, token: str, sent: object, **headers: str) -> httpx.Response:
    content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    return coffre.http.post("/fhir", content=content, headers=FHIR | bearer(token) | headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


def test_a_bundle_is_deposited_and_each_entry_has_its_answer(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    answer = provide(coffre, hospital, for_patient(patient))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["resourceType"], told["type"]) == ("Bundle", "transaction-response")
    responses = [each["response"] for each in told["entry"]]
    assert [each["status"] for each in responses] == ["201 Created"] * 3
    (document,) = patient.documents()
    kinds = ("DocumentReference", "Binary")
    assert [each.get("location") for each in responses] == [
        None,
        *(f"{coffre.url}/fhir/{kind}/{document['id']}" for kind in kinds),
    ]
    read = coffre.http.get(responses[1]["location"], headers=bearer(patient.token)).json()
    assert read["type"]["coding"][0]["code"] == "11488-4"
    content = coffre.http.get(responses[2]["location"], headers=bearer(patient.token))
    assert content.content == demo_data.report_pdf()
    assert coffre.submission(hospital, answer)["state"] == "published"


def test_the_set_that_was_sent_is_found_with_its_title_and_identifier(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    assert provide(coffre, hospital, for_patient(patient)).status_code == 200
    asked = {"patient": f"Patient/{patient.public_id}"}
    found = coffre.http.get("/fhir/List", params=asked, headers=bearer(patient.token)).json()
    (shown,) = (each["resource"] for each in found["entry"])
    assert shown["title"] == "Bilan de mars"
    assert "urn:oid:1.2.3.4" in [each["value"] for each in shown["identifier"]]


def test_the_same_bundle_again_is_known_and_a_taken_identifier_refused(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    identifier = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"}
    first = provide(coffre, hospital, for_patient(patient, masterIdentifier=identifier))
    again = provide(coffre, hospital, for_patient(patient, masterIdentifier=identifier))
    assert [each["response"]["status"] for each in again.json()["entry"]] == ["200 OK"] * 3
    assert (
        again.json()["entry"][1]["response"]["location"] == first.json()["entry"][1]["response"]["location"]
    )
    other = demo_data.report_pdf() + b"\n% another\n%%EOF\n"
    taken = provide(coffre, hospital, for_patient(patient, other, masterIdentifier=identifier))
    assert code(taken) == (422, "identifier_taken")
    assert len(patient.documents()) == 1


def test_labels_of_a_bundle_count_and_what_it_may_not_do_is_refused_whole(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    masked = [{"coding": [{"system": VISIBILITY, "code": "MASQUE_PS"}]}]
    assert provide(coffre, hospital, for_patient(patient, securityLabel=masked)).status_code == 200
    assert [each["labels"] for each in patient.documents()] == [["MASQUE_PS"]]
    nobody = provide(coffre, patient.token, for_patient(patient))
    assert code(nobody) == (422, "depositor_not_entitled")  # the holder is no author of a report
    many = for_patient(patient)
    many["entry"] += [many["entry"][1]] * 100
    assert code(provide(coffre, hospital, many)) == (413, "too_many_documents")
    assert code(provide(coffre, hospital, b'{"resourceType": "Bundle"')) == (400, "bad_json")
    assert code(provide(coffre, hospital, b" " * (32 * 2**20 + 1))) == (413, "too_large")
    in_xml = provide(coffre, hospital, for_patient(patient), **{"Content-Type": "application/xml"})
    assert code(in_xml) == (415, "bad_content_type")
    assert len(patient.documents()) == 1


def of_several(patient: Patient, *contents: bytes) -> dict[str, Any]:
    sent = several(*contents)
    reference = f"Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|{patient.ins}"
    for each in sent["entry"]:
        if each["resource"]["resourceType"] != "Binary":
            each["resource"]["subject"] = {"reference": reference}
    return sent


def numbered(number: int) -> bytes:
    return demo_data.report_pdf() + f"\n% {number}\n%%EOF\n".encode()


def issues(answer: httpx.Response) -> list[tuple[str, list[str]]]:
    return [(each["details"]["coding"][0]["code"], each["expression"]) for each in answer.json()["issue"]]


def test_several_documents_of_one_set_are_published_together(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    sent = of_several(patient, numbered(1), numbered(2), numbered(3))
    answer = provide(coffre, hospital, sent)
    assert answer.status_code == 200, answer.text
    responses = [each["response"] for each in answer.json()["entry"]]
    assert [each["status"] for each in responses] == ["201 Created"] * 7
    places = [each.get("location", "").rpartition("/") for each in responses]
    assert [kind.rpartition("/")[2] for kind, _, _ in places[1:]] == ["DocumentReference"] * 3 + [
        "Binary"
    ] * 3
    documents = [name for _, _, name in places[1:4]]
    assert [name for _, _, name in places[4:]] == documents[::-1]  # each with its own content
    read = coffre.http.get(responses[4]["location"], headers=bearer(patient.token))
    assert read.content == numbered(3)
    titles = {each["id"]: each["title"] for each in patient.documents()}
    assert titles == dict(zip(documents, ["Document 0", "Document 1", "Document 2"], strict=True))
    parts = coffre.submission(hospital, answer)["parts"]
    assert [each["outcome"] for each in parts] == ["published"] * 3
    asked = {"patient": f"Patient/{patient.public_id}"}
    found = coffre.http.get("/fhir/List", params=asked, headers=bearer(patient.token)).json()
    (shown,) = (each["resource"] for each in found["entry"])
    assert {each["item"]["reference"] for each in shown["entry"]} == {
        f"DocumentReference/{name}" for name in documents
    }
    deposits = [line for line in patient.log() if line["action"] == "deposit"]
    assert [line["documents"] for line in deposits] == ["3"]
    again = provide(coffre, hospital, sent).json()["entry"]
    assert [each["response"]["status"] for each in again] == ["200 OK"] * 7


def test_where_one_document_is_refused_nothing_of_the_bundle_is_kept(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    provide(coffre, hospital, of_several(patient, numbered(1)))
    sent = of_several(patient, numbered(1), demo_data.javascript_pdf(), numbered(2))
    answer = provide(coffre, hospital, sent)
    assert answer.status_code == 422
    (first, script, third) = issues(answer)
    assert (first[0], third[0]) == ("bundle_refused", "bundle_refused")
    assert script[0] not in ("bundle_refused", "published")
    assert [each[1] for each in (first, script, third)] == [
        [f"Bundle.entry[{at}].resource"] for at in (1, 2, 3)
    ]
    assert len(patient.documents()) == 1
    assert [each["outcome"] for each in coffre.submission(hospital, answer)["parts"]] == ["rejected"] * 3
    assert coffre.submission(hospital, answer)["state"] == "rejected"
    del sent["entry"][2], sent["entry"][4]  # without the script
    listed = sent["entry"][0]["resource"]["entry"]
    listed[:] = [
        each for each in listed if each["item"]["reference"] in {e["fullUrl"] for e in sent["entry"]}
    ]
    assert provide(coffre, hospital, sent).status_code == 200
    assert len(patient.documents()) == 2


def test_what_the_vault_or_an_identifier_refuses_takes_the_others_with_it(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    identifier = {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"}
    assert provide(coffre, hospital, for_patient(patient, masterIdentifier=identifier)).status_code == 200
    sent = of_several(patient, numbered(4), numbered(5))
    sent["entry"][2]["resource"]["masterIdentifier"] = identifier
    assert [each for each, _ in issues(provide(coffre, hospital, sent))] == [
        "bundle_refused",
        "identifier_taken",
    ]
    del sent["entry"][2]["resource"]["masterIdentifier"]
    sent["entry"][2]["resource"]["type"] = {"coding": [{"code": "REMB"}]}
    refused = provide(coffre, hospital, sent)
    assert {each for each, _ in issues(refused)} == {"depositor_not_entitled"}
    assert len(patient.documents()) == 1


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(
    ("type_code", "refused_as"),
    [
        ("EXPPAT_1", "depositor_not_entitled"),
        ("EXPPAT_3", "depositor_not_entitled"),
        ("DOCPAT03", "depositor_not_entitled"),
        ("REMB", "depositor_not_entitled"),
        ("99999-9", "type_unknown"),
    ],
)
def test_r34_a_laboratory_deposits_neither_directives_nor_reimbursements_nor_what_is_unknown(
    coffre: Coffre, hospital: str, type_code: str, refused_as: str
) -> None:
    patient = coffre.open_record()
    stated = {"coding": [{"code": type_code}]}
    assert code(provide(coffre, hospital, for_patient(patient, type=stated))) == (422, refused_as)
    assert patient.documents() == []


def test_a_client_that_does_not_wait_is_told_where_to_ask(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    answer = provide(coffre, hospital, for_patient(patient), Prefer="respond-async")
    assert answer.status_code == 202
    assert answer.headers["location"].startswith(f"{coffre.url}/submissions/")
