"""The CapabilityStatement: it names what this server supports, and nothing else (FHIR R4 section 5.1)."""

from collections.abc import Iterable
from typing import Any

from records.fhir.search.matching import Kind, Parameter
from records.fhir.wording import FHIR_JSON, FHIR_XML
from records.profile.kinds import RESOURCES
from viewer_api.fhir.searching.searched_types import (
    INCLUDE,
    READ_BY_ID,
    REVERSE_INCLUDE,
    SEARCHED_TYPES,
    SearchedType,
)

CHANGED_ON = "2026-11-29"  # the day on which this statement last changed
PUBLISH = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference"
_SECURITY = (
    "Authorization: Bearer, or DPoP with a proof of possession (RFC 9449). Each read is decided for the "
    "record that it is about, and logged. A proof covers an address without its query: with DPoP, search by "
    "POST _search."
)
_SEARCH = (
    "A search is for one patient, by patient or patient.identifier (urn:oid:…|INS). Answers are filtered by "
    "document, newest first. _count (500 at most), _summary=count, _total, _sort=-_lastUpdated; Prefer: "
    "handling=strict refuses what is not known here."
)
_CREATE = (
    "Create: one PDF for a record of the shared medical record, IHE MHD ITI-105, in JSON; each element is "
    "honoured, kept or refused by name. Patch (FHIRPath Patch, JSON Patch), by id or conditional by "
    "identifier: archive and unarchive, by the holder and the author's side; delete, by the latter, is "
    "logical; securityLabel, by the holder, and by the author's side to hide a document until it is "
    "announced."
)
_PROVIDE = (
    "IHE MHD ITI-65: a submission set (List) with up to 100 DocumentReferences, the content of each inline "
    "or as Binary, and the Patient where it is no reference; in JSON, all or nothing."
)
_PATIENT = (
    Parameter("patient", Kind.REFERENCE, lambda _: (), "Patient/{id}, the public id of the record."),
    Parameter("patient.identifier", Kind.TOKEN, lambda _: (), "urn:oid:…|INS; patient:identifier too."),
)
_ITSELF = (
    Parameter("_id", Kind.TOKEN, lambda _: (), "The public id of the record."),
    Parameter("identifier", Kind.TOKEN, lambda _: (), "urn:oid:…|INS."),
)


def capability_statement(public_url: str, *, cors: bool) -> dict[str, Any]:
    """`cors`: pages of other origins may call."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHANGED_ON,
        "kind": "instance",
        "software": {"name": "Coffre"},
        "implementation": {"description": "Coffre", "url": f"{public_url}/fhir"},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, FHIR_XML, "json", "xml"],
        "rest": [
            {
                "mode": "server",
                "documentation": _SEARCH,
                "security": {"cors": cors, "description": _SECURITY},
                "resource": [*_resources()],
                "interaction": [{"code": "transaction", "documentation": _PROVIDE}],
            }
        ],
    }


def _resources() -> Iterable[dict[str, Any]]:
    for each in SEARCHED_TYPES.values():
        yield _searched(each)
    for kind in sorted(READ_BY_ID - SEARCHED_TYPES.keys()):
        yield {"type": kind, "interaction": [{"code": "read"}], **_VERSIONS}


def _searched(searched: SearchedType) -> dict[str, Any]:
    creates = searched.kind == "DocumentReference"
    declares = searched.kind in RESOURCES
    interactions = [
        *(["create"] if creates or declares else []),
        *(["update", "history-instance", "vread"] if declares else []),
        *(["read"] if searched.kind in READ_BY_ID else []),
        *(["patch", "delete"] if creates else []),
        "search-type",
    ]
    return {
        "type": searched.kind,
        **({"supportedProfile": [PUBLISH]} if creates else {}),
        "documentation": f"{_CREATE} {searched.documentation}" if creates else searched.documentation,
        "interaction": [{"code": code} for code in interactions],
        **(_VERSIONED if declares else _VERSIONS),
        **_included(searched),
        "searchParam": [_parameter(each) for each in (*searched.parameters.values(), *_naming(searched))],
    }


def _included(searched: SearchedType) -> dict[str, list[str]]:
    names = {INCLUDE: "searchInclude", REVERSE_INCLUDE: "searchRevInclude"}
    return {names[name]: sorted(values) for name, values in searched.includes.items()}


def _naming(searched: SearchedType) -> tuple[Parameter, ...]:
    return _PATIENT if searched.kind != "Patient" else _ITSELF


def _parameter(parameter: Parameter) -> dict[str, Any]:
    shown = {"name": parameter.name, "type": parameter.kind.value}
    return {**shown, **({"documentation": parameter.documentation} if parameter.documentation else {})}


_VERSIONED = {
    "versioning": "versioned-update",
    "readHistory": True,
    "updateCreate": False,
    "conditionalCreate": False,
    "conditionalUpdate": False,
}
"""A change names the version that it is of, as If-Match (R4 section 3.1.0.7.1)."""
_VERSIONS = {
    "versioning": "no-version",
    "readHistory": False,
    "updateCreate": False,
    "conditionalCreate": False,
    "conditionalUpdate": False,
}
