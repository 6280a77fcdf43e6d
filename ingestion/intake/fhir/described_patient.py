"""The person that a FHIR DocumentReference describes: a contained Patient (R4 §8.1, DocumentReference §2.40).

Its `subject` refers to one, `context.sourcePatientInfo` to the same or to another. Whoever reads the rest of
the resource decides what is refused; here whatever has another shape describes nobody.
"""

from collections.abc import Iterator
from typing import Any

from content.person import Identifier, Person, person

_OID = "urn:oid:"
# R4 HumanName.use: the birth name is official in the national profile (FR Core) and maiden elsewhere, a used
# one is usual; these are no longer the person's, or never were
_NOT_THEIRS = frozenset({"old", "temp", "anonymous"})


def described_patients(resource: object) -> list[Person]:
    """The person of every contained Patient that is referred to."""
    whole = _object(resource)
    wanted = {
        _reference(whole.get("subject")),
        _reference(_object(whole.get("context")).get("sourcePatientInfo")),
    }
    patients = (each for each in _objects(whole.get("contained")) if each.get("resourceType") == "Patient")
    return [_person(each) for each in patients if f"#{each.get('id')}" in wanted]


def _person(patient: dict[str, Any]) -> Person:
    names = [name for name in _objects(patient.get("name")) if _text(name.get("use")) not in _NOT_THEIRS]
    return person(
        [
            Identifier(_text(each.get("value")), oid=(_text(each.get("system")) or "").removeprefix(_OID))
            for each in _objects(patient.get("identifier"))
        ],
        family_names=[_text(name.get("family")) for name in names],
        given_names=[" ".join(_texts(name.get("given"))) for name in names],
        birth_date=_text(patient.get("birthDate")),
        sex=_text(patient.get("gender")),
    )


def _reference(value: object) -> str | None:
    return _text(_object(value).get("reference"))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
