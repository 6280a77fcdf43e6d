"""ITI-65 bundles as intake reads them: one set with its documents; what it does not know is refused."""

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
    assert [kind for kind, _ in found.entries] == ["List", "DocumentReference", "Binary"]
    assert (found.documents[0].content, found.documents[0].type_code) == (PDF, "11488-4")
    assert found.documents[0].ins == f"{INS}|1.2.250.1.213.1.4.10"
    assert found.documents[0].kept["submissionSet"]["title"] == "Bilan de mars"
    assert "data" not in json.dumps(found.documents[0].kept)


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
    assert found.documents[0].ins == f"{INS}|1.2.250.1.213.1.4.10"
    assert found.entries[-1][0] == "Patient"
    assert [each.family_names for each in found.documents[0].patients] == [("Nomdessai",)]


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
        (again(1), "bad_bundle"),  # two of one address
        (again(2), "bad_bundle"),
        (
            lambda sent: sent["entry"].extend(copy.deepcopy(sent["entry"][1]) for _ in range(100)),
            "too_many_documents",
        ),
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


def several(*contents: bytes) -> dict[str, Any]:
    """A set of documents, each with its Binary; the Binaries stand in the other direction."""
    sent = bundle()
    (one, document, binary), listed, binaries = sent["entry"], [], []
    for at, content in enumerate(contents):
        addresses = [f"urn:uuid:{kind}aaaaaaa-0000-4000-8000-00000000000{at}" for kind in "bc"]
        mine, its = copy.deepcopy(document["resource"]), copy.deepcopy(binary["resource"])
        mine["content"][0]["attachment"] |= {"url": addresses[1], "title": f"Document {at}"}
        its["data"] = base64.b64encode(content).decode()
        listed.append(entry(addresses[0], mine))
        binaries.insert(0, entry(addresses[1], its))
    one["resource"]["entry"] = [{"item": {"reference": each["fullUrl"]}} for each in reversed(listed)]
    return {**sent, "entry": [one, *listed, *binaries]}


def test_documents_of_one_set_have_each_its_own_content() -> None:
    found = read(several(b"%PDF-1.7 un", b"%PDF-1.7 deux"))
    assert [(each.title, each.content) for each in found.documents] == [
        ("Document 0", b"%PDF-1.7 un"),
        ("Document 1", b"%PDF-1.7 deux"),
    ]
    assert found.entries == (
        ("List", None),
        ("DocumentReference", 0),
        ("DocumentReference", 1),
        ("Binary", 1),
        ("Binary", 0),
    )
    assert [found.place(at) for at in (0, 1)] == [1, 2]
    assert {each.kept["submissionSet"]["title"] for each in found.documents} == {"Bilan de mars"}


OTHERS = {"reference": "Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|155067200010159"}
MASKED = [{"coding": [{"code": "MASQUE_PS"}]}]
NAMED = {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}
FIRST, SECOND = (("entry", at, "resource") for at in (1, 2))


def named_alike(sent: dict[str, Any]) -> None:
    for at in (1, 2):
        sent["entry"][at]["resource"]["masterIdentifier"] = dict(NAMED)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (put(*SECOND, "subject", value=OTHERS), "bad_bundle"),
        (put(*SECOND, "securityLabel", value=MASKED), "bundle_not_supported"),
        (named_alike, "bad_bundle"),
        (lambda sent: sent["entry"][0]["resource"]["entry"].pop(), "bad_bundle"),
        (lambda sent: sent["entry"].pop(), "bad_content"),
        (
            put(
                *FIRST,
                "content",
                0,
                "attachment",
                "url",
                value="urn:uuid:caaaaaaa-0000-4000-8000-000000000001",
            ),
            "bad_bundle",
        ),
    ],
)
def test_documents_that_are_no_set_are_refused(change: Callable[[dict[str, Any]], None], code: str) -> None:
    sent = several(PDF, PDF + b" deux")
    change(sent)
    with pytest.raises(Invalid) as refusal:
        read(sent)
    assert refusal.value.code == code


@given(st.data())
def test_whatever_stands_in_a_bundle_is_read_or_refused(data: st.DataObject) -> None:
    sent: Any = several(PDF, PDF)
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
