"""Entries of own information as tests send them."""

import base64
from typing import Any

from records.fhir.systems import CONSENT_SCOPES, LOINC
from records.profile.kinds import CONSENT_CATEGORIES, OWN_WISHES, ROLES, SNOMED, VERIFICATION


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def allergy(text: str = "Pénicilline", status: str = "unconfirmed", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "AllergyIntolerance",
        "verificationStatus": coded(VERIFICATION, status),
        "code": {"text": text},
        **more,
    }


def blood_group(code: str = "278149003", status: str = "final") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": status,
        "code": coded(LOINC, "882-1"),
        "valueCodeableConcept": coded(SNOMED, code),
    }


def vaccination(text: str = "Tétanos", day: str = "2019-05") -> dict[str, Any]:
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"text": text},
        "occurrenceDateTime": day,
    }


def treatment(text: str = "Lévothyroxine 75 µg") -> dict[str, Any]:
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {"text": text},
        "effectivePeriod": {"start": "2021-03"},
        "dosage": [{"text": "un comprimé le matin"}],
    }


def directives(words: str = "Pas d'acharnement thérapeutique.") -> dict[str, Any]:
    data = base64.b64encode(words.encode()).decode()
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": coded(CONSENT_SCOPES, "adr"),
        "category": [coded(CONSENT_CATEGORIES, "acd")],
        "dateTime": "2024-01-31",
        "sourceAttachment": {"contentType": "text/plain", "data": data},
    }


def organ_donation(answer: str = "deny") -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": coded(CONSENT_SCOPES, "adr"),
        "category": [coded(OWN_WISHES, "organ-donation")],
        "dateTime": "2024-01-31",
        "provision": {"type": answer},
    }


def contact(name: str = "Jeanne Martin", role: str = "ECON", active: bool = True) -> dict[str, Any]:
    return {
        "resourceType": "RelatedPerson",
        "active": active,
        "relationship": [coded(ROLES, role)],
        "name": [{"text": name}],
        "telecom": [{"system": "phone", "value": "06 12 34 56 78", "use": "mobile"}],
    }


EVERY_KIND = {
    "blood_group": blood_group(),
    "allergy": allergy(),
    "vaccination": vaccination(),
    "treatment": treatment(),
    "directives": directives(),
    "organ_donation": organ_donation(),
    "trusted_person": contact(role="NOK"),
    "to_warn": contact(),
}
