"""Show the choices on a record's card as one FHIR R4 Consent (section 6.2)."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from keyvault.verbs.reader.grants.reading import Disclosed
from records.fhir.dates import instant
from records.fhir.resources.document_references import filled
from records.fhir.systems import ACT_REASONS, CONSENT_SCOPES, LOINC, ROLE_CLASSES

NATIONAL_NUMBER = "urn:oid:1.2.250.1.71.4.2.1"
"""PSIdNat, the national number of a professional."""
PRIVACY = {"coding": [{"system": LOINC, "code": "59284-0", "display": "Consent Document"}]}
SCOPE = {"coding": [{"system": CONSENT_SCOPES, "code": "patient-privacy"}]}
RULE = "Code de la santé publique, articles L1111-14 à L1111-24"
_EMERGENCIES: Mapping[str, str] = {"bris_de_glace": "BTG", "centre_15": "ETREAT"}
"""Breaking the glass, and emergency treatment (HL7 v3 ActReason)."""


def consent(disclosed: Disclosed) -> dict[str, Any] | None:
    """To the holder all choices, to a professional those about himself; None where there are none.

    Its id is the public id of the record: a record has one card.
    """
    choices = disclosed.choices or disclosed.concerning or {}
    provisions = [*_provisions(choices)]
    if not provisions:
        return None
    first = choices.get("consent")
    return filled(
        {
            "resourceType": "Consent",
            "id": str(disclosed.public_id),
            "status": "active",
            "scope": SCOPE,
            "category": [PRIVACY],
            "patient": {"reference": f"Patient/{disclosed.public_id}"},
            "dateTime": _time(first["at"]) if first else None,
            "policyRule": {"text": RULE},
            "provision": {"type": "deny", "provision": provisions},
        }
    )


def _provisions(choices: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Exceptions from what is closed to everybody (R4 section 6.2.6)."""
    for each in choices.get("authorisations", ()):
        until = each["until"]
        period = {"start": _time(each["since"]), "end": None if until is None else _time(until)}
        yield {"type": "permit", "period": filled(period), "actor": [_actor(each["professional"], "PRCP")]}
    for number in choices.get("attending", ()):
        yield {"type": "permit", "actor": [_actor(number, "PRCP", "Médecin traitant / Attending doctor")]}
    for number in choices.get("blocks", ()):
        yield {"type": "deny", "actor": [_actor(number, "PRCP")]}
    for mode, allowed in choices.get("emergency", {}).items():
        purpose = {"system": ACT_REASONS, "code": _EMERGENCIES[mode]}
        yield {"type": "permit" if allowed else "deny", "purpose": [purpose]}


def _actor(number: str, role: str, text: str | None = None) -> dict[str, Any]:
    identifier = {"system": NATIONAL_NUMBER, "value": number}
    return {
        "role": filled({"coding": [{"system": ROLE_CLASSES, "code": role}], "text": text}),
        "reference": {"type": "Practitioner", "identifier": identifier},
    }


def _time(seconds: int) -> str:
    return instant(seconds * 1000)


def shown_to(disclosed: Disclosed) -> tuple[UUID, list[dict[str, Any]]]:
    """The public id of the record, and the one Consent or none."""
    found = consent(disclosed)
    return disclosed.public_id, [found] if found else []
