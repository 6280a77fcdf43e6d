"""ITI-65 bundles as intake reads them: one set, one document; what is not understood is refused by name."""

import base64
import copy
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.intake.fhir.document_bundle import read_document_bundle
from records.errors import Invalid
from records.fhir.systems import LIST_TYPES

PDF = b"%PDF-1.7 un compte rendu"
INS = "177070109907768"
SUBJECT = {"reference": f"Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|{INS}"}
SET, DOCUMENT, CONTENT, PATIENT = (f"urn:uuid:aaaaaaaa-0000-4000-8000-00000000000{n}" for n in range(1, 5))


def entry(address: str, resource: dict[str, Any]) -> dict[str, Any]:
    kind = resource["resourceType"]
    return {"fullUrl": address, "resource": resource, "request": {"method": "POST", "url": kind}}


def bundle(**members: Any) -> dict[str, Any]:
    submission_set = {
        "resourceType": "List",
        "status": "current",
        "mode": "working",
        "title": "Bilan de mars",
        "identifier": [{"use": "usual", "system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4"}],
        "code": {"coding": [{"system": LIST_TYPES, "code": "submissionset"}]},
        "subject": SUBJECT,
        "date": "2026-06-12T10:00:00+02:00",
        "entry": [{"item": {"reference": DOCUMENT}}],
    }
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]},
        "subject": SUBJECT,
        "content": [{"attachment": {"contentType": "application/pdf", "url": CONTENT, "title": "Visite"}}],
    }
    content = {
        "resourceType": "Binary",
        "contentType": "application/pdf",
        "data": base64.b64encode(PDF).decode(),
    }
    entries = [entry(SET, submission_set), entry(DOCUMENT, document), entry(CONTENT, content)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries, **members}


def read(found: object) -> Any:
    return read_document_bundle(json.dumps(found).encode())


def test_a_set_with_its_document_and_content_is_read() -> None:
    found = read(bundle())
    assert found.kinds == ("List", "DocumentReference", "Binary")
    assert (found.document.content, found.document.type_code) == (PDF, "11488-4")
    assert found.document.ins == f"{INS}|1.2.250.1.213.1.4.10"
    assert found.document.kept["submissionSet"]["title"] == "Bilan de mars"
    assert "data" not in json.dumps(found.document.kept)


def test_the_content_may_stand_in_the_document_and_the_patient_in_the_bundle() -> None:
    sent = bundle()
    attachment = sent["entry"][1]["resource"]["content"][0]["attachment"]
    attachment["data"] = sent["entry"].pop()["resource"]["data"]
    del attachment["url"]
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": INS}],
        "name": [{"family": "Nomdessai"}],
    }
    sent["entry"].append(entry(PATIENT, patient))
    for each in sent["entry"][:2]:
        each["resource"]["subject"] = {"reference": PATIENT}
    found = read(sent)
    assert found.document.ins == f"{INS}|1.2.250.1.213.1.4.10"
    assert found.kinds[-1] == "Patient"
    assert [each.family_names for each in found.document.patients] == [("Nomdessai",)]


def put(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(sent: dict[str, Any]) -> None:
        for step in path[:-1]:
            sent = sent[step]
        if value is None:
            del sent[path[-1]]
        else:
            sent[path[-1]] = value

    return change


def again(number: int) -> Callable[[dict[str, Any]], None]:
    return lambda sent: sent["entry"].append(copy.deepcopy(sent["entry"][number]))


LIST, RESOURCE = ("entry", 0, "resource"), ("entry", 1, "resource")
FOLDER = entry("urn:uuid:f", {"resourceType": "Observation"})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (put("resourceType", value="DocumentReference"), "bad_resource"),
        (put("type", value="batch"), "bad_bundle"),
        (put("entry", value=[]), "bad_bundle"),
        (put("signature", value={"data": "…"}), "bundle_not_supported"),
        (put("meta", value={"security": [{"code": "R"}]}), "label_not_supported"),
        (put(*LIST, "meta", value={"security": [{"code": "R"}]}), "label_not_supported"),
        (lambda sent: sent["entry"].append(FOLDER), "bundle_not_supported"),
        (again(1), "too_many_documents"),
        (again(0), "too_many_documents"),
        (put("entry", 0, value=None), "bad_bundle"),
        (put("entry", 1, value=None), "bad_bundle"),
        (put("entry", 1, "request", value={"method": "PUT", "url": "DocumentReference"}), "bad_bundle"),
        (put("entry", 1, "request", "ifNoneExist", value="identifier=1"), "bundle_not_supported"),
        (put(*LIST, "status", value="retired"), "bad_bundle"),
        (put(*LIST, "code", "coding", value=[{"code": "folder"}]), "bad_bundle"),
        (put(*LIST, "entry", value=[{"item": {"reference": "urn:uuid:another"}}]), "bad_bundle"),
        (put(*LIST, "subject", value={"reference": "Patient?identifier=urn:oid:1.2|1"}), "bad_bundle"),
        (put(*RESOURCE, "content", 0, "attachment", "url", value="urn:uuid:another"), "bad_bundle"),
        (put("entry", 2, "resource", "contentType", value="text/plain"), "bad_bundle"),
        (put("entry", 2, "resource", "securityContext", value={"reference": "x"}), "bundle_not_supported"),
        (put("entry", 2, value=None), "bad_content"),
        (put(*RESOURCE, "status", value="superseded"), "bad_status"),
        (put(*RESOURCE, "relatesTo", value=[{"code": "replaces"}]), "relation_not_supported"),
        (put(*RESOURCE, "type", "coding", value=[{"code": "1-1"}]), "type_unknown"),
    ],
)
def test_what_is_wrong_or_not_understood_has_its_code(
    change: Callable[[dict[str, Any]], None], code: str
) -> None:
    sent = bundle()
    change(sent)
    with pytest.raises(Invalid) as refusal:
        read(sent)
    assert refusal.value.code == code
    assert INS not in refusal.value.sentence


@given(st.data())
def test_whatever_stands_in_a_bundle_is_read_or_refused(data: st.DataObject) -> None:
    sent: Any = bundle()
    inner: Any = sent
    while isinstance(inner, dict | list) and inner:
        steps = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        step = data.draw(st.sampled_from(steps))
        if data.draw(st.booleans()):
            inner[step] = data.draw(
                st.none() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({})
            )
            break
        inner = inner[step]
    with suppress(Invalid):
        read(sent)
