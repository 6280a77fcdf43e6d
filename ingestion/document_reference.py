"""Read a FHIR R4 DocumentReference of the simplified publish (IHE MHD ITI-105) and its attachment."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

from records.errors import Invalid
from records.vocabulary.document_types import DOCUMENT_TYPES

ADMITTED = frozenset({"application/pdf"})
LONGEST_TITLE = 255  # characters, as the DMP has it
_OID = "urn:oid:"


@dataclass(frozen=True, slots=True)
class PublishedDocument:
    """What a sender publishes: the record's INS as `matricule|oid`, the type, the content."""

    ins: str = field(repr=False)
    type_code: str
    title: str | None = field(repr=False)
    date: str | None
    content_type: str
    content: bytes = field(repr=False)

    def declared(self) -> dict[str, Any]:
        return {"type": self.type_code, "title": self.title, "date": self.date}


def read_document_reference(body: bytes) -> PublishedDocument:
    """Raises `Invalid` with a code and the element to correct; never a value."""
    try:
        resource = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.", code="bad_json") from None
    if not isinstance(resource, dict) or resource.get("resourceType") != "DocumentReference":
        raise Invalid("Send one resource of type DocumentReference.", code="bad_resource")
    if resource.get("status") != "current":
        raise Invalid("DocumentReference.status must be current.", code="bad_status")
    attachment = _attachment(resource)
    content_type = str(attachment.get("contentType", "")).split(";")[0].strip().lower()
    if content_type not in ADMITTED:
        raise Invalid(
            "DocumentReference.content[0].attachment.contentType must be application/pdf.",
            code="bad_content_type",
        )
    return PublishedDocument(
        ins=_ins(resource),
        type_code=_type(resource),
        title=_text(attachment.get("title") or resource.get("description")),
        date=_text(resource.get("date")),
        content_type=content_type,
        content=_content(attachment),
    )


def _attachment(resource: dict[str, Any]) -> dict[str, Any]:
    content = resource.get("content")
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        raise Invalid("DocumentReference.content holds exactly one document.", code="bad_content")
    attachment = content[0].get("attachment")
    if not isinstance(attachment, dict):
        raise Invalid("DocumentReference.content[0].attachment is missing.", code="bad_content")
    return attachment


def _content(attachment: dict[str, Any]) -> bytes:
    data = attachment.get("data")
    if not isinstance(data, str) or not data:
        raise Invalid("DocumentReference.content[0].attachment.data is missing.", code="bad_content")
    try:
        return base64.b64decode("".join(data.split()), validate=True)  # R4 base64Binary admits white space
    except (binascii.Error, ValueError):
        raise Invalid(
            "DocumentReference.content[0].attachment.data is not base64.", code="bad_content"
        ) from None


def _ins(resource: dict[str, Any]) -> str:
    subject = resource.get("subject")
    identifier = subject.get("identifier") if isinstance(subject, dict) else None
    if not isinstance(identifier, dict):
        raise Invalid("DocumentReference.subject.identifier must hold the patient's INS.", code="bad_subject")
    system, value = str(identifier.get("system", "")), str(identifier.get("value", ""))
    oid, _, matricule = value.rpartition("|")
    oid = (oid or system).removeprefix(_OID)
    if not oid or not matricule:
        raise Invalid(
            "DocumentReference.subject.identifier: system urn:oid:1.2.250.1.213.1.4.…, value the INS.",
            code="bad_subject",
        )
    return f"{matricule}|{oid}"


def _type(resource: dict[str, Any]) -> str:
    concept = resource.get("type")
    codings = concept.get("coding") if isinstance(concept, dict) else None
    codes = [c.get("code") for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []
    known = [code for code in codes if code in DOCUMENT_TYPES]
    if not known:
        raise Invalid(
            "DocumentReference.type.coding holds no type of the shared medical record.", code="type_unknown"
        )
    return str(known[0])


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    cleaned = "".join(c if c.isprintable() else " " for c in value).strip()
    return cleaned[:LONGEST_TITLE] or None
