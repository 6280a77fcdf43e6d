"""The search parameters of ImagingStudy (FHIR R4 section 10.4.6) that are answered, as data."""

from collections.abc import Iterable

from records.fhir.search.matching import (
    Kind,
    Parameter,
    Resource,
    Token,
    of_references,
    spans_of,
    token_of_coding,
    token_of_identifier,
)


def _identifiers(resource: Resource) -> Iterable[Token]:
    return (token for each in resource["identifier"] for token in token_of_identifier(each))


def _modalities(resource: Resource) -> Iterable[Token]:
    return (token for each in resource.get("modality", ()) for token in token_of_coding(each))


def _series(resource: Resource) -> Iterable[Token]:
    for each in resource.get("series", ()):
        yield None, each["uid"]
        yield None, f"urn:oid:{each['uid']}"


IMAGING_PARAMETERS = (
    Parameter("_id", Kind.TOKEN, lambda r: [(None, r["id"])]),
    Parameter("_lastUpdated", Kind.DATE, lambda r: spans_of(r["meta"]["lastUpdated"])),
    Parameter(
        "basedon",
        Kind.REFERENCE,
        lambda r: of_references(r.get("basedOn", ())),
        "basedon:identifier: the accession number, or the number of the order with its placer or filler.",
    ),
    Parameter(
        "identifier",
        Kind.TOKEN,
        _identifiers,
        "The Study Instance UID, urn:dicom:uid|urn:oid:…, the accession number, and order numbers.",
    ),
    Parameter("modality", Kind.TOKEN, _modalities),
    Parameter("series", Kind.TOKEN, _series),
    Parameter("started", Kind.DATE, lambda r: spans_of(r.get("started"))),
    Parameter(
        "status",
        Kind.TOKEN,
        lambda r: [("http://hl7.org/fhir/imagingstudy-status", r["status"])],
    ),
)
