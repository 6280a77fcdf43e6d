"""The search parameters of ITI-66, Find Document Lists (IHE MHD 4.2, section 2:3.66.4.1.2), as data."""

from collections.abc import Iterable
from typing import Any

from records.fhir.resources.submission_sets import DESIGNATION_TYPE, SOURCE_ID
from records.fhir.search.matching import (
    Kind,
    Parameter,
    Resource,
    Token,
    spans_of,
    token_of_identifier,
    tokens_of_concept,
    words_of,
)


def _extensions(resource: Resource, url: str) -> Iterable[Resource]:
    return (each for each in resource.get("extension", ()) if each["url"] == url)


def _designations(resource: Resource) -> Iterable[Token]:
    for each in _extensions(resource, DESIGNATION_TYPE):
        yield from tokens_of_concept(each["valueCodeableConcept"])


def _source_ids(resource: Resource) -> Iterable[Token]:
    for each in _extensions(resource, SOURCE_ID):
        yield from token_of_identifier(each["valueIdentifier"])


def _identifiers(resource: Resource) -> Iterable[Token]:
    return (token for each in resource["identifier"] for token in token_of_identifier(each))


def _names(resource: Resource) -> Iterable[str]:
    return words_of(resource["source"].get("display"))


def _items(resource: Resource) -> Iterable[Any]:
    return (each["item"]["reference"] for each in resource["entry"])


_NAME = "The author whom a FHIR sender named, kept as one line: any of its words is found."

SET_PARAMETERS = (
    Parameter("_id", Kind.TOKEN, lambda r: [(None, r["id"])]),
    Parameter("_lastUpdated", Kind.DATE, lambda r: spans_of(r["meta"]["lastUpdated"])),
    Parameter(
        "code",
        Kind.TOKEN,
        lambda r: tokens_of_concept(r["code"]),
        "submissionset; there are no folders.",
    ),
    Parameter("date", Kind.DATE, lambda r: spans_of(r.get("date")), "When the deposit was received."),
    Parameter(
        "designationType",
        Kind.TOKEN,
        _designations,
        "No deposit that is taken here says one: nothing has it.",
    ),
    Parameter("identifier", Kind.TOKEN, _identifiers, "urn:uuid: and the id of the submission, or its OID."),
    Parameter("item", Kind.REFERENCE, _items, "item=DocumentReference/{id}: the sets that it is in."),
    Parameter("source.family", Kind.STRING, _names, _NAME),
    Parameter("source.given", Kind.STRING, _names, _NAME),
    Parameter("sourceId", Kind.TOKEN, _source_ids, "The national number of the structure that deposited."),
    Parameter(
        "status",
        Kind.TOKEN,
        lambda r: [("http://hl7.org/fhir/list-status", r["status"])],
    ),
)
