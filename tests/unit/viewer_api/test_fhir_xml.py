"""Answers in XML are those in JSON: the tables follow FHIR R4, and a reader gets back what was written."""

import re
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from viewer_api.fhir.forms.element_order import TYPES
from viewer_api.fhir.forms.xml_form import written

# our short names for elements that are nested in one resource
NESTED = {
    "DocumentContent": "DocumentReferenceContent",
    "DocumentContext": "DocumentReferenceContext",
    "Link": "BundleLink",
    "Entry": "BundleEntry",
    "EntrySearch": "BundleEntrySearch",
    "Issue": "OperationOutcomeIssue",
    "Software": "CapabilityStatementSoftware",
    "Implementation": "CapabilityStatementImplementation",
    "Rest": "CapabilityStatementRest",
    "Security": "CapabilityStatementRestSecurity",
    "RestResource": "CapabilityStatementRestResource",
    "Interaction": "CapabilityStatementRestResourceInteraction",
    "SystemInteraction": "CapabilityStatementRestInteraction",
    "SearchParam": "CapabilityStatementRestResourceSearchParam",
    "AuditAgent": "AuditEventAgent",
    "AuditSource": "AuditEventSource",
    "AuditEntity": "AuditEventEntity",
    "AuditDetail": "AuditEventEntityDetail",
    "ListEntry": "ListEntry",
    "ConsentVerification": "ConsentVerification",
    "ConsentPolicy": "ConsentPolicy",
    "ConsentProvision": "ConsentProvision",
    "ConsentActor": "ConsentProvisionActor",
    "ConsentData": "ConsentProvisionData",
    "ImagingSeries": "ImagingStudySeries",
    "AllergyReaction": "AllergyIntoleranceReaction",
}


@pytest.mark.parametrize("name", sorted(TYPES.keys() - {"Element"}))
def test_members_stand_in_the_order_of_r4(name: str) -> None:
    model: Any = get_fhir_model_class(NESTED.get(name, name))
    order = [each for each in model.elements_sequence() if each in TYPES[name]]
    assert list(TYPES[name]) == order
    types = {field.alias or key: str(field.annotation) for key, field in model.model_fields.items()}
    for member, kind in TYPES[name].items():
        (named,) = re.findall(r"abc\.(\w+?)Type\b", types[member]) or [""]
        assert named == ("" if kind == "@" else NESTED.get(kind, kind)), member


DOCUMENT: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "status": "current",
    "id": "a",
    "date": "2026-03-01T09:30:00Z",
    "_date": {"extension": [{"url": "urn:x", "valueString": "le 1er mars"}]},
    "author": [{"display": 'Dr <Été> & "fils"'}],
    "content": [{"attachment": {"title": "é", "size": 12, "contentType": "application/pdf"}}],
}


@pytest.mark.parametrize("pretty", [False, True])
def test_what_is_written_is_read_again(pretty: bool) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
        "entry": [{"fullUrl": "urn:uuid:0", "resource": DOCUMENT, "search": {"mode": "match"}}],
    }
    model: Any = get_fhir_model_class("Bundle")
    found = model.model_validate_xml(written(bundle, pretty=pretty)).model_dump(mode="json")
    assert found == model.model_validate(bundle).model_dump(mode="json")


def test_what_xml_cannot_hold_is_replaced() -> None:
    document = {**DOCUMENT, "description": "a\x00b\x0bc\ufffe"}
    assert "a\ufffdb\ufffdc\ufffd".encode() in written(document)


def test_a_member_that_no_table_has_is_a_fault_and_never_left_out() -> None:
    with pytest.raises(KeyError):
        written({**DOCUMENT, "colour": "green"})
