"""Read a FHIR R4 DocumentReference of the simplified publish (IHE MHD ITI-105) and its attachment.

The table in `ingestion/intake/fhir/document_reference_elements.py` says how each element is treated.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from content.person import Person
from ingestion.envelope import Declared
from ingestion.intake.fhir.data_types import (
    Attachment,
    CodeableConcept,
    Coding,
    Contained,
    Reference,
)
from ingestion.intake.fhir.described_patient import described_patients
from ingestion.intake.fhir.document_reference_model import DocumentReference
from ingestion.intake.fhir.security_labels import is_test_data, labels_of
from ingestion.intake.fhir.shape_faults import refuse_shape
from ingestion.intake.fhir.strict_json import read_json, refuse_modifiers
from ingestion.intake.fhir.subject import ins_of
from records.documents.depositing_labels import stated_labels
from records.errors import Invalid
from records.vocabulary.codes import Label
from records.vocabulary.document_types import DOCUMENT_TYPES

ADMITTED = frozenset({"application/pdf"})
LONGEST_TITLE = 255  # characters, as the DMP has it
LARGEST_KEPT = 64 * 1024  # of what is kept beside the document, in bytes of JSON
_DOC_STATUS = frozenset({"preliminary", "final", "amended"})
# neither kept nor shown again: what is honoured otherwise (labels change), and what has no effect
_NOT_KEPT = frozenset(
    {"resource_type", "contained", "text", "meta", "language", "subject", "status", "security_label"}
)


@dataclass(frozen=True, slots=True)
class PublishedDocument:
    """A document that a sender publishes: the record's INS as `matricule|oid`, the type, the content.

    `authors` are names in one line; `kept` is the resource as FHIR JSON, less what is not kept of it;
    `patients` are the persons it describes, for the comparison of INS and traits; `labels` hide it.
    """

    ins: str = field(repr=False)
    type_code: str
    title: str | None = field(repr=False)
    date: str | None
    content_type: str
    content: bytes = field(repr=False)
    authors: tuple[str, ...] = field(repr=False)
    kept: dict[str, Any] = field(repr=False)
    test_data: bool
    patients: tuple[Person, ...] = field(repr=False)
    labels: frozenset[Label]

    def declared(self) -> Declared:
        """What the envelope carries to whoever makes the document's details."""
        return Declared(
            type_code=self.type_code,
            title=self.title,
            date=self.date,
            authors=self.authors,
            fhir=self.kept,
            patients=self.patients,
        )


def read_document_reference(body: bytes) -> PublishedDocument:
    """Raises `Invalid` with a code and the element to correct; never a value."""
    return read_document(read_json(body))


def read_document(found: Any) -> PublishedDocument:
    """The same of a resource that is JSON already."""
    resource = _resource(found)
    _refuse_what_is_not_there_yet(resource)
    attachment = resource.content[0].attachment
    content_type = (attachment.content_type or "").split(";")[0].strip().lower()
    if content_type not in ADMITTED:
        raise Invalid(
            "DocumentReference.content[0].attachment.contentType must be application/pdf.",
            code="bad_content_type",
        )
    return PublishedDocument(
        ins=ins_of(resource.subject, resource.contained),
        type_code=_type(resource.type),
        title=_line(attachment.title) or _line(resource.description),
        date=resource.date,
        content_type=content_type,
        content=_content(attachment),
        authors=tuple(filter(None, (_name(each, resource.contained) for each in resource.author))),
        kept=_kept(resource),
        test_data=is_test_data(resource.meta.security if resource.meta else ()),
        patients=tuple(described_patients(found)),
        labels=_labels(resource),
    )


def _resource(found: Any) -> DocumentReference:
    if not isinstance(found, dict) or found.get("resourceType") != "DocumentReference":
        raise Invalid("Send one resource of type DocumentReference.", code="bad_resource")
    refuse_modifiers(found)
    try:
        return DocumentReference.model_validate(found)
    except ValidationError as error:
        refuse_shape(error)


def _refuse_what_is_not_there_yet(resource: DocumentReference) -> None:
    if resource.status != "current":
        raise Invalid("DocumentReference.status must be current.", code="bad_status")
    if resource.doc_status == "entered-in-error":
        raise Invalid(
            "DocumentReference.docStatus says that the document was written in error: it is not published.",
            code="entered_in_error",
        )
    if resource.doc_status is not None and resource.doc_status not in _DOC_STATUS:
        raise Invalid(
            "DocumentReference.docStatus is preliminary, final or amended in FHIR R4.", code="bad_element"
        )
    if resource.relates_to:
        raise Invalid(
            "DocumentReference.relatesTo: a document cannot replace or complete another one here yet. "
            "Send it without, or ask the hosting team to withdraw the earlier one.",
            code="relation_not_supported",
        )
    identifier = resource.master_identifier
    if identifier is not None and not (identifier.value or "").strip():
        raise Invalid("DocumentReference.masterIdentifier has no value.", code="bad_element")


def _labels(resource: DocumentReference) -> frozenset[Label]:
    codes = labels_of("securityLabel", resource.security_label)
    codes |= labels_of("meta.security", [CodeableConcept(coding=[each]) for each in _security(resource)])
    return stated_labels(codes, _type(resource.type))


def _security(resource: DocumentReference) -> list[Coding]:
    return [each for each in resource.meta.security if not is_test_data([each])] if resource.meta else []


def _content(attachment: Attachment) -> bytes:
    if not attachment.data:
        raise Invalid("DocumentReference.content[0].attachment.data is missing.", code="bad_content")
    content = _base64(attachment.data)  # R4 base64Binary admits white space
    if content is None:
        raise Invalid("DocumentReference.content[0].attachment.data is not base64.", code="bad_content")
    if attachment.size is not None and attachment.size != len(content):
        raise Invalid(
            "DocumentReference.content[0].attachment.size is not the number of bytes that came: "
            "send the document again.",
            code="size_mismatch",
        )
    # SHA-1 is what R4 prescribes here; duplicates and integrity rest on SHA-256 of our own
    digest = hashlib.sha1(content, usedforsecurity=False).digest()
    if attachment.hash is not None and not hmac.compare_digest(_base64(attachment.hash) or b"", digest):
        raise Invalid(
            "DocumentReference.content[0].attachment.hash is not the SHA-1 of the bytes that came, in "
            "base64: send the document again.",
            code="hash_mismatch",
        )
    return content


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _type(concept: CodeableConcept) -> str:
    known = [each.code for each in concept.coding if each.code in DOCUMENT_TYPES]
    if not known or known[0] is None:
        raise Invalid(
            "DocumentReference.type.coding holds no type of the shared medical record.", code="type_unknown"
        )
    return known[0]


def _name(author: Reference, contained: list[Contained], deep: bool = True) -> str | None:
    """What a list shows of an author: its text, else the name of the contained resource, else a number."""
    if author.display:
        return _line(author.display)
    reference = author.reference or ""
    for each in contained:
        if reference == f"#{each.id}" and each.words():
            return _line(each.words())
        if reference == f"#{each.id}" and each.practitioner is not None and deep:
            return _name(each.practitioner, contained, deep=False)
    return _line(author.identifier.value if author.identifier else None)


def _kept(resource: DocumentReference) -> dict[str, Any]:
    kept: dict[str, Any] = resource.model_dump(
        by_alias=True, exclude=set(_NOT_KEPT), exclude_none=True, exclude_defaults=True
    )
    names = {f"#{each.id}": each.words() for each in resource.contained}
    kept = _without_contained(kept, names)
    check_kept(kept)
    return kept


def check_kept(kept: Mapping[str, Any]) -> None:
    """Raises `Invalid` "too_large"."""
    if len(json.dumps(kept)) > LARGEST_KEPT:
        raise Invalid("The elements beside the document have at most 64 KiB.", code="too_large")


def _without_contained(found: Any, names: Mapping[str, str]) -> Any:
    """References to resources that are not kept become what those are called."""
    if isinstance(found, list):
        return [_without_contained(each, names) for each in found]
    if not isinstance(found, dict):
        return found
    reference = found.get("reference")
    inner = {name: _without_contained(each, names) for name, each in found.items()}
    if isinstance(reference, str) and reference.startswith("#"):
        del inner["reference"]
        inner.setdefault("display", names.get(reference) or "")
    return inner


def _line(value: str | None) -> str | None:
    cleaned = "".join(c if c.isprintable() else " " for c in value or "").strip()
    return cleaned[:LONGEST_TITLE] or None
