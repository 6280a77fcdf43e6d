"""The kinds of own information, as data: what each may say, and what type of document it is (R1111-42).

Structures are those of FHIR R4; blood groups SNOMED CT under LOINC 882-1; roles of relatives the TRE_R260 of
the national profile of RelatedPerson (FR Core). Types of documents are those of ASS_X16: what the patient
says of the own health is the medical profile, what the patient wants is class 90.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from records.fhir.systems import CONSENT_SCOPES, LOINC
from records.profile.elements import (
    LONGEST_CODE,
    LONGEST_LINE,
    Member,
    Members,
    base64_text,
    code,
    coded,
    coded_one,
    coding,
    concept,
    date,
    may,
    must,
    note,
    period,
    reference,
    several,
    shaped,
    text,
    truth,
)

SNOMED = "http://snomed.info/sct"
CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
CONSENT_CATEGORIES = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"
OWN_WISHES = "urn:coffre:wishes"
"""Codes of ours: R4 has none for organ donation."""
ROLES = "https://mos.esante.gouv.fr/NOS/TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass"
OBSERVATION_VALUES, ASSERTED = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "PATAST"
"""R4 section 6.1: the patient asserts it."""
ABO_RHESUS, DIRECTIVES_CODE, DONATION_CODE = "882-1", "acd", "organ-donation"
TRUSTED, TO_WARN = "NOK", "ECON"
BLOOD_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "278147001": "O+",
        "278148006": "O-",
        "278149003": "A+",
        "278152006": "A-",
        "278150003": "B+",
        "278153001": "B-",
        "278151004": "AB+",
        "278154007": "AB-",
    }
)
LONGEST_DIRECTIVES = 8000
WRITTEN_IN_ERROR = "entered-in-error"
PROFILE_TYPE, WISHES_TYPE, DIRECTIVES_TYPE = "DOCPAT08", "EXPPAT_1", "EXPPAT_3"


class EntryKind(StrEnum):
    """What an entry is about."""

    BLOOD_GROUP = "blood_group"
    ALLERGY = "allergy"
    VACCINATION = "vaccination"
    TREATMENT = "treatment"
    DIRECTIVES = "directives"
    ORGAN_DONATION = "organ_donation"
    TRUSTED_PERSON = "trusted_person"
    TO_WARN = "to_warn"


@dataclass(frozen=True, slots=True)
class KindRule:
    """`distinguished` is the code by which kinds of one resource type are told apart: the element that has
    it, and the code; None where the resource is of one kind alone.
    """

    resource: str
    type_code: str
    display: str
    members: Members
    distinguished: tuple[str, str] | None = None


_SERVERS: Members = {
    "resourceType": must(text(LONGEST_CODE)),
    "id": may(text(LONGEST_CODE)),
    "meta": may(
        shaped(
            {
                "versionId": may(text(LONGEST_CODE)),
                "lastUpdated": may(date),
                "security": may(several(coded_one(OBSERVATION_VALUES, ASSERTED))),
            }
        )
    ),
}
"""What a server says of a resource; a client that sends it back changes nothing by it."""
_PATIENT = may(reference("Patient"))
_NOTE = may(note)


def _statuses(*known: str) -> Member:
    return must(code(*known, WRITTEN_IN_ERROR))


_BLOOD_GROUP: Members = {
    "status": _statuses("final", "amended", "corrected"),
    "category": may(several(coded(CATEGORIES, {"laboratory": ""}))),
    "code": must(coded(LOINC, {ABO_RHESUS: ""})),
    "subject": _PATIENT,
    "effectiveDateTime": may(date),
    "valueCodeableConcept": must(coded(SNOMED, BLOOD_GROUPS)),
    "note": _NOTE,
}
_ALLERGY: Members = {
    "clinicalStatus": may(coded(CLINICAL, dict.fromkeys(("active", "inactive", "resolved"), ""))),
    "verificationStatus": must(
        coded(VERIFICATION, dict.fromkeys(("unconfirmed", "confirmed", WRITTEN_IN_ERROR), ""))
    ),
    "type": may(code("allergy", "intolerance")),
    "category": may(several(code("food", "medication", "environment", "biologic"))),
    "criticality": may(code("low", "high", "unable-to-assess")),
    "code": must(concept),
    "patient": _PATIENT,
    "onsetDateTime": may(date),
    "recordedDate": may(date),
    "reaction": may(
        several(
            shaped(
                {
                    "manifestation": must(several(concept)),
                    "severity": may(code("mild", "moderate", "severe")),
                }
            )
        )
    ),
    "note": _NOTE,
}
_VACCINATION: Members = {
    "status": _statuses("completed"),
    "vaccineCode": must(concept),
    "patient": _PATIENT,
    "occurrenceDateTime": must(date),
    "recorded": may(date),
    "primarySource": may(truth),
    "lotNumber": may(text(LONGEST_CODE)),
    "note": _NOTE,
}
_TREATMENT: Members = {
    "status": _statuses("active", "completed", "stopped", "on-hold", "intended"),
    "medicationCodeableConcept": must(concept),
    "subject": _PATIENT,
    "effectiveDateTime": may(date),
    "effectivePeriod": may(period),
    "dateAsserted": may(date),
    "reasonCode": may(several(concept)),
    "dosage": may(several(shaped({"text": must(text())}))),
    "note": _NOTE,
}
_POLICY = may(shaped({"text": must(text())}))
_DIRECTIVES: Members = {
    "status": _statuses("active"),
    "scope": must(coded(CONSENT_SCOPES, {"adr": ""})),
    "category": must(several(coded(CONSENT_CATEGORIES, {DIRECTIVES_CODE: ""}), most=1)),
    "patient": _PATIENT,
    "dateTime": must(date),
    "policyRule": _POLICY,
    "sourceAttachment": may(
        shaped(
            {
                "contentType": must(code("text/plain")),
                "language": may(text(LONGEST_CODE)),
                "title": may(text()),
                "data": must(base64_text(LONGEST_DIRECTIVES)),
            }
        )
    ),
    "sourceReference": may(reference("DocumentReference")),
}
_ORGAN_DONATION: Members = {
    "status": _statuses("active"),
    "scope": must(coded(CONSENT_SCOPES, {"adr": ""})),
    "category": must(several(coded(OWN_WISHES, {DONATION_CODE: ""}), most=1)),
    "patient": _PATIENT,
    "dateTime": must(date),
    "policyRule": _POLICY,
    "provision": must(shaped({"type": must(code("permit", "deny"))})),
}
_CONTACT: Members = {
    "active": must(truth),
    "patient": _PATIENT,
    "name": must(several(shaped({"text": must(text())}), most=1)),
    "telecom": must(
        several(
            shaped(
                {
                    "system": must(code("phone", "email", "sms")),
                    "value": must(text(LONGEST_LINE)),
                    "use": may(code("home", "work", "mobile")),
                }
            )
        )
    ),
    "address": may(several(shaped({"text": must(text(lines=True))}), most=1)),
}


def _related(role: str) -> Members:
    """One concept tells the role; another may tell how this person is related."""
    relation = shaped({"text": may(text()), "coding": may(several(coding))})
    return {**_CONTACT, "relationship": must(several(relation, most=2)), "period": may(period)}


KINDS: Mapping[EntryKind, KindRule] = MappingProxyType(
    {
        EntryKind.BLOOD_GROUP: KindRule("Observation", PROFILE_TYPE, "Groupe sanguin", _BLOOD_GROUP),
        EntryKind.ALLERGY: KindRule("AllergyIntolerance", PROFILE_TYPE, "Allergie ou intolérance", _ALLERGY),
        EntryKind.VACCINATION: KindRule("Immunization", PROFILE_TYPE, "Vaccination", _VACCINATION),
        EntryKind.TREATMENT: KindRule("MedicationStatement", PROFILE_TYPE, "Traitement", _TREATMENT),
        EntryKind.DIRECTIVES: KindRule(
            "Consent", DIRECTIVES_TYPE, "Directives anticipées", _DIRECTIVES, ("category", DIRECTIVES_CODE)
        ),
        EntryKind.ORGAN_DONATION: KindRule(
            "Consent", WISHES_TYPE, "Don d'organes", _ORGAN_DONATION, ("category", DONATION_CODE)
        ),
        EntryKind.TRUSTED_PERSON: KindRule(
            "RelatedPerson",
            WISHES_TYPE,
            "Personne de confiance",
            _related(TRUSTED),
            ("relationship", TRUSTED),
        ),
        EntryKind.TO_WARN: KindRule(
            "RelatedPerson", PROFILE_TYPE, "Personne à prévenir", _related(TO_WARN), ("relationship", TO_WARN)
        ),
    }
)
SERVER_MEMBERS = _SERVERS
RESOURCES: frozenset[str] = frozenset(each.resource for each in KINDS.values())
ENTRY_TYPES: frozenset[str] = frozenset(each.type_code for each in KINDS.values())
"""Types of documents that entries are, beside documents of the same types that are files."""
