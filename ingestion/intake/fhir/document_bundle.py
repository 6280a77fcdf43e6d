"""Read a Provide Document Bundle (IHE MHD ITI-65, 3:4.65): one submission set with one document.

The set is a List, the document a DocumentReference with its content inline or in a Binary; the patient may
be an entry, too. The document is then read like that of a simplified publish (ITI-105).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from ingestion.intake.fhir.data_types import Reference
from ingestion.intake.fhir.document_reference import (
    PublishedDocument,
    check_kept,
    read_document,
)
from ingestion.intake.fhir.strict_json import read_json, refuse_modifiers
from ingestion.intake.fhir.subject import ins_of
from records.errors import Invalid
from records.fhir.resources.submission_sets import KEPT_OF_SET, SUBMISSION_SET
from records.fhir.systems import LIST_TYPES, one_name

LIST, DOCUMENT, BINARY, PATIENT = "List", "DocumentReference", "Binary", "Patient"
_MOST: Mapping[str, int] = {LIST: 1, DOCUMENT: 1, BINARY: 1, PATIENT: 1}
_OF_BUNDLE = frozenset({"resourceType", "id", "meta", "identifier", "type", "timestamp", "entry"})
_OF_ENTRY = frozenset({"fullUrl", "resource", "request"})
_OF_REQUEST = frozenset({"method", "url"})
_OF_BINARY = frozenset({"resourceType", "id", "meta", "language", "contentType", "data"})


@dataclass(frozen=True, slots=True)
class DocumentBundle:
    """`kinds` are the types of the entries, in their order, which is that of the answer's."""

    document: PublishedDocument
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: str
    address: str
    resource: dict[str, Any] = field(repr=False)


def read_document_bundle(body: bytes) -> DocumentBundle:
    """Raises `Invalid` with a code and the element to correct; never a value."""
    entries = _entries(read_json(body))
    by_kind = {each.kind: each for each in entries}
    for kind in (LIST, DOCUMENT):
        if kind not in by_kind:
            raise _bad(f"Bundle.entry holds no {kind}: a submission set is a List and its document.")
    resource = _with_content(by_kind[DOCUMENT], by_kind.get(BINARY))
    resource = _with_patient(resource, by_kind.get(PATIENT))
    document = read_document(resource)
    sent = _submission_set(by_kind[LIST], by_kind[DOCUMENT], document.ins, by_kind.get(PATIENT))
    kept = {**document.kept, "submissionSet": sent} if sent else document.kept
    check_kept(kept)
    return DocumentBundle(replace(document, kept=kept), tuple(each.kind for each in entries))


def _entries(found: Any) -> list[_Entry]:
    if not isinstance(found, dict) or found.get("resourceType") != "Bundle":
        raise Invalid("Send one resource of type Bundle.", code="bad_resource")
    refuse_modifiers(found)
    _check_members(found, _OF_BUNDLE, "Bundle")
    if found.get("type") != "transaction":
        raise _bad("Bundle.type must be transaction.")
    listed = found.get("entry")
    if not isinstance(listed, list) or not listed:
        raise _bad("Bundle.entry is empty.")
    kinds = [_kind(each) for each in listed[: sum(_MOST.values()) + 1]]
    for kind, most in _MOST.items():
        if kinds.count(kind) > most:
            raise Invalid(
                f"Bundle.entry holds more than {most} {kind}: send one document at a time, each in a bundle "
                "of its own.",
                code="too_many_documents",
            )
    return [_entry(each, kind) for each, kind in zip(listed, kinds, strict=True)]


def _kind(entry: Any) -> str:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or kind not in _MOST:
        raise Invalid(
            f"Bundle.entry holds {', '.join(_MOST)}, and nothing else here: no folder, and no change of "
            "another document.",
            code="bundle_not_supported",
        )
    return kind


def _entry(entry: dict[str, Any], kind: str) -> _Entry:
    _check_members(entry, _OF_ENTRY, "Bundle.entry")
    request, address = entry.get("request"), entry.get("fullUrl", "")
    if not isinstance(request, dict) or (request.get("method"), request.get("url")) != ("POST", kind):
        raise _bad(f"Bundle.entry.request of a {kind} must be POST {kind}.")
    _check_members(request, _OF_REQUEST, "Bundle.entry.request")
    if not isinstance(address, str):
        raise _bad("Bundle.entry.fullUrl is no address.")
    return _Entry(kind, address, entry["resource"])


def _check_members(found: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    """What is not known here could change what the rest means: it is refused by name."""
    for name in found.keys() - known:
        raise Invalid(f"{place}.{name} is not understood here: send it without.", code="bundle_not_supported")
    meta = found.get("meta")
    if place != "Bundle.entry" and isinstance(meta, dict) and meta.get("security"):
        raise Invalid(
            f"{place}.meta.security: labels stand in the DocumentReference, as securityLabel.",
            code="label_not_supported",
        )


def _with_content(document: _Entry, binary: _Entry | None) -> dict[str, Any]:
    """The document with its content inline, as ITI-105 has it."""
    if binary is None:
        return document.resource
    _check_members(binary.resource, _OF_BINARY, "Binary")
    try:
        ((content),) = document.resource["content"]
        attachment = dict(content["attachment"])
    except (KeyError, TypeError, ValueError):
        return document.resource  # who reads it says what is wrong with it
    if not binary.address or attachment.pop("url", None) != binary.address or "data" in attachment:
        raise _bad(
            "DocumentReference.content[0].attachment.url must be the fullUrl of the Binary, without data "
            "beside it."
        )
    if attachment.get("contentType", binary.resource.get("contentType")) != binary.resource.get(
        "contentType"
    ):
        raise _bad("Binary.contentType is not that of the attachment.")
    attachment |= {"contentType": binary.resource.get("contentType"), "data": binary.resource.get("data")}
    return {**document.resource, "content": [{**content, "attachment": attachment}]}


def _with_patient(resource: dict[str, Any], patient: _Entry | None) -> dict[str, Any]:
    """The document with the patient of the bundle contained, and referred to as such."""
    if patient is None or not patient.address:
        return resource
    inside = "bundle-patient"
    contained = resource.get("contained", [])
    if not isinstance(contained, list):
        return resource
    made = _referring(resource, patient.address, f"#{inside}")
    return {**made, "contained": [*contained, {**patient.resource, "id": inside}]}


def _referring(resource: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """`subject` and `context.sourcePatientInfo` with their reference changed."""

    def changed(value: Any) -> Any:
        found = isinstance(value, dict) and value.get("reference") == old
        return {**value, "reference": new} if found else value

    made = {**resource, "subject": changed(resource.get("subject"))}
    context = resource.get("context")
    if isinstance(context, dict) and "sourcePatientInfo" in context:
        made["context"] = {**context, "sourcePatientInfo": changed(context["sourcePatientInfo"])}
    return made


def _submission_set(found: _Entry, document: _Entry, ins: str, patient: _Entry | None) -> dict[str, Any]:
    """What is kept of the List; its status, code, subject and entry are checked."""
    resource = found.resource
    meta = resource.get("meta")
    if isinstance(meta, dict) and meta.get("security"):
        _check_members(resource, frozenset(resource), "List")
    stated = (resource.get("status"), resource.get("mode"))
    if stated != ("current", "working") or not _is_submission_set(resource.get("code")):
        raise _bad("List: status current, mode working, code submissionset.")
    items = [each.get("item", {}) for each in _objects(resource.get("entry"))]
    if not document.address or [_reference(each) for each in items] != [document.address]:
        raise _bad("List.entry must refer to the DocumentReference by its fullUrl, and to nothing else.")
    if not _is_of(resource.get("subject"), ins, patient):
        raise _bad("List.subject must be the patient of the document.")
    return {name: resource[name] for name in KEPT_OF_SET if resource.get(name)}


def _is_submission_set(code: Any) -> bool:
    codings = _objects(code.get("coding")) if isinstance(code, dict) else []
    return any(
        (one_name(str(each.get("system"))), each.get("code")) == (LIST_TYPES, SUBMISSION_SET)
        for each in codings
    )


def _is_of(subject: Any, ins: str, patient: _Entry | None) -> bool:
    if patient is not None and patient.address and _reference(subject) == patient.address:
        return True
    try:
        return ins_of(Reference.model_validate(subject), ()) == ins
    except (Invalid, ValidationError):
        return False


def _objects(value: Any) -> Sequence[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _reference(value: Any) -> object:
    return value.get("reference") if isinstance(value, dict) else None


def _bad(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_bundle")
