"""What FHIR clients ask first: /fhir/metadata, the address of what they published, OPTIONS and HEAD."""

import re
from uuid import uuid4

import httpx
import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from coffre.demonstration.files import data as demo_data
from records.profile.kinds import RESOURCES
from tests.integration.support import (
    COLLEAGUE,
    HOSPITAL,
    LABORATORY,
    Coffre,
    Patient,
    bearer,
    document_reference,
)

PDF = demo_data.report_pdf()


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture(scope="module")
def hospital(coffre: Coffre) -> str:
    return coffre.depositor(HOSPITAL)


@pytest.fixture(scope="module")
def published(coffre: Coffre, hospital: str, person: Patient) -> httpx.Response:
    resource = document_reference(person.ins, PDF, title="Compte rendu") | {
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"},
        "author": [{"reference": "#d"}],
        "contained": [{"resourceType": "Practitioner", "id": "d", "name": [{"text": "Dr Anne Test"}]}],
        "date": "2026-03-01",
        "description": "Lu une seconde fois.",
    }
    answer = coffre.http.post("/fhir/DocumentReference", json=resource, headers=bearer(hospital))
    assert answer.status_code == 201, answer.text
    return answer


def get(coffre: Coffre, address: str, token: str, **headers: str) -> httpx.Response:
    answer = coffre.http.get(address, headers={**bearer(token), **headers})
    assert answer.headers["content-type"] == "application/fhir+json"
    return answer


def outcome(answer: httpx.Response) -> str:
    assert answer.json()["resourceType"] == "OperationOutcome"
    code: str = answer.json()["issue"][0]["details"]["coding"][0]["code"]
    return code


def test_metadata_tells_what_is_here_to_whoever_asks(coffre: Coffre) -> None:
    answer = coffre.http.get(
        "/fhir/metadata", headers={"Accept": "application/fhir+json;q=1.0, text/html;q=0.1"}
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    statement = answer.json()
    assert (statement["resourceType"], statement["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    assert statement["implementation"]["url"] == f"{coffre.url}/fhir"
    (rest,) = statement["rest"]
    told = {each["type"]: {i["code"] for i in each["interaction"]} for each in rest["resource"]}
    declared = {"create", "update", "history-instance", "vread", "read", "search-type"}
    assert told == {
        **dict.fromkeys(RESOURCES, declared),
        "AuditEvent": {"search-type"},
        "Binary": {"read"},
        "DocumentReference": {"create", "read", "patch", "delete", "search-type"},
        "ImagingStudy": {"read", "search-type"},
        "List": {"read", "search-type"},
        "Patient": {"read", "search-type"},
    }


INTERACTIONS = {
    "create": {("post", "")},
    "read": {("get", "/{}")},
    "update": {("put", "/{}")},
    "patch": {("patch", "/{}"), ("patch", "")},  # R4 has no word for the conditional one
    "delete": {("delete", "/{}")},
    "history-instance": {("get", "/{}/_history")},
    "vread": {("get", "/{}/_history/{}")},
    "search-type": {("get", ""), ("post", "/_search")},
}


def test_metadata_names_every_route_and_no_other(coffre: Coffre) -> None:
    (rest,) = coffre.http.get("/fhir/metadata").json()["rest"]
    told = {
        (method, f"/fhir/{each['type']}{below}")
        for each in rest["resource"]
        for interaction in each["interaction"]
        for method, below in INTERACTIONS[interaction["code"]]
    }
    answered = {
        (method, re.sub(r"{[^}]*}", "{}", path.replace("{declared}", resource)))
        for path, methods in coffre.http.get("/openapi.json").json()["paths"].items()
        for method in methods
        for resource in (RESOURCES if "{declared}" in path else [""])
        if path.startswith("/fhir/") and path != "/fhir/metadata" and method != "head"
    }
    assert told == answered


def test_each_search_parameter_that_metadata_names_is_known(coffre: Coffre, person: Patient) -> None:
    (rest,) = coffre.http.get("/fhir/metadata").json()["rest"]
    for each in rest["resource"]:
        for parameter in each.get("searchParam", ()):
            if each["type"] == "Patient" or parameter["name"].startswith("patient"):
                continue
            asked = {"patient": str(person.public_id), f"{parameter['name']}:missing": "false"}
            headers = {**bearer(person.token), "Prefer": "handling=strict"}
            answer = coffre.http.get(f"/fhir/{each['type']}", params=asked, headers=headers)
            assert answer.status_code == 200, (each["type"], parameter["name"], answer.text)


def test_metadata_is_json_or_xml_or_nothing(coffre: Coffre) -> None:
    for address, headers in (
        ("/fhir/metadata", {"Accept": "application/fhir+turtle"}),
        ("/fhir/metadata?_format=ttl", {}),
    ):
        answer = coffre.http.get(address, headers=headers)
        assert (answer.status_code, outcome(answer)) == (406, "not_acceptable")
    for asked in (
        {"Accept": "application/fhir+xml"},
        {"Accept": "application/json;q=0.5, application/xml;q=0.9"},
    ):
        answer = coffre.http.get("/fhir/metadata", headers=asked)
        assert answer.headers["content-type"] == "application/fhir+xml"
        assert CapabilityStatement.model_validate_xml(answer.content).fhirVersion == "4.0.1"
    assert coffre.http.get("/fhir/metadata?_format=json").status_code == 200
    assert coffre.http.get("/fhir/metadata?_format=application/fhir+json").status_code == 200


def test_a_depositor_reads_at_its_location_that_the_document_is_there(
    coffre: Coffre, hospital: str, published: httpx.Response
) -> None:
    answer = get(coffre, published.headers["location"], hospital)
    assert answer.status_code == 200
    assert answer.json()["id"] == published.json()["id"]
    assert answer.json()["status"] == "current"
    assert "Anne" not in answer.text and "Compte rendu" not in answer.text


def test_the_holder_reads_there_what_a_list_shows_and_it_is_on_the_log(
    coffre: Coffre, person: Patient, published: httpx.Response
) -> None:
    before = len(person.log())
    answer = get(coffre, published.headers["location"], person.token)
    assert answer.status_code == 200
    found = answer.json()
    assert found["masterIdentifier"] == {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}
    assert found["author"] == [{"display": "Dr Anne Test"}]
    assert found["content"][0]["attachment"]["title"] == "Compte rendu"
    assert found["content"][0]["attachment"]["contentType"] == "application/pdf"
    (as_sent,) = found["_date"]["extension"]
    assert (as_sent["valueString"], found["description"]) == ("2026-03-01", "Lu une seconde fois.")
    assert found["date"] == found["meta"]["lastUpdated"], "R4 has an instant here, and a day is none"
    assert found["securityLabel"][0]["coding"][0]["code"] == "N"
    assert found["type"]["coding"][0]["code"] == "18748-4"
    assert "data" not in found["content"][0]["attachment"]
    assert len(person.log()) == before + 2, "the read, and the look at the log before it"


def test_no_right_hidden_and_absent_read_alike(
    coffre: Coffre, person: Patient, hospital: str, published: httpx.Response
) -> None:
    patient, doctor = coffre.open_record(), coffre.professional()
    masked = coffre.publish_pdf(hospital, patient.ins, PDF).json()["id"]
    patient.authorise()
    assert get(coffre, f"/fhir/DocumentReference/{masked}", doctor).status_code == 200
    path = f"/documents/{masked}/labels"
    assert patient.call("PUT", path, json=["MASQUE_PS"]).status_code == 200
    refused = [
        get(coffre, f"/fhir/DocumentReference/{masked}", doctor),
        get(coffre, f"/fhir/DocumentReference/{uuid4()}", doctor),
        get(coffre, f"/fhir/DocumentReference/{uuid4()}", person.token),
        get(coffre, "/fhir/DocumentReference/7", doctor),
        get(coffre, published.headers["location"], coffre.professional(COLLEAGUE)),
        get(coffre, published.headers["location"], coffre.depositor(LABORATORY)),
        get(coffre, published.headers["location"], patient.token),
    ]
    assert {(each.status_code, each.text) for each in refused} == {(404, refused[0].text)}
    assert outcome(refused[0]) == "no_such_document"


def test_without_a_credential_it_is_401(coffre: Coffre, published: httpx.Response) -> None:
    for headers in ({}, bearer("x.y.z")):
        answer = coffre.http.get(published.headers["location"], headers=headers)
        assert answer.status_code == 401
        assert outcome(answer)


def test_head_and_options_are_answered_on_every_fhir_address(
    coffre: Coffre, hospital: str, published: httpx.Response
) -> None:
    for address in ("/fhir/metadata", published.headers["location"]):
        whole = coffre.http.get(address, headers=bearer(hospital))
        head = coffre.http.head(address, headers=bearer(hospital))
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]
    for address, methods in (
        ("/fhir/metadata", "GET, HEAD, OPTIONS"),
        ("/fhir/DocumentReference", "GET, HEAD, OPTIONS, PATCH, POST"),
        (published.headers["location"], "DELETE, GET, HEAD, OPTIONS, PATCH"),
    ):
        answer = coffre.http.options(address)
        assert (answer.status_code, answer.headers["allow"]) == (204, methods)
