"""Show whose record it is as a FHIR R4 Patient (section 8.1): INS and the traits of its card."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from keyvault.verbs.reader.grants.reading import Whose

_GENDER: Mapping[str, str] = {"F": "female", "M": "male", "U": "unknown"}


def patient(record: UUID, whose: Whose) -> dict[str, Any]:
    """To whoever may open the record, as every page shows it; a record that answers is active."""
    ins, traits = whose.ins, whose.traits
    return {
        "resourceType": "Patient",
        "id": str(record),
        "identifier": [{"use": "official", "system": f"urn:oid:{ins.oid}", "value": ins.matricule}],
        "active": True,
        "name": [{"use": "official", "family": traits.family_name, "given": traits.given_name.split()}],
        "gender": _GENDER[traits.sex],
        "birthDate": traits.birth_date,
    }
