"""The search parameters of ITI-67, Find Document References (IHE MHD section 2:3.67.4.1.2), as data."""

from collections.abc import Iterable
from typing import Any

from records.fhir.dates import Span
from records.fhir.resources.document_references import AS_SENT
from records.fhir.search.matching import (
    Kind,
    Parameter,
    Resource,
    Token,
    of_references,
    spans_of,
    spans_of_period,
    token_of_coding,
    token_of_identifier,
    tokens_of_concept,
    words_of,
)


def _attachment(resource: Resource) -> Resource:
    found: Resource = resource["content"][0]["attachment"]
    return found


def _context(resource: Resource) -> Resource:
    found: Resource = resource.get("context", {})
    return found


def _dates(resource: Resource) -> Iterable[Span]:
    """The day that a sender wrote counts as it stands."""
    for extension in resource.get("_date", {}).get("extension", ()):
        if extension["url"] == AS_SENT:
            return spans_of(extension["valueString"])
    return spans_of(resource.get("date"))


def _identifiers(resource: Resource) -> Iterable[Token]:
    for each in (resource.get("masterIdentifier"), *resource.get("identifier", ())):
        yield from token_of_identifier(each)


def _names(resource: Resource) -> Iterable[str]:
    """Authors are kept as the line that names them; each word of it may be looked for."""
    for author in resource.get("author", ()):
        yield from words_of(author.get("display"))


def _concepts(resources: Iterable[Resource]) -> Iterable[Token]:
    return (token for each in resources for token in tokens_of_concept(each))


def _formats(resource: Resource) -> Iterable[Token]:
    return token_of_coding(resource["content"][0].get("format", {}))


def _content_types(resource: Resource) -> Iterable[Token]:
    return [(None, _attachment(resource)["contentType"])]


def _related(resource: Resource) -> Iterable[Any]:
    return of_references(_context(resource).get("related", ()))


_NAME = "Authors are kept as one line: any of its words is found, given and family name alike."

DOCUMENT_PARAMETERS = (
    Parameter("_id", Kind.TOKEN, lambda r: [(None, r["id"])]),
    Parameter("_lastUpdated", Kind.DATE, lambda r: spans_of(r["meta"]["lastUpdated"])),
    Parameter("author.family", Kind.STRING, _names, _NAME),
    Parameter("author.given", Kind.STRING, _names, _NAME),
    Parameter("category", Kind.TOKEN, lambda r: _concepts(r.get("category", ()))),
    Parameter("contenttype", Kind.TOKEN, _content_types),
    Parameter("creation", Kind.DATE, lambda r: spans_of(_attachment(r).get("creation"))),
    Parameter("date", Kind.DATE, _dates),
    Parameter("event", Kind.TOKEN, lambda r: _concepts(_context(r).get("event", ()))),
    Parameter("facility", Kind.TOKEN, lambda r: tokens_of_concept(_context(r).get("facilityType"))),
    Parameter("format", Kind.TOKEN, _formats),
    Parameter("identifier", Kind.TOKEN, _identifiers, "masterIdentifier and identifier."),
    Parameter("period", Kind.DATE, lambda r: spans_of_period(_context(r).get("period"))),
    Parameter(
        "related",
        Kind.REFERENCE,
        _related,
        "related=ImagingStudy/{id}, or related:identifier: the study's UID, an accession number, an order.",
    ),
    Parameter("security-label", Kind.TOKEN, lambda r: _concepts(r.get("securityLabel", ()))),
    Parameter("setting", Kind.TOKEN, lambda r: tokens_of_concept(_context(r).get("practiceSetting"))),
    Parameter(
        "status",
        Kind.TOKEN,
        lambda r: [("http://hl7.org/fhir/document-reference-status", r["status"])],
        "Without it documents of every status are found.",
    ),
    Parameter("type", Kind.TOKEN, lambda r: tokens_of_concept(r["type"])),
)
