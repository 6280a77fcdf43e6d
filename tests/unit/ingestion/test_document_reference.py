"""DocumentReference: every element of FHIR R4 is honoured, kept, without effect, or refused by name."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.intake.fhir.document_reference import PublishedDocument, read_document_reference
from ingestion.intake.fhir.document_reference_elements import ELEMENTS
from ingestion.intake.treatments import Treatment
from records.errors import Invalid
from records.fhir.systems import VISIBILITY
from records.people.identity import INS_NIR_TEST
from records.vocabulary.codes import Label

CONTENT = b"%PDF-1.4 any bytes: they are judged elsewhere"
INS = "277079999900167"
MARK = "a-mark-of-its-own"
DAY = "2026-03-01T10:00:00+01:00"

# FHIR R4 sections 10.3.3, 2.24.0.10 and 2.3.0: every element with its type; * repeats
R4: dict[str, str] = {
    "DocumentReference": """
        id:id meta:Meta implicitRules:uri language:code text:Narrative contained:Resource*
        extension:Extension* modifierExtension:Extension* masterIdentifier:Identifier
        identifier:Identifier* status:code docStatus:code
        type:CodeableConcept category:CodeableConcept* subject:Reference date:instant author:Reference*
        authenticator:Reference custodian:Reference relatesTo:RelatesTo* description:string
        securityLabel:CodeableConcept* content:Content* context:Context""",
    "RelatesTo": "id:id extension:Extension* modifierExtension:Extension* code:code target:Reference",
    "Content": "id:id extension:Extension* modifierExtension:Extension* attachment:Attachment format:Coding",
    "Context": """
        id:id extension:Extension* modifierExtension:Extension* encounter:Reference* event:CodeableConcept*
        period:Period facilityType:CodeableConcept practiceSetting:CodeableConcept sourcePatientInfo:Reference
        related:Reference*""",
    "Attachment": """
        id:id extension:Extension* contentType:code language:code data:base64Binary url:url size:unsignedInt
        hash:base64Binary title:string creation:dateTime""",
    "Meta": """
        id:id extension:Extension* versionId:id lastUpdated:instant source:uri profile:canonical*
        security:Coding* tag:Coding*""",
    "Narrative": "id:id extension:Extension* status:code div:xhtml",
    "Identifier": """
        id:id extension:Extension* use:code type:CodeableConcept system:uri value:string period:Period
        assigner:Reference""",
    "CodeableConcept": "id:id extension:Extension* coding:Coding* text:string",
    "Coding": """
        id:id extension:Extension* system:uri version:string code:code display:string userSelected:boolean""",
    "Reference": "id:id extension:Extension* reference:string type:uri identifier:Identifier display:string",
    "Period": "id:id extension:Extension* start:dateTime end:dateTime",
}
BACKBONE = {"RelatesTo": "relatesTo", "Content": "content", "Context": "context"}
VALUES: dict[str, Any] = {
    "instant": DAY,
    "dateTime": DAY,
    "unsignedInt": len(CONTENT),
    "boolean": True,
    "Extension": {"url": "urn:x", "valueString": MARK},
    "Resource": {"resourceType": "Device", "id": "d", "deviceName": [{"name": MARK}]},
}
SPECIAL: dict[str, Any] = {
    "status": "current",
    "docStatus": "amended",
    "content": {"attachment": {}},
    "context": {"event": [{"text": MARK}]},
    "type": {"coding": [{"code": "18748-4"}]},
    "securityLabel": {"coding": [{"code": "N"}]},
    "Meta.security": {"code": "N"},
    "Attachment.contentType": "application/pdf",
    "Attachment.data": base64.b64encode(CONTENT).decode(),
    "Attachment.hash": base64.b64encode(hashlib.sha1(CONTENT, usedforsecurity=False).digest()).decode(),
    "subject": {"reference": f"Patient?identifier=urn:oid:{INS_NIR_TEST}|{INS}"},
}


def elements(type_name: str) -> Iterator[tuple[str, str, bool]]:
    for each in R4[type_name].split():
        name, _, kind = each.partition(":")
        yield name, kind.removesuffix("*"), kind.endswith("*")


def path_of(type_name: str, name: str) -> str:
    """As the table names it."""
    if type_name == "DocumentReference":
        return name
    return f"{BACKBONE.get(type_name, type_name)}.{name}"


ALL = [(path_of(t, name), kind, many) for t in R4 for name, kind, many in elements(t)]
# where a data type can be filled without hitting another rule
HOST = {
    "Attachment": ("content", "attachment"),
    "Meta": ("meta",),
    "Narrative": ("text",),
    "Identifier": ("masterIdentifier",),
    "CodeableConcept": ("context", "facilityType"),
    "Coding": ("content", "format"),
    "Reference": ("custodian",),
    "Period": ("context", "period"),
    "RelatesTo": ("relatesTo",),
    "Content": ("content",),
    "Context": ("context",),
}


def minimal() -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18748-4"}]},
        "subject": {"identifier": {"system": f"urn:oid:{INS_NIR_TEST}", "value": INS}},
        "content": [
            {
                "attachment": {
                    "contentType": "application/pdf",
                    "data": base64.b64encode(CONTENT).decode(),
                    "title": "Compte rendu",
                }
            }
        ],
    }


def sample(path: str, kind: str) -> Any:
    if path in SPECIAL:
        return SPECIAL[path]
    if kind in R4:
        plain = [each for each in elements(kind) if each[1] not in R4 and each[1] != "Extension"]
        return {
            name: [v] if many else v for name, k, many in plain[1:5] for v in [sample(path_of(kind, name), k)]
        }
    return VALUES.get(kind, MARK)


def filled(path: str, kind: str, many: bool) -> dict[str, Any]:
    """The minimal resource with this one element too."""
    owner, _, name = path.rpartition(".")
    found = minimal()
    type_name = next((t for t, p in BACKBONE.items() if p == owner), owner or "DocumentReference")
    inner: Any = found
    for step in HOST.get(type_name, ()):
        inner = inner.setdefault(step, [{}] if step == "relatesTo" else {})
        inner = inner[0] if isinstance(inner, list) else inner
    if type_name == "Identifier":
        inner["value"] = "1.2.3"
    value = sample(path, kind)
    if path == "content":
        return found
    inner[name] = [value] if many else value
    return found


def read(resource: Any) -> PublishedDocument:
    return read_document_reference(json.dumps(resource).encode())


def refusal(resource: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(resource)
    return caught.value


def test_the_table_has_every_element_of_r4_and_no_other() -> None:
    assert {path for path, _, _ in ALL} == set(ELEMENTS)


@pytest.mark.parametrize(("path", "kind", "many"), ALL, ids=[path for path, _, _ in ALL])
def test_each_element_has_the_fate_that_the_table_tells(path: str, kind: str, many: bool) -> None:
    rule, resource = ELEMENTS[path], filled(path, kind, many)
    if rule.treatment is Treatment.REFUSED:
        assert refusal(resource).code == rule.code
        return
    kept = json.dumps(read(resource).declared().to_json())
    assert rule.code == ""
    expected = {Treatment.KEPT: True, Treatment.HARMLESS: False}.get(rule.treatment)
    if expected is not None:
        mark = (
            DAY if kind in ("instant", "dateTime", "Period") else "amended" if path == "docStatus" else MARK
        )
        assert kind == "boolean" or (mark in kept) is expected


@pytest.mark.parametrize(("path", "kind", "many"), ALL, ids=[path for path, _, _ in ALL])
def test_an_element_of_another_shape_is_refused_with_a_code(path: str, kind: str, many: bool) -> None:
    for wrong in ({"x": {}}, [[]], 7.5, {}):
        resource = filled(path, kind, many)
        owner, _, name = path.rpartition(".")
        type_name = next((t for t, p in BACKBONE.items() if p == owner), owner or "DocumentReference")
        inner: Any = resource
        for step in HOST.get(type_name, ()):
            inner = inner[step][0] if isinstance(inner[step], list) else inner[step]
        inner[name] = wrong
        try:
            read(resource)
        except Invalid as refused:
            assert refused.code
            assert MARK not in refused.sentence


def test_what_r4_does_not_define_is_refused_and_its_name_not_repeated() -> None:
    for resource in (
        minimal() | {"DUPONT": "x"},
        minimal() | {"context": {"DUPONT": "x"}},
        minimal() | {"_DUPONT": {}},
    ):
        refused = refusal(resource)
        assert refused.code == "unknown_element"
        assert "DUPONT" not in refused.sentence


def test_ids_and_extensions_of_primitives_say_nothing_that_counts() -> None:
    shadow = {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}
    assert read(minimal() | {"_date": shadow, "_status": {"id": "a"}}).date is None
    assert refusal(minimal() | {"_date": {"value": "2026"}}).code == "unknown_element"


def test_a_member_given_twice_is_refused() -> None:
    twice = json.dumps(minimal()).replace(
        '"status": "current"', '"status": "current", "status": "superseded"'
    )
    with pytest.raises(Invalid) as caught:
        read_document_reference(twice.encode())
    assert caught.value.code == "member_twice"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026", True),
        ("2026-02", True),
        ("2024-02-29", True),
        ("2026-03-01T10:00:00Z", True),
        ("2026-03-01T10:00:00.123456789+01:00", True),
        ("2016-12-31T23:59:60Z", True),
        ("hier", False),
        ("", False),
        ("2026-13-45", False),
        ("2026-02-29", False),
        ("0000", False),
        ("2026-03-01T10:00:00", False),
        ("2026-03-01T24:00:00Z", False),
        ("2026-03-01 10:00:00Z", False),
        ("01/03/2026", False),
        ("٢٠٢٦", False),
    ],
)
def test_dates_are_dates(text: str, good: bool) -> None:
    for resource in (
        minimal() | {"date": text},
        minimal() | {"context": {"period": {"start": text}}},
        minimal() | {"content": [{"attachment": minimal()["content"][0]["attachment"] | {"creation": text}}]},
    ):
        if good:
            read(resource)
        else:
            assert refusal(resource).code == "bad_date"


@pytest.mark.parametrize(
    ("start", "end", "good"),
    [
        ("2026-03-01", "2026-03-01", True),
        ("2026-03-02", "2026-03-01", False),
        ("2026-03-15", "2026-03", True),
        ("2026-03-01T23:30:00-05:00", "2026-03-02T03:00:00Z", False),
        ("2026-03-01T23:30:00+05:00", "2026-03-01T20:00:00Z", True),
    ],
)
def test_a_period_ends_after_it_begins(start: str, end: str, good: bool) -> None:
    resource = minimal() | {"context": {"period": {"start": start, "end": end}}}
    assert read(resource) if good else refusal(resource).code == "bad_date"


def with_attachment(**more: Any) -> dict[str, Any]:
    found = minimal()
    found["content"][0]["attachment"] |= more
    return found


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"hash": base64.b64encode(bytes(20)).decode()}, "hash_mismatch"),
        ({"hash": base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}, "hash_mismatch"),
        ({"hash": hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()}, "hash_mismatch"),
        ({"hash": "****"}, "hash_mismatch"),
        ({"size": len(CONTENT) + 1}, "size_mismatch"),
        ({"size": str(len(CONTENT))}, "bad_content"),
        ({"size": True}, "bad_content"),
        ({"size": -1}, "bad_content"),
    ],
)
def test_hash_and_size_are_verified(more: dict[str, Any], code: str) -> None:
    assert refusal(with_attachment(**more)).code == code


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ({"coding": [{"code": "N"}]}, None),
        ({"coding": [{"system": "urn:oid:2.16.840.1.113883.5.25", "code": "N"}]}, None),
        ({"coding": [{"system": "urn:x", "code": "N"}]}, "unknown_label"),
        ({"coding": [{"code": "N"}, {"code": "MASQUE_PS"}]}, None),
        ({"coding": [{"code": "INVISIBLE_PATIENT"}]}, None),
        ({"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": "MASQUE_PS"}]}, None),
        ({"coding": [{"system": "urn:x", "code": "MASQUE_PS"}]}, "unknown_label"),
        ({"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.13", "code": "N"}]}, "unknown_label"),
        ({"coding": [{"code": "MASQUE_PS"}, {"code": "INVISIBLE_PATIENT"}]}, "labels_conflict"),
        ({"coding": [{"code": "R"}]}, "label_not_supported"),
        ({"coding": [{"code": "V"}]}, "label_not_supported"),
        ({"coding": [{"code": "n"}]}, "unknown_label"),
        ({"coding": [{"code": "HIV"}]}, "unknown_label"),
        ({"coding": [{"display": "masqué"}]}, "unknown_label"),
        ({"text": "masqué"}, "unknown_label"),
        ({}, "unknown_label"),
    ],
)
def test_no_label_is_dropped(label: dict[str, Any], code: str | None) -> None:
    resource = minimal() | {"securityLabel": [{"coding": [{"code": "N"}]}, label]}
    if code is None:
        read(resource)
    else:
        assert refusal(resource).code == code
    if label.get("coding"):
        labelled = minimal() | {"meta": {"security": label["coding"]}}
        assert (refusal(labelled).code if code else read(labelled)) == (code or read(labelled))


@pytest.mark.parametrize("place", ["securityLabel", "meta.security"])
def test_labels_are_what_the_document_is_deposited_with(place: str) -> None:
    coding = [{"system": VISIBILITY, "code": "MASQUE_PS"}]
    stated = {"securityLabel": [{"coding": coding}]} if "Label" in place else {"meta": {"security": coding}}
    found = read(minimal() | stated)
    assert found.labels == {Label.MASQUE_PS}
    assert "securityLabel" not in found.kept  # labels change; what was sent would be shown for ever


def test_test_data_is_recognised() -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
    assert read(minimal() | {"meta": {"security": [{"system": system, "code": "HTEST"}]}}).test_data
    assert not read(minimal()).test_data


IDENTIFIER = {"system": f"urn:oid:{INS_NIR_TEST}", "value": INS}
CONTAINED = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:x", "value": "7"}, IDENTIFIER],
}


@pytest.mark.parametrize(
    ("subject", "contained"),
    [
        ({"identifier": IDENTIFIER}, []),
        ({"identifier": {"value": f"urn:oid:{INS_NIR_TEST}|{INS}"}}, []),
        ({"reference": f"Patient?identifier=urn:oid:{INS_NIR_TEST}|{INS}"}, []),
        ({"reference": f"Patient?identifier=urn%3Aoid%3A{INS_NIR_TEST}%7C{INS}", "type": "Patient"}, []),
        ({"reference": "#p"}, [CONTAINED]),
        ({"reference": "#p", "identifier": IDENTIFIER, "display": "Test"}, [CONTAINED]),
        ({"reference": "Patient/of-the-sender", "identifier": IDENTIFIER}, []),
    ],
)
def test_the_patient_is_named_in_the_forms_of_the_national_guide(
    subject: dict[str, Any], contained: list[dict[str, Any]]
) -> None:
    assert read(minimal() | {"subject": subject, "contained": contained}).ins == f"{INS}|{INS_NIR_TEST}"


OTHER = {"system": f"urn:oid:{INS_NIR_TEST}", "value": "255069900000159"}


@pytest.mark.parametrize(
    ("subject", "contained"),
    [
        ({}, []),
        ({"display": "somebody"}, []),
        ({"reference": "Patient/17"}, []),
        ({"reference": "Patient?identifier="}, []),
        ({"reference": f"Patient?identifier={INS}"}, []),
        ({"reference": f"Patient?identifier=urn:oid:{INS_NIR_TEST}|{INS}&name=x"}, []),
        ({"reference": f"Patient?name=urn:oid:{INS_NIR_TEST}|{INS}"}, []),
        ({"reference": "#p"}, []),
        ({"reference": "#p"}, [CONTAINED, CONTAINED]),
        ({"reference": "#p"}, [CONTAINED | {"resourceType": "Person"}]),
        ({"reference": "#p"}, [CONTAINED | {"identifier": [{"system": "urn:x", "value": "7"}]}]),
        ({"reference": "#p"}, [CONTAINED | {"identifier": [IDENTIFIER, OTHER]}]),
        ({"reference": "#p", "identifier": OTHER}, [CONTAINED]),
        ({"reference": "Device/7", "identifier": IDENTIFIER}, []),
        ({"type": "Group", "identifier": IDENTIFIER}, []),
    ],
)
def test_a_subject_that_names_no_patient_or_two_is_refused(
    subject: dict[str, Any], contained: list[dict[str, Any]]
) -> None:
    refused = refusal(minimal() | {"subject": subject, "contained": contained})
    assert refused.code == "bad_subject"
    assert INS not in refused.sentence


def test_what_changes_the_meaning_is_refused_inside_contained_resources_too() -> None:
    for member, code in (("modifierExtension", "modifier_extension"), ("implicitRules", "implicit_rules")):
        patient = CONTAINED | {member: [{"url": "urn:x"}] if code == "modifier_extension" else "urn:x"}
        assert refusal(minimal() | {"contained": [patient]}).code == code


def test_authors_are_named_as_lists_show_them() -> None:
    contained = [
        {
            "resourceType": "Practitioner",
            "id": "d",
            "name": [{"family": "Test", "given": ["Anne"], "prefix": ["Dr"]}],
        },
        {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "#d"}},
        {"resourceType": "Organization", "id": "o", "name": "CHU"},
    ]
    author = [
        {"display": "Dr\x1b X"},
        {"reference": "#d"},
        {"reference": "#r"},
        {"reference": "#o"},
        {"identifier": {"value": "899700024450"}},
        {"reference": "Practitioner/7"},
    ]
    document = read(minimal() | {"contained": contained, "author": author})
    assert document.authors == ("Dr  X", "Dr Anne Test", "Dr Anne Test", "CHU", "899700024450")
    assert "#" not in json.dumps(document.kept), "what is not kept is not referred to"


def test_a_contained_role_that_refers_to_itself_has_an_end() -> None:
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "#r"}}
    assert read(minimal() | {"contained": [role], "author": [{"reference": "#r"}]}).authors == ()


def test_what_is_kept_has_an_end() -> None:
    long = [{"text": "x" * 1000} for _ in range(99)]
    assert refusal(minimal() | {"category": long}).code == "too_large"
    assert refusal(minimal() | {"description": "x" * 4097}).code == "bad_element"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PLACES = [path.split(".") for path, _, _ in ALL if path[0].islower() and path != "resourceType"]


@given(place=st.sampled_from(PLACES), value=JSON, deep=st.booleans())
def test_no_value_anywhere_is_anything_but_read_or_refused(place: list[str], value: Any, deep: bool) -> None:
    resource: Any = minimal()
    inner = resource
    for step in place[:-1]:
        inner = inner.setdefault(step, {})
        inner = inner[0] if isinstance(inner, list) else inner
    inner[place[-1]] = [value] if deep else value
    try:
        declared = read(resource).declared().to_json()
    except Invalid as refused:
        assert refused.code
    else:
        json.dumps(declared, ensure_ascii=False).encode()
