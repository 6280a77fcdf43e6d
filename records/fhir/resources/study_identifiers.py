"""Identifiers by which images, orders and reports find one another (PS3.3 C.7.2.1; FHIR R4 section 10.4)."""

from collections.abc import Iterable
from typing import Any

from records.fhir.systems import DICOM_UID, IDENTIFIER_TYPES
from records.summaries import DocumentSummary

ACCESSION = "00080050"


def uid_identifier(uid: str) -> dict[str, Any]:
    """A UID as FHIR writes it (R4 section 2.24.0.13)."""
    return {"system": DICOM_UID, "value": f"urn:oid:{uid}"}


def accession_identifiers(summary: DocumentSummary) -> Iterable[dict[str, Any]]:
    """Accession Number (0008,0050): the order's number, given by the structure that took the images."""
    for number in summary.attributes.get(ACCESSION, {}).get("Value", ()):
        if text := str(number or "").strip():
            kind = {"coding": [{"system": IDENTIFIER_TYPES, "code": "ACSN"}]}
            yield {"type": kind, "value": text}
