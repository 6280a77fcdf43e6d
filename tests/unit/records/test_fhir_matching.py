"""Search parameters against a resource, as FHIR R4 section 3.1.1.4 says what each kind and prefix means."""

from typing import Any

import pytest

from records.errors import Invalid
from records.fhir.resources.document_references import AS_SENT
from records.fhir.search.fhir_search import DOCUMENT, IMAGING_STUDY, PARAMETERS, SET
from records.fhir.search.matching import condition, folded, split

LOINC, DICOM_UID, URI = "http://loinc.org", "urn:dicom:uid", "urn:ietf:rfc:3986"
UUID_ = "0190b3a0-0000-7000-8000-000000000001"
REPORT: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "id": UUID_,
    "meta": {"lastUpdated": "2024-03-31T10:00:00.250Z"},
    "masterIdentifier": {"system": URI, "value": "urn:oid:1.2.3"},
    "identifier": [{"system": "urn:oid:1.2.9", "value": "A 1"}, {"system": "urn:x"}],
    "status": "current",
    "type": {"coding": [{"system": LOINC, "code": "18748-4"}, {"code": "local"}, {"display": "no code"}]},
    "category": [{"coding": [{"system": "urn:oid:1.2.250.1.213.1.1.4.1", "code": "10"}]}],
    "date": "2024-03-31T09:30:00+02:00",
    "author": [{"display": "Dupré, Hélène"}, {"reference": "#a"}],
    "securityLabel": [{"coding": [{"system": "urn:l", "code": "N"}]}],
    "content": [
        {
            "attachment": {"contentType": "application/pdf", "creation": "2024-03"},
            "format": {"system": "urn:f", "code": "urn:ihe:rad:PDF"},
        }
    ],
    "context": {
        "event": [{"coding": [{"code": "MR"}]}],
        "period": {"start": "2024-03-30"},
        "facilityType": {"coding": [{"code": "SA01"}]},
        "practiceSetting": {"coding": [{"code": "ETABLISSEMENT"}]},
        "related": [
            {"reference": f"ImagingStudy/{UUID_}"},
            {"identifier": {"system": DICOM_UID, "value": "urn:oid:1.2.840.1"}},
            {"identifier": {"value": "ACC|1"}},
        ],
    },
}
STUDY: dict[str, Any] = {
    "resourceType": "ImagingStudy",
    "id": UUID_,
    "meta": {"lastUpdated": "2024-03-31T10:00:00Z"},
    "identifier": [{"system": DICOM_UID, "value": "urn:oid:1.2.840.1"}],
    "status": "available",
    "modality": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}],
    "started": "2023",
    "basedOn": [{"type": "ServiceRequest", "identifier": {"value": "ACC1"}}],
    "series": [{"uid": "1.2.840.1.1"}],
}
LIST: dict[str, Any] = {
    "resourceType": "List",
    "id": "0" * 64,
    "meta": {"lastUpdated": "2024-03-31T10:00:00Z"},
    "extension": [
        {
            "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId",
            "valueIdentifier": {"system": "urn:oid:1.2.250.1.71.4.2.2", "value": "1750000001"},
        },
        {
            "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType",
            "valueCodeableConcept": {"coding": [{"code": "07"}]},
        },
    ],
    "identifier": [{"system": URI, "value": f"urn:uuid:{UUID_}"}],
    "status": "current",
    "code": {"coding": [{"code": "submissionset"}]},
    "date": "2024-03-31T10:00:00Z",
    "source": {"type": "Practitioner", "display": "Hélène Dupré"},
    "entry": [{"item": {"reference": f"DocumentReference/{UUID_}"}}],
}
RESOURCES = {DOCUMENT: REPORT, IMAGING_STUDY: STUDY, SET: LIST}


def holds(kind: str, asked: str, text: str, **changed: Any) -> bool:
    name, _, modifier = asked.partition(":")
    return condition(PARAMETERS[kind][name], modifier, text)(RESOURCES[kind] | changed)


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        # token: code, system|code, |code, system| (section 3.1.1.4.10)
        ("type", "18748-4", True),
        ("type", f"{LOINC}|18748-4", True),
        ("type", f"{LOINC}|", True),
        ("type", "urn:other|18748-4", False),
        ("type", "|18748-4", False),
        ("type", "|local", True),
        ("type", "11502-2,18748-4", True),
        ("type:not", "18748-4", False),
        ("type:not", "11502-2", True),
        ("_id", UUID_, True),
        ("status", "current", True),
        ("status", "superseded", False),
        ("category", "urn:oid:1.2.250.1.213.1.1.4.1|10", True),
        ("event", "MR", True),
        ("facility", "SA01", True),
        ("setting", "ETABLISSEMENT", True),
        ("security-label", "urn:l|N", True),
        ("format", "urn:ihe:rad:PDF", True),
        ("contenttype", "application/pdf", True),
        ("contenttype", "application/dicom", False),
        # identifiers: a UID also by its bare value, under either system in which it may stand
        ("identifier", "1.2.3", True),
        ("identifier", f"{DICOM_UID}|urn:oid:1.2.3", True),
        ("identifier", "urn:oid:1.2.9|A 1", True),
        ("identifier", "urn:oid:1.2.9|A", False),
        # string: begins, without case and accents; exact; contains (section 3.1.1.4.8)
        ("author.family", "dupre", True),
        ("author.given", "HELENE", True),
        ("author.family", "upre", False),
        ("author.family:contains", "upr", True),
        ("author.family:exact", "Dupré", True),
        ("author.family:exact", "dupré", False),
        # reference: Type/id, an absolute address, the id; by identifier
        ("related", f"ImagingStudy/{UUID_}", True),
        ("related", f"https://host.example/fhir/ImagingStudy/{UUID_}/", True),
        ("related", UUID_, True),
        ("related", f"DocumentReference/{UUID_}", False),
        ("related:identifier", "1.2.840.1", True),
        ("related:identifier", f"{DICOM_UID}|urn:oid:1.2.840.1", True),
        ("related:identifier", "ACC\\|1", True),
        ("related:identifier", UUID_, False),
        # :missing (section 3.1.1.4.5)
        ("event:missing", "false", True),
        ("event:missing", "true", False),
        ("author.family:missing", "false", True),
    ],
)
def test_a_document_is_found(asked: str, text: str, found: bool) -> None:
    assert holds(DOCUMENT, asked, text) is found


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        # creation is March 2024, as a whole (section 3.1.1.4.9)
        ("creation", "2024", True),
        ("creation", "2024-03", True),
        ("creation", "2024-03-15", False),
        ("creation", "ne2024-03-15", True),
        ("creation", "gt2024-03-15", True),
        ("creation", "gt2024-03-31", False),
        ("creation", "lt2024-03-02", True),
        ("creation", "lt2024-03-01", False),
        ("creation", "ge2024-03-31", True),
        ("creation", "ge2024-04-01", False),
        ("creation", "le2024-03-01", True),
        ("creation", "le2024-02-29", False),
        ("creation", "sa2024-02-29", True),
        ("creation", "sa2024-03-01", False),
        ("creation", "eb2024-04-01", True),
        ("creation", "eb2024-03-31", False),
        ("creation", "ap2024-04-01", True),
        ("creation", "ap2024-04-03", False),
        # instants with their offset, to the second and to its parts
        ("date", "2024-03-31T07:30:00Z", True),
        ("date", "2024-03-31T07:31:00Z", False),
        ("date", "2024-03-31", True),
        ("_lastUpdated", "2024-03-31T10:00:00.250Z", True),
        ("_lastUpdated", "2024-03-31T10:00:00Z", True),
        ("_lastUpdated", "2024-03-31T10:00:00.251Z", False),
        ("_lastUpdated", "2024-03-31T10:00Z", True),
        # a period without an end lasts
        ("period", "ge2030", True),
        ("period", "lt2024-03-30", False),
    ],
)
def test_dates_are_ranges(asked: str, text: str, found: bool) -> None:
    assert holds(DOCUMENT, asked, text) is found


def test_a_day_is_a_day_in_france() -> None:
    summer, winter = {"date": "2024-07-01T22:30:00Z"}, {"date": "2024-01-01T22:30:00Z"}
    assert holds(DOCUMENT, "date", "2024-07-02", **summer)
    assert holds(DOCUMENT, "date", "2024-01-01", **winter)
    assert holds(DOCUMENT, "date", "2024-07-02T00:30", **summer)  # without an offset, French time


def test_the_day_that_a_sender_wrote_counts_as_it_stands() -> None:
    written = {"_date": {"extension": [{"url": "urn:other"}, {"url": AS_SENT, "valueString": "2024-02"}]}}
    assert holds(DOCUMENT, "date", "2024-02", **written)
    assert not holds(DOCUMENT, "date", "2024-03-31", **written)


def test_a_period_that_says_nothing_has_no_date() -> None:
    assert holds(DOCUMENT, "period:missing", "true", context={"period": {}})
    assert holds(DOCUMENT, "period", "le2024-01-01", context={"period": {"end": "2024"}})


@pytest.mark.parametrize(
    "text", ["2024-13", "2024-02-30", "9999-12-31T24:00Z", "yesterday", "xx2024", "9999"]
)
def test_what_is_no_date_is_refused_without_being_told(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        holds(DOCUMENT, "date", text)
    assert refused.value.code == "bad_query"
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "text"),
    [("type", ""), ("type", "|"), ("type", "a|b|c"), ("event:missing", "yes"), ("date", ","), ("type", "a,")],
)
def test_what_cannot_be_matched_is_refused(asked: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        holds(DOCUMENT, asked, text)
    assert refused.value.code == "bad_query"


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        ("identifier", f"{DICOM_UID}|urn:oid:1.2.840.1", True),
        ("identifier", "1.2.840.1", True),
        ("basedon:identifier", "ACC1", True),
        ("basedon:identifier", "ACC", False),
        ("modality", "CT", True),
        ("modality", "MR,CT", True),
        ("series", "1.2.840.1.1", True),
        ("series", "urn:oid:1.2.840.1.1", True),
        ("started", "2023", True),
        ("started", "2023-05-01", False),
        ("status", "available", True),
        ("_id", "another", False),
        ("_lastUpdated", "ge2024", True),
    ],
)
def test_a_study_is_found(asked: str, text: str, found: bool) -> None:
    assert holds(IMAGING_STUDY, asked, text) is found


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        ("_id", "0" * 64, True),
        ("code", "submissionset", True),
        ("code", "folder", False),
        ("date", "2024-03-31", True),
        ("designationType", "07", True),
        ("identifier", UUID_, True),
        ("item", f"DocumentReference/{UUID_}", True),
        ("item", "DocumentReference/other", False),
        ("source.family", "dupre", True),
        ("source.given", "helene", True),
        ("sourceId", "1750000001", True),
        ("sourceId", "urn:oid:1.2.250.1.71.4.2.2|1750000001", True),
        ("status", "current", True),
        ("_lastUpdated", "lt2024", False),
    ],
)
def test_a_submission_set_is_found(asked: str, text: str, found: bool) -> None:
    assert holds(SET, asked, text) is found


def test_commas_and_bars_after_a_backslash_divide_nothing() -> None:
    assert split("a\\,b,c\\\\,d", ",") == ["a\\,b", "c\\\\", "d"]
    assert folded("  ÉLÉONORE   de\tBrest ") == "eleonore de brest"
