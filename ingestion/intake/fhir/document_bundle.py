"""Read a Provide Document Bundle (IHE MHD ITI-65, 3:4.65): one submission set with its documents.

The set is a List, each document a DocumentReference with its content inline or in a Binary of its own; the
patient may be an entry, too. Each document is then read like that of a simplified publish (ITI-105).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from ingestion.intake.fhir.bundle_entries import (
    BINARY,
    DOCUMENT,
    LIST,
    PATIENT,
    BundleEntry,
    bad_bundle,
    bundle_entries,
    check_members,
)
from ingestion.intake.fhir.data_types import Reference
from ingestion.intake.fhir.document_reference import (
    PublishedDocument,
    check_kept,
    read_document,
)
from ingestion.intake.fhir.strict_json import read_json
from ingestion.intake.fhir.subject import ins_of
from records.errors import Invalid
from records.fhir.resources.submission_sets import KEPT_OF_SET, SUBMISSION_SET
from records.fhir.systems import LIST_TYPES, one_name

_OF_BINARY = frozenset({"resourceType", "id", "meta", "language", "contentType", "data"})


@dataclass(frozen=True, slots=True)
class DocumentBundle:
    """`documents` in the order of their entries. `entries` has the type of each entry and the place of its
    document among `documents`, None of what is all documents'; in their order, which is that of the answer's.
    """

    documents: tuple[PublishedDocument, ...]
    entries: tuple[tuple[str, int | None], ...] = ()

    @classmethod
    def of_one(cls, document: PublishedDocument) -> "DocumentBundle":
        """A document that came without a bundle."""
        return cls((document,))

    def place(self, document: int) -> int:
        """Where the DocumentReference of a document is among the entries."""
        return self.entries.index((DOCUMENT, document))


def read_document_bundle(body: bytes) -> DocumentBundle:
    """Raises `Invalid` with a code and the element to correct; never a value."""
    entries = bundle_entries(read_json(body))
    references = [each for each in entries if each.kind == DOCUMENT]
    patient = next((each for each in entries if each.kind == PATIENT), None)
    sets = [each for each in entries if each.kind == LIST]
    if not sets or not references:
        raise bad_bundle(
            f"Bundle.entry holds no {DOCUMENT if sets else LIST}: a submission set is a List with documents."
        )
    contents = _contents(references, [each for each in entries if each.kind == BINARY])
    documents = [
        read_document(_with_patient(_with_content(each, contents.get(at)), patient))
        for at, each in enumerate(references)
    ]
    _check_alike(documents)
    sent = _submission_set(sets[0], references, documents[0].ins, patient)
    kept = tuple(_of_set(each, sent) for each in documents)
    return DocumentBundle(kept, _entries_of(entries, references, contents))


def _contents(references: Sequence[BundleEntry], binaries: Sequence[BundleEntry]) -> dict[int, BundleEntry]:
    """The Binary of each document that has one, by the document's place."""
    named = {at: address for at, each in enumerate(references) if (address := _url(each.resource))}
    found = {}
    for binary in binaries:
        mine = [at for at, address in named.items() if address == binary.address and binary.address]
        if len(mine) != 1 or mine[0] in found:
            raise bad_bundle(
                "DocumentReference.content[0].attachment.url must be the fullUrl of the Binary, without data "
                "beside it; each Binary is the content of one document."
            )
        found[mine[0]] = binary
    return found


def _url(resource: Mapping[str, Any]) -> object:
    """The address of a document's content; whoever reads the document says what is wrong with it."""
    try:
        ((content),) = resource["content"]
        return content["attachment"].get("url")
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _check_alike(documents: Sequence[PublishedDocument]) -> None:
    """A submission set is of one patient (ITI TF-3 section 4.2.3.3.8)."""
    if len({each.ins for each in documents}) > 1:
        raise bad_bundle("The documents of a bundle are of one patient.")
    if len({each.labels for each in documents}) > 1:
        raise Invalid(
            "DocumentReference.securityLabel: the documents of one bundle have the same labels here. Send "
            "those with other labels in a bundle of their own.",
            code="bundle_not_supported",
        )
    identifiers = [json.dumps(known) for each in documents if (known := each.declared().identifier())]
    if len(identifiers) > len({*identifiers}):
        raise bad_bundle("Two documents of the bundle have one masterIdentifier.")


def _of_set(document: PublishedDocument, sent: Mapping[str, Any]) -> PublishedDocument:
    """With what is kept of the set, too."""
    kept = {**document.kept, "submissionSet": sent} if sent else document.kept
    check_kept(kept)
    return replace(document, kept=kept)


def _entries_of(
    entries: Sequence[BundleEntry], references: Sequence[BundleEntry], contents: Mapping[int, BundleEntry]
) -> tuple[tuple[str, int | None], ...]:
    documents = {each.place: at for at, each in enumerate(references)}
    documents |= {binary.place: at for at, binary in contents.items()}
    return tuple((each.kind, documents.get(each.place)) for each in entries)


def _with_content(document: BundleEntry, binary: BundleEntry | None) -> dict[str, Any]:
    """The document with its content inline, as ITI-105 has it."""
    if binary is None:
        return document.resource
    check_members(binary.resource, _OF_BINARY, "Binary")
    (content,) = document.resource["content"]
    attachment = {name: value for name, value in content["attachment"].items() if name != "url"}
    if "data" in attachment:
        raise bad_bundle(
            "DocumentReference.content[0].attachment.url must be the fullUrl of the Binary, without data "
            "beside it."
        )
    if attachment.get("contentType", binary.resource.get("contentType")) != binary.resource.get(
        "contentType"
    ):
        raise bad_bundle("Binary.contentType is not that of the attachment.")
    attachment |= {"contentType": binary.resource.get("contentType"), "data": binary.resource.get("data")}
    return {**document.resource, "content": [{**content, "attachment": attachment}]}


def _with_patient(resource: dict[str, Any], patient: BundleEntry | None) -> dict[str, Any]:
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


def _submission_set(
    found: BundleEntry, documents: Sequence[BundleEntry], ins: str, patient: BundleEntry | None
) -> dict[str, Any]:
    """What is kept of the List; its status, code, subject and entry are checked."""
    resource = found.resource
    meta = resource.get("meta")
    if isinstance(meta, dict) and meta.get("security"):
        check_members(resource, frozenset(resource), "List")
    stated = (resource.get("status"), resource.get("mode"))
    if stated != ("current", "working") or not _is_submission_set(resource.get("code")):
        raise bad_bundle("List: status current, mode working, code submissionset.")
    items = [str(_reference(each.get("item", {}))) for each in _objects(resource.get("entry"))]
    addresses = [each.address for each in documents]
    if not all(addresses) or len({*addresses}) < len(addresses) or sorted(items) != sorted(addresses):
        raise bad_bundle(
            "List.entry must refer to each DocumentReference by its fullUrl, of which no two are alike, and "
            "to nothing else."
        )
    if not _is_of(resource.get("subject"), ins, patient):
        raise bad_bundle("List.subject must be the patient of the document.")
    return {name: resource[name] for name in KEPT_OF_SET if resource.get(name)}


def _is_submission_set(code: Any) -> bool:
    codings = _objects(code.get("coding")) if isinstance(code, dict) else []
    return any(
        (one_name(str(each.get("system"))), each.get("code")) == (LIST_TYPES, SUBMISSION_SET)
        for each in codings
    )


def _is_of(subject: Any, ins: str, patient: BundleEntry | None) -> bool:
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
