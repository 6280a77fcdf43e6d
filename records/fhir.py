"""What both rooms that speak FHIR R4 say alike: media types, the base of errors."""

from typing import Any

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
CODES = "urn:coffre:code"
"""The system of our own stable codes in an OperationOutcome."""


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
