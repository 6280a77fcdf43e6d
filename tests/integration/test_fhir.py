"""ITI-105 Simplified Publish: what is enough, what is refused and how, as OperationOutcome."""

import base64
import copy
import hashlib
import json
import textwrap
from typing import Any

import httpx
import pytest

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR, INS_NIR_TEST
from tests.integration.outsider import Before, eventually
from tests.integration.support import (
    HOSPITAL,
    LABORATORY,
    Coffre,
    Patient,
    bearer,
    document_reference,
    new_ins,
)
from tests.unit.content.pdf_bytes import pdf, stream

PDF = demo_data.report_pdf()
OTHER_PDF = PDF + b"\n% one more line\n%%EOF\n"


@pytest.fixture(scope="module")
def hospital(coffre: Coffre) -> str:
    return coffre.depositor(HOSPITAL)


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


def post(coffre: Coffre, token: str, resource: Any, **headers: str) -> httpx.Response:
    content = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    sent = {"Content-Type": "application/fhir+json", **bearer(token), **headers}
    return coffre.http.post("/fhir/DocumentReference", content=content, headers=sent)


def outcome(answer: httpx.Response) -> str:
    """The code of an OperationOutcome of the shape that FHIR fixes."""
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    (issue,) = body["issue"]
    assert issue["severity"] == "error"
    assert issue["code"]
    assert issue["details"]["text"]
    code: str = issue["details"]["coding"][0]["code"]
    return code


def without(resource: dict[str, Any], *path: str | int) -> dict[str, Any]:
    """The resource lacking one element."""
    found = copy.deepcopy(resource)
    inner: Any = found
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return found


def put(resource: dict[str, Any], value: Any, *path: str | int) -> dict[str, Any]:
    """The resource with one element replaced."""
    found = copy.deepcopy(resource)
    inner: Any = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return found


def test_201_with_location_and_the_document_is_listed(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    answer = post(coffre, hospital, document_reference(patient.ins, PDF, title="Écho du cœur"))
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    assert body["resourceType"] == "DocumentReference"
    assert answer.headers["location"] == f"{coffre.url}/fhir/DocumentReference/{body['id']}"
    told = coffre.submission(hospital, answer)
    assert told["state"] == "published"
    (document,) = patient.documents()
    assert (document["id"], document["kind"], document["title"]) == (body["id"], "document", "Écho du cœur")
    assert document["structure"] == HOSPITAL


def test_the_list_says_which_pdf_a_a_report_claims_to_be(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    packet = stream(b"<pdfaid:part>3</pdfaid:part>", b"/Type/Metadata/Subtype/XML", packed=False)
    for report in (PDF, pdf(packet, catalog=b"/Metadata 4 0 R")):
        assert post(coffre, hospital, document_reference(patient.ins, report)).status_code == 201
    assert [document.get("pdfa") for document in patient.documents()] == ["3", None]


def test_the_same_document_again_is_200_and_the_same_id(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    published = post(coffre, hospital, document_reference(patient.ins, PDF))
    again = post(coffre, hospital, document_reference(patient.ins, PDF))
    assert (published.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == published.json()["id"]
    assert again.headers["location"] == published.headers["location"]
    assert len(patient.documents()) == 1


def test_the_class_is_computed_whatever_the_sender_says(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    resource = document_reference(patient.ins, PDF) | {"category": [{"coding": [{"code": "99"}]}]}
    assert post(coffre, hospital, resource).status_code == 201
    assert patient.documents()[0]["class"] not in ("", "99")


def test_what_has_no_effect_is_taken(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    resource = document_reference(patient.ins, PDF) | {
        "id": "mine",
        "text": {"status": "generated", "div": "<div>x</div>"},
        "author": [{"display": "Dr X"}],
        "context": {"facilityType": {"text": "CHU"}},
        "extension": [{"url": "urn:x", "valueString": "y"}],
    }
    answer = post(coffre, hospital, resource)
    assert answer.status_code == 201
    assert answer.json()["id"] != "mine"


def test_base64_broken_into_lines_is_read(coffre: Coffre, hospital: str) -> None:
    """R4 base64Binary admits white space."""
    patient = coffre.open_record()
    lines = "\r\n".join(textwrap.wrap(base64.b64encode(PDF).decode(), 76))
    resource = put(document_reference(patient.ins, PDF), lines, "content", 0, "attachment", "data")
    assert post(coffre, hospital, resource).status_code == 201
    grant = coffre.grant(patient.token, patient.ins)
    (document,) = grant.open().documents
    assert grant.read(document.blob_id, document.offset, document.length) == PDF


def test_the_identifier_may_be_qualified_by_its_oid(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    value = {"system": "urn:oid:1.2.3", "value": f"{INS_NIR_TEST}|{patient.ins}"}
    for identifier in (value, {"value": f"urn:oid:{INS_NIR_TEST}|{patient.ins}"}):
        resource = put(document_reference(patient.ins, PDF), identifier, "subject", "identifier")
        assert post(coffre, hospital, resource).status_code in (200, 201)
    assert len(patient.documents()) == 1


MISSING: dict[str, tuple[int, str, tuple[str | int, ...]]] = {
    "resourceType": (400, "bad_resource", ("resourceType",)),
    "status": (400, "bad_status", ("status",)),
    "type": (422, "type_unknown", ("type",)),
    "type.coding": (422, "type_unknown", ("type", "coding")),
    "type.coding.code": (422, "type_unknown", ("type", "coding", 0, "code")),
    "subject": (400, "bad_subject", ("subject",)),
    "subject.identifier": (400, "bad_subject", ("subject", "identifier")),
    "subject.identifier.system": (400, "bad_subject", ("subject", "identifier", "system")),
    "subject.identifier.value": (400, "bad_subject", ("subject", "identifier", "value")),
    "content": (400, "bad_content", ("content",)),
    "content.attachment": (400, "bad_content", ("content", 0, "attachment")),
    "content.attachment.contentType": (415, "bad_content_type", ("content", 0, "attachment", "contentType")),
    "content.attachment.data": (400, "bad_content", ("content", 0, "attachment", "data")),
}


@pytest.mark.parametrize("element", MISSING)
def test_a_missing_element_is_named_and_nothing_is_kept(
    coffre: Coffre, person: Patient, hospital: str, element: str
) -> None:
    status, code, path = MISSING[element]
    before = Before.of(coffre)
    answer = post(coffre, hospital, without(document_reference(person.ins, PDF), *path))
    assert (answer.status_code, outcome(answer)) == (status, code)
    assert before.added() == {}


def test_a_missing_title_is_no_fault(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    resource = without(document_reference(patient.ins, PDF), "content", 0, "attachment", "title")
    assert post(coffre, hospital, resource).status_code == 201
    assert patient.documents()[0]["title"]


ATTACHMENT = ("content", 0, "attachment")
WRONG: dict[str, tuple[int, str, Any, tuple[str | int, ...]]] = {
    "another resource": (400, "bad_resource", "Patient", ("resourceType",)),
    "superseded": (400, "bad_status", "superseded", ("status",)),
    "unknown type": (422, "type_unknown", [{"code": "00000-0"}], ("type", "coding")),
    "type of another shape": (422, "type_unknown", "18748-4", ("type",)),
    "two contents": (400, "bad_content", [{}, {}], ("content",)),
    "content of another shape": (400, "bad_content", {"attachment": {}}, ("content",)),
    "a picture": (415, "bad_content_type", "image/png", (*ATTACHMENT, "contentType")),
    "no base64": (400, "bad_content", "****", (*ATTACHMENT, "data")),
    "base64url": (400, "bad_content", "-_-_", (*ATTACHMENT, "data")),
    "empty data": (400, "bad_content", "", (*ATTACHMENT, "data")),
    "data as a number": (400, "bad_content", 12, (*ATTACHMENT, "data")),
    "INS with a wrong key": (400, "bad_ins", "277079999900168", ("subject", "identifier", "value")),
    "INS of letters": (400, "bad_ins", "ABC", ("subject", "identifier", "value")),
    "INS with half a surrogate": (400, "bad_ins", "\ud800", ("subject", "identifier", "value")),
    "OID of production": (400, "bad_oid", f"urn:oid:{INS_NIR}", ("subject", "identifier", "system")),
    "no date": (400, "bad_date", "\ud800 jadis", ("date",)),
    "day 45 of month 13": (400, "bad_date", "2026-13-45", ("date",)),
    "two labels that leave no reader": (
        422,
        "labels_conflict",
        [{"coding": [{"code": "MASQUE_PS"}]}, {"coding": [{"code": "INVISIBLE_PATIENT"}]}],
        ("securityLabel",),
    ),
    "a replacement": (
        422,
        "relation_not_supported",
        [{"code": "replaces", "target": {"reference": "DocumentReference/1"}}],
        ("relatesTo",),
    ),
    "written in error": (422, "entered_in_error", "entered-in-error", ("docStatus",)),
    "a modifier": (422, "modifier_extension", [{"url": "urn:x"}], ("modifierExtension",)),
    "rules of its own": (422, "implicit_rules", "urn:x", ("implicitRules",)),
    "a code that is an object": (422, "type_unknown", {}, ("type", "coding", 0, "code")),
    "a member of R5": (400, "unknown_element", "2", ("version",)),
    "OID of nobody": (400, "bad_oid", "urn:oid:1.2.3", ("subject", "identifier", "system")),
}


@pytest.mark.parametrize(
    ("member", "declared"), [("hash", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="), ("size", 7)], ids=["hash", "size"]
)
@pytest.mark.requirement("R35")
def test_r35_bytes_of_another_digest_or_size_than_declared_are_not_kept(
    coffre: Coffre, person: Patient, hospital: str, member: str, declared: object
) -> None:
    before = Before.of(coffre)
    answer = post(coffre, hospital, put(document_reference(person.ins, PDF), declared, *ATTACHMENT, member))
    assert (answer.status_code, outcome(answer)) == (422, f"{member}_mismatch")
    assert before.added() == {}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_element_is_named_and_nothing_is_kept(
    coffre: Coffre, person: Patient, hospital: str, case: str
) -> None:
    status, code, value, path = WRONG[case]
    before = Before.of(coffre)
    answer = post(coffre, hospital, put(document_reference(person.ins, PDF), value, *path))
    assert (answer.status_code, outcome(answer)) == (status, code)
    assert person.ins not in answer.text
    assert before.added() == {}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b"[" * 300_000, 400, "bad_json"),
        (b"[]", 400, "bad_resource"),
        (b"null", 400, "bad_resource"),
        (b"<DocumentReference/>", 400, "bad_json"),
        (b" " * (32 * 2**20 + 1), 413, "too_large"),
    ],
    ids=["empty", "no UTF-8", "cut", "deep", "list", "null", "XML", "33 MiB"],
)
def test_a_body_that_is_no_resource_is_refused(
    coffre: Coffre, hospital: str, body: bytes, status: int, code: str
) -> None:
    before = Before.of(coffre)
    answer = post(coffre, hospital, body)
    assert (answer.status_code, outcome(answer)) == (status, code)
    assert before.added() == {}


def test_a_title_that_is_none_does_no_harm(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    resource = put(
        document_reference(patient.ins, PDF), "\x00\x1b[31m\ud800" + "x" * 5000, *ATTACHMENT, "title"
    )
    answer = post(coffre, hospital, resource)
    assert answer.status_code == 201
    (document,) = patient.documents()
    assert len(document["title"]) <= 255
    assert document["title"].isprintable()


def test_an_unknown_record_is_422_with_its_reason(coffre: Coffre, hospital: str) -> None:
    answer = post(coffre, hospital, document_reference(new_ins(), PDF))
    assert (answer.status_code, outcome(answer)) == (422, "no_record")
    told = coffre.submission(hospital, answer)
    assert told["state"] == "rejected"
    assert told["parts"][0]["reason"] == answer.json()["issue"][0]["details"]["text"]


def test_a_rejected_document_is_422_with_the_sentence_of_its_verdict(
    coffre: Coffre, person: Patient, hospital: str
) -> None:
    answer = post(coffre, hospital, document_reference(person.ins, demo_data.javascript_pdf()))
    assert (answer.status_code, outcome(answer)) == (422, "pdf_javascript")
    assert "JavaScript" in answer.json()["issue"][0]["details"]["text"]
    assert "location" not in answer.headers


def test_respond_async_is_202_without_body(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    answer = post(coffre, hospital, document_reference(patient.ins, PDF), Prefer="respond-async")
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["location"] == coffre.url + answer.headers["content-location"]

    def published() -> None:
        assert coffre.submission(hospital, answer)["state"] == "published"

    eventually(published)


def test_without_or_with_a_bad_credential_it_is_401_in_fhirs_shape(coffre: Coffre, person: Patient) -> None:
    resource = document_reference(person.ins, PDF)
    missing = coffre.http.post("/fhir/DocumentReference", json=resource)
    assert (missing.status_code, outcome(missing)) == (401, "token_missing")
    bad = post(coffre, "x.y.z", resource)
    assert (bad.status_code, outcome(bad)) == (401, "token_invalid")
    patient = post(coffre, person.token, resource)
    assert (patient.status_code, outcome(patient)) == (422, "depositor_not_entitled")


def test_what_a_sender_says_beside_the_document_is_kept_and_listed(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    resource = document_reference(patient.ins, PDF) | {
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.1"},
        "docStatus": "preliminary",
        "date": "2026-03-01T10:00:00+01:00",
        "author": [{"display": "Dr Anne Test"}],
        "description": "Lu une seconde fois.",
        "securityLabel": [{"coding": [{"code": "N"}]}],
        "context": {"period": {"start": "2026-02-27", "end": "2026-02-28"}},
    }
    digest = base64.b64encode(hashlib.sha1(PDF, usedforsecurity=False).digest()).decode()
    for name, value in (("hash", digest), ("size", len(PDF))):
        resource = put(resource, value, *ATTACHMENT, name)
    assert post(coffre, hospital, resource).status_code == 201
    (document,) = patient.documents()
    said = {
        "date": "2026-03-01T10:00:00+01:00",
        "description": "Lu une seconde fois.",
        "authors": ["Dr Anne Test"],
        "doc_status": "preliminary",
        "period": {"start": "2026-02-27", "end": "2026-02-28"},
        "master_identifier": "urn:oid:1.2.250.1.999.1",
    }
    assert {name: document.get(name) for name in said} == said


def identified(ins: str, content: bytes, value: str = "urn:oid:1.2.3") -> dict[str, Any]:
    return document_reference(ins, content) | {
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": value}
    }


def test_the_same_identifier_with_other_bytes_is_refused(coffre: Coffre, hospital: str) -> None:
    patient, other = coffre.open_record(), coffre.open_record()
    first = post(coffre, hospital, identified(patient.ins, PDF))
    again = post(coffre, hospital, identified(patient.ins, PDF))
    taken = post(coffre, hospital, identified(patient.ins, OTHER_PDF))
    assert (first.status_code, again.status_code) == (201, 200)
    assert (taken.status_code, outcome(taken)) == (422, "identifier_taken")
    assert [document["id"] for document in patient.documents()] == [first.json()["id"]]
    # with an identifier of its own it is another document; elsewhere the identifier is that record's affair
    for resource, token in (
        (identified(patient.ins, OTHER_PDF, "urn:oid:1.2.4"), hospital),
        (identified(other.ins, OTHER_PDF), hospital),
        (identified(patient.ins, OTHER_PDF), coffre.depositor(LABORATORY)),
    ):
        assert post(coffre, token, resource).status_code == 201


def test_bytes_known_under_another_identifier_do_not_pass_for_this_one(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    for content, value in ((PDF, "urn:oid:1.2.3"), (OTHER_PDF, "urn:oid:1.2.4")):
        assert post(coffre, hospital, identified(patient.ins, content, value)).status_code == 201
    crossed = post(coffre, hospital, identified(patient.ins, PDF, "urn:oid:1.2.4"))
    assert (crossed.status_code, outcome(crossed)) == (422, "identifier_taken")


def test_an_identifier_is_free_again_where_its_document_was_refused(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    refused = post(coffre, hospital, identified(patient.ins, demo_data.javascript_pdf()))
    assert refused.status_code == 422
    assert post(coffre, hospital, identified(patient.ins, PDF)).status_code == 201


def test_the_patient_may_be_named_by_a_conditional_reference(coffre: Coffre, hospital: str) -> None:
    patient = coffre.open_record()
    subject = {"reference": f"Patient?identifier=urn:oid:{INS_NIR_TEST}|{patient.ins}"}
    assert (
        post(coffre, hospital, document_reference(patient.ins, PDF) | {"subject": subject}).status_code == 201
    )
    assert len(patient.documents()) == 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content-Type": "application/fhir+xml"}, 415, "bad_content_type"),
        ({"Content-Type": "text/xml"}, 415, "bad_content_type"),
        ({"Content-Type": "application/fhir+json; charset=iso-8859-1"}, 415, "bad_content_type"),
        ({"Content-Type": "application/fhir+json; fhirVersion=5.0"}, 415, "bad_content_type"),
        ({"Content-Encoding": "gzip"}, 415, "bad_content_encoding"),
        ({"If-None-Exist": "identifier=1"}, 400, "unsupported_header"),
        ({"X-Provenance": "{}"}, 400, "unsupported_header"),
    ],
    ids=str,
)
def test_headers_are_honoured_or_refused(
    coffre: Coffre, person: Patient, hospital: str, headers: dict[str, str], status: int, code: str
) -> None:
    before = Before.of(coffre)
    answer = post(coffre, hospital, document_reference(person.ins, PDF), **headers)
    assert (answer.status_code, outcome(answer)) == (status, code)
    assert before.added() == {}


def test_an_answer_in_xml_is_refused_in_xml(coffre: Coffre, person: Patient, hospital: str) -> None:
    before = Before.of(coffre)
    answer = post(coffre, hospital, document_reference(person.ins, PDF), Accept="application/fhir+xml")
    assert (answer.status_code, answer.headers["content-type"]) == (406, "application/fhir+xml")
    assert "not_acceptable" in answer.text
    assert before.added() == {}


def test_charset_and_version_of_r4_are_taken_and_a_minimal_answer_has_no_body(
    coffre: Coffre, hospital: str
) -> None:
    patient = coffre.open_record()
    kind = "application/fhir+json; charset=UTF-8; fhirVersion=4.0"
    resource = document_reference(patient.ins, PDF)
    answer = post(coffre, hospital, resource, **{"Content-Type": kind, "Prefer": "return=minimal"})
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"]


@pytest.mark.parametrize("type_code", ["EXPPAT_1", "EXPPAT_3", "74465-6", "DOCPAT05", "REMB"])
def test_what_the_patient_expresses_and_the_insurer_counts_comes_from_no_hospital(
    coffre: Coffre, hospital: str, type_code: str
) -> None:
    patient = coffre.open_record()
    doctor = coffre.professional(structure=HOSPITAL)
    for token in (hospital, doctor):
        answer = coffre.publish_pdf(token, patient.ins, PDF, type_code=type_code)
        assert answer.status_code == 422
        (part,) = coffre.submission(token, answer)["parts"]
        assert (part["outcome"], part["code"]) == ("rejected", "depositor_not_entitled")
    assert patient.documents() == []


@pytest.mark.requirement("R44")
def test_the_health_insurer_s_feed_deposits_reimbursements_and_nothing_else(coffre: Coffre) -> None:
    patient = coffre.open_record()
    with coffre.system() as system:
        feed = Identities(system).depositor("1750000005", setting="AMO")
    assert coffre.publish_pdf(feed, patient.ins, PDF, type_code="REMB").status_code == 201
    assert coffre.publish_pdf(feed, patient.ins, PDF + b"\n", type_code="18748-4").status_code == 422
    assert [each["type"] for each in patient.documents()] == ["REMB"]
