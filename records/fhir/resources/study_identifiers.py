"""Identifiers by which images, orders and reports find one another (PS3.3 C.7.2.1; FHIR R4 section 10.4)."""

from collections.abc import Mapping
from typing import Any

from records.documents.summaries import DocumentSummary
from records.fhir.systems import DICOM_UID, IDENTIFIER_TYPES

_NUMBERS: Mapping[str, str] = {"00080050": "ACSN", "00402016": "PLAC", "00402017": "FILL"}
"""Accession Number, and the order's numbers with its placer and its filler: types of HL7 table 0203."""
_REFERENCED = "0040A370"
"""Referenced Request Sequence (PS3.3 section C.17.2), by which a report in DICOM names its orders."""


def uid_identifier(uid: str) -> dict[str, Any]:
    """A UID as FHIR writes it (R4 section 2.24.0.13)."""
    return {"system": DICOM_UID, "value": f"urn:oid:{uid}"}


def order_identifiers(summary: DocumentSummary) -> list[dict[str, Any]]:
    """The numbers of its orders, each once; the structures that gave them are not known."""
    requests = summary.attributes.get(_REFERENCED, {}).get("Value", ())
    found = {
        (kind, text): None
        for item in (summary.attributes, *requests)
        for tag, kind in _NUMBERS.items()
        for number in item.get(tag, {}).get("Value", ())
        if (text := str(number or "").strip())
    }
    return [
        {"type": {"coding": [{"system": IDENTIFIER_TYPES, "code": kind}]}, "value": text}
        for kind, text in found
    ]
