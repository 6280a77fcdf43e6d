"""Code systems of FHIR answers, and the other addresses under which clients know the same systems."""

import re
from collections.abc import Mapping

LOINC = "http://loinc.org"
FRENCH_TYPES = (
    "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"
)
FRENCH_CLASSES = "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument"
VISIBILITY = (
    "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
)
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
ACT_REASONS = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ROLE_CLASSES = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
CONSENT_SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
DICOM_TERMS = "http://dicom.nema.org/resources/ontology/DCM"
DICOM_UID = "urn:dicom:uid"
LIST_TYPES = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
NATIONAL_STRUCTURE = "urn:oid:1.2.250.1.71.4.2.2"
"""Struct_IdNat, the national number of a structure."""
FORMATS = "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode"
MIME_TYPE_SUFFICIENT = "urn:ihe:iti:xds:2017:mimeTypeSufficient"
URI = "urn:ietf:rfc:3986"
"""The system of identifiers that are URIs themselves (R4 section 2.24.0.13)."""

_LOINC = re.compile(r"[0-9]{1,7}-[0-9]")
_ALIKE: Mapping[str, str] = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "https://mos.esante.gouv.fr/NOS/TRE_A04-Loinc/FHIR/TRE-A04-Loinc": LOINC,
    "urn:oid:1.2.250.1.213.1.1.4.12": FRENCH_TYPES,
    "urn:oid:1.2.250.1.213.1.1.4.1": FRENCH_CLASSES,
    "urn:oid:1.2.250.1.213.1.1.4.13": VISIBILITY,
    "urn:oid:2.16.840.1.113883.5.25": CONFIDENTIALITY,
    "http://hl7.org/fhir/v3/Confidentiality": CONFIDENTIALITY,
    "urn:oid:1.2.840.10008.2.16.4": DICOM_TERMS,
    "urn:oid:1.3.6.1.4.1.19376.1.2.3": FORMATS,
    "http://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes": LIST_TYPES,
}


def one_name(system: str) -> str:
    """The address of a system that answers use, however it was named."""
    return _ALIKE.get(system, system)


def system_of_type(code: str) -> str:
    """LOINC codes are numbers with a check digit; the others are national (records.vocabulary)."""
    return LOINC if _LOINC.fullmatch(code) else FRENCH_TYPES
