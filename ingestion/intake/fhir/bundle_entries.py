"""The entries of a Provide Document Bundle (IHE MHD ITI-65): which there may be, and what each may say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.intake.fhir.strict_json import refuse_modifiers
from records.errors import Invalid

LIST, DOCUMENT, BINARY, PATIENT = "List", "DocumentReference", "Binary", "Patient"
MOST_DOCUMENTS = 100
_MOST: Mapping[str, int] = {LIST: 1, DOCUMENT: MOST_DOCUMENTS, BINARY: MOST_DOCUMENTS, PATIENT: 1}
_OF_BUNDLE = frozenset({"resourceType", "id", "meta", "identifier", "type", "timestamp", "entry"})
_OF_ENTRY = frozenset({"fullUrl", "resource", "request"})
_OF_REQUEST = frozenset({"method", "url"})


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One entry: `place` among the others from 0, `address` its fullUrl, "" where it has none."""

    place: int
    kind: str
    address: str
    resource: dict[str, Any] = field(repr=False)


def bundle_entries(found: Any) -> list[BundleEntry]:
    """Raises `Invalid` with a code and the element to correct."""
    if not isinstance(found, dict) or found.get("resourceType") != "Bundle":
        raise Invalid("Send one resource of type Bundle.", code="bad_resource")
    refuse_modifiers(found)
    check_members(found, _OF_BUNDLE, "Bundle")
    if found.get("type") != "transaction":
        raise bad_bundle("Bundle.type must be transaction.")
    listed = found.get("entry")
    if not isinstance(listed, list) or not listed:
        raise bad_bundle("Bundle.entry is empty.")
    kinds = [_kind(each) for each in listed[: sum(_MOST.values()) + 1]]
    for kind, most in _MOST.items():
        if kinds.count(kind) > most:
            raise Invalid(
                f"Bundle.entry holds more than {most} {kind}: send the others in a bundle of their own.",
                code="too_many_documents",
            )
    pairs = zip(listed, kinds, strict=True)
    return [_entry(place, each, kind) for place, (each, kind) in enumerate(pairs)]


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


def _entry(place: int, entry: dict[str, Any], kind: str) -> BundleEntry:
    check_members(entry, _OF_ENTRY, "Bundle.entry")
    request, address = entry.get("request"), entry.get("fullUrl", "")
    if not isinstance(request, dict) or (request.get("method"), request.get("url")) != ("POST", kind):
        raise bad_bundle(f"Bundle.entry.request of a {kind} must be POST {kind}.")
    check_members(request, _OF_REQUEST, "Bundle.entry.request")
    if not isinstance(address, str):
        raise bad_bundle("Bundle.entry.fullUrl is no address.")
    return BundleEntry(place, kind, address, entry["resource"])


def check_members(found: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    """What is not known here could change what the rest means: it is refused by name."""
    for name in found.keys() - known:
        raise Invalid(f"{place}.{name} is not understood here: send it without.", code="bundle_not_supported")
    meta = found.get("meta")
    if place != "Bundle.entry" and isinstance(meta, dict) and meta.get("security"):
        raise Invalid(
            f"{place}.meta.security: labels stand in the DocumentReference, as securityLabel.",
            code="label_not_supported",
        )


def bad_bundle(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_bundle")
