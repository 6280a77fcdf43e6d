"""The CapabilityStatement: it names what this server supports, and nothing else (FHIR R4 section 5.1)."""

from typing import Any

CHANGED_ON = "2026-11-28"  # the day on which this statement last changed
PROFILE = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference"
_SECURITY = (
    "Authorization: Bearer, or DPoP with a proof of possession (RFC 9449). Each read is decided for the "
    "record that it is about, and logged."
)
_DOCUMENTATION = (
    "Create: one PDF for a record of the shared medical record, IHE MHD ITI-105; each element is honoured, "
    "kept or refused by name. Read: for the depositor that it is there, for who may see the document what a "
    "list shows."
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
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {"cors": cors, "description": _SECURITY},
                "resource": [_DOCUMENT_REFERENCE],
            }
        ],
    }


_DOCUMENT_REFERENCE = {
    "type": "DocumentReference",
    "supportedProfile": [PROFILE],
    "documentation": _DOCUMENTATION,
    "interaction": [{"code": "create"}, {"code": "read"}],
    "versioning": "no-version",
    "readHistory": False,
    "updateCreate": False,
    "conditionalCreate": False,
    "conditionalUpdate": False,
}
