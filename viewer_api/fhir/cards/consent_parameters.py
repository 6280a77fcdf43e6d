"""The search parameters of Consent (FHIR R4 section 6.2.7) that are answered, as data."""

from collections.abc import Iterable
from typing import Any

from records.fhir.search.matching import (
    Kind,
    Parameter,
    Resource,
    of_references,
    spans_of,
    spans_of_period,
    tokens_of_concept,
)


def _provisions(resource: Resource) -> Iterable[Resource]:
    found: list[Resource] = resource.get("provision", {}).get("provision", [])
    return found


def _actors(resource: Resource) -> Iterable[Any]:
    return of_references(
        [actor["reference"] for each in _provisions(resource) for actor in each.get("actor", ())]
    )


def _periods(resource: Resource) -> Iterable[Any]:
    return (span for each in _provisions(resource) for span in spans_of_period(each.get("period")))


CONSENT_PARAMETERS = (
    Parameter("_id", Kind.TOKEN, lambda r: [(None, r["id"])]),
    Parameter("actor", Kind.REFERENCE, _actors, "actor:identifier: the national number of a professional."),
    Parameter(
        "category", Kind.TOKEN, lambda r: (t for each in r["category"] for t in tokens_of_concept(each))
    ),
    Parameter("date", Kind.DATE, lambda r: spans_of(r.get("dateTime"))),
    Parameter("period", Kind.DATE, _periods, "Of an authorisation."),
    Parameter("scope", Kind.TOKEN, lambda r: tokens_of_concept(r["scope"])),
    Parameter(
        "status",
        Kind.TOKEN,
        lambda r: [("http://hl7.org/fhir/consent-state-codes", r["status"])],
    ),
)
