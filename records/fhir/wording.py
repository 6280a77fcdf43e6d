"""FHIR R4 as all rooms speak it alike: media types, errors, how a search names its patient."""

from typing import Any
from uuid import UUID

from records.errors import Invalid

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
CODES = "urn:coffre:code"
"""The system of our own stable codes in an OperationOutcome."""


PATIENT_PARAMETERS = frozenset({"patient", "patient.identifier", "patient:identifier"})
_OID = "urn:oid:"


def record_named_by(parameter: str, text: str) -> str:
    """The public id, or the INS as `matricule|oid`, by which a search names its patient (IHE MHD 2:3.67).

    Raises `Invalid` "bad_query", without the value.
    """
    if parameter not in ("patient", "_id"):
        return _ins(parameter, text)
    try:
        return str(UUID(text.removeprefix("Patient/")))
    except ValueError:
        raise Invalid(
            "The parameter patient is Patient/{id}; an INS goes into patient.identifier.", code="bad_query"
        ) from None


def _ins(parameter: str, text: str) -> str:
    system, divider, value = text.rpartition("|")
    oid = system.removeprefix(_OID)
    if not value or "," in value or (divider and not oid):
        raise Invalid(f"The parameter {parameter} is {_OID}1.2.250.1.213.1.4.…|INS.", code="bad_query")
    return f"{value}|{oid}" if oid else value


def operation_outcome(
    code: str, sentence: str, kind: str = "processing", severity: str = "error"
) -> dict[str, Any]:
    """A FHIR OperationOutcome with our stable code (R4 section 2.36)."""
    return {"resourceType": "OperationOutcome", "issue": [outcome_issue(code, sentence, kind, severity)]}


def outcome_issue(code: str, sentence: str, kind: str, severity: str) -> dict[str, Any]:
    return {
        "severity": severity,
        "code": kind,
        "details": {"coding": [{"system": CODES, "code": code}], "text": sentence},
    }
