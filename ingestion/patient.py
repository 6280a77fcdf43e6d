"""Whose content is it? The INS that a file claims, against the record it is deposited in."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from records.errors import Invalid
from records.identity import INS, KNOWN_OIDS, default_oid
from records.vocabulary.codes import Environment

INS_ISSUER = "ASIP-SANTE-INS-"


def claimed_ins(patient: Mapping[str, Any], environment: Environment) -> list[str]:
    """Every INS the content claims, as `matricule|oid`; a claimed value that is no INS counts as "invalid".

    Only an issuer that says so makes an identifier an INS; any other PatientID is a local identifier (R2).
    """
    return [_value(each, environment) for each in _identifiers(patient) if _says_ins(each)]


def _identifiers(patient: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield patient
    yield from patient.get("other_ids") or []


def _says_ins(identifier: Mapping[str, Any]) -> bool:
    issuer = str(identifier.get("issuer") or "")
    return issuer.startswith(INS_ISSUER) or identifier.get("issuer_oid") in KNOWN_OIDS


def _value(identifier: Mapping[str, Any], environment: Environment) -> str:
    oid = identifier.get("issuer_oid")
    try:
        return INS.parse(
            str(identifier.get("id") or ""), oid if oid in KNOWN_OIDS else default_oid(environment)
        ).value
    except Invalid:
        return "invalid"


def contradicts(claims: list[str], expected: str) -> bool:
    """Whether the content says it is somebody else's. Without an OID in the file the matricule decides."""
    matricule = expected.partition("|")[0]
    return any(claim.partition("|")[0] != matricule for claim in claims)


def traits_differ(patient: Mapping[str, Any], traits: Mapping[str, str]) -> bool:
    """Whether family name, birth date or sex differ; what the content leaves out isn't compared."""
    pairs = (
        (patient.get("family_name"), traits["family_name"]),
        (patient.get("birth_date"), traits["birth_date"]),
        (patient.get("sex"), {"U": "O"}.get(traits["sex"], traits["sex"])),
    )
    return any(found and _plain(found) != _plain(known) for found, known in pairs)


def _plain(text: str) -> str:
    """Letters only, without accents or case: records and devices write names differently."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed.casefold() if c.isalnum())
