"""Fields of the forms of own information, and the FHIR resource that they make.

What a form has no field for stays as it was: a change begins with the resource as it stands.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from records.fhir.systems import CONSENT_SCOPES, LOINC
from records.profile.kinds import (
    ABO_RHESUS,
    BLOOD_GROUPS,
    CONSENT_CATEGORIES,
    DIRECTIVES_CODE,
    DONATION_CODE,
    KINDS,
    OWN_WISHES,
    ROLES,
    SNOMED,
    TO_WARN,
    TRUSTED,
    VERIFICATION,
    WRITTEN_IN_ERROR,
    EntryKind,
)

Resource = dict[str, Any]
_FRENCH = re.compile(r"(?:(?:(?P<day>[0-9]{1,2})[/.])?(?P<month>[0-9]{1,2})[/.])?(?P<year>[0-9]{4})")
_GROUPS = {group: code for code, group in BLOOD_GROUPS.items()}


@dataclass(frozen=True, slots=True)
class Field:
    """`form`: line, lines, date, or the values to choose from. `put` and `get`: into a resource and out."""

    name: str
    form: str | tuple[str, ...]
    put: Callable[[Resource, str], None]
    get: Callable[[Mapping[str, Any]], str]
    required: bool = False


def iso_date(text: str) -> str:
    """A date as it is written in French, or in ISO 8601, as FHIR has it; any other text stays."""
    found = _FRENCH.fullmatch(text.strip())
    if found is None:
        return text.strip()
    parts = (found["year"], found["month"], found["day"])
    return "-".join(each.zfill(2) for each in parts if each is not None)


def french_date(text: str) -> str:
    """The reverse, to the day."""
    return "/".join(reversed(text[:10].split("-")))


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _plain(name: str) -> tuple[Callable[[Resource, str], None], Callable[[Mapping[str, Any]], str]]:
    return (lambda found, text: _set(found, name, text), lambda found: str(found.get(name, "")))


def _set(found: Resource, name: str, value: Any) -> None:
    """A member; without a value it goes."""
    if value:
        found[name] = value
    else:
        found.pop(name, None)


def _date(name: str, *, required: bool = False) -> Field:
    return Field(
        "date",
        "date",
        lambda found, text: _set(found, name, iso_date(text)),
        lambda found: french_date(found.get(name, "")),
        required,
    )


def _concept(name: str) -> Field:
    return Field(
        "text",
        "line",
        lambda found, text: _set(found, name, _renamed(found.get(name), text)),
        lambda found: str(found.get(name, {}).get("text", "")),
        required=True,
    )


def _renamed(concept: Any, text: str) -> Resource:
    """What is called otherwise has no longer the codes that it had."""
    return concept if isinstance(concept, dict) and concept.get("text") == text else {"text": text}


def _choice(name: str, member: str, values: tuple[str, ...], *, required: bool = False) -> Field:
    return Field(name, values, *_plain(member), required)


NOTE = Field(
    "note",
    "lines",
    lambda found, text: _set(found, "note", [{"text": text}] if text else None),
    lambda found: str((found.get("note") or [{}])[0].get("text", "")),
)


def _put_attachment(found: Resource, text: str) -> None:
    data = base64.b64encode(text.encode()).decode() if text else ""
    _set(found, "sourceAttachment", {"contentType": "text/plain", "data": data} if data else None)


def _attachment(found: Mapping[str, Any]) -> str:
    return base64.b64decode(found.get("sourceAttachment", {}).get("data", "")).decode()


def _phone(found: Mapping[str, Any]) -> str:
    return str((found.get("telecom") or [{}])[0].get("value", ""))


def _put_phone(found: Resource, text: str) -> None:
    first, *others = found.get("telecom") or [{"system": "phone"}]
    _set(found, "telecom", [{**first, "value": text}, *others])


_CONTACT = (
    Field(
        "name",
        "line",
        lambda found, text: _set(found, "name", [{"text": text}] if text else None),
        lambda found: str((found.get("name") or [{}])[0].get("text", "")),
        required=True,
    ),
    Field("phone", "line", _put_phone, _phone, required=True),
)
FIELDS: Mapping[EntryKind, tuple[Field, ...]] = {
    EntryKind.BLOOD_GROUP: (
        Field(
            "group",
            tuple(BLOOD_GROUPS.values()),
            lambda found, text: _set(found, "valueCodeableConcept", coded(SNOMED, _GROUPS.get(text, ""))),
            lambda found: BLOOD_GROUPS.get(
                found.get("valueCodeableConcept", {}).get("coding", [{}])[0].get("code", ""), ""
            ),
            required=True,
        ),
        _date("effectiveDateTime"),
        NOTE,
    ),
    EntryKind.ALLERGY: (
        _concept("code"),
        _choice("criticality", "criticality", ("low", "high", "unable-to-assess")),
        _date("onsetDateTime"),
        NOTE,
    ),
    EntryKind.VACCINATION: (
        _concept("vaccineCode"),
        _date("occurrenceDateTime", required=True),
        Field("lot", "line", *_plain("lotNumber")),
        NOTE,
    ),
    EntryKind.TREATMENT: (
        _concept("medicationCodeableConcept"),
        Field(
            "dosage",
            "line",
            lambda found, text: _set(found, "dosage", [{"text": text}] if text else None),
            lambda found: str((found.get("dosage") or [{}])[0].get("text", "")),
        ),
        _choice("state", "status", ("active", "completed", "stopped"), required=True),
        NOTE,
    ),
    EntryKind.DIRECTIVES: (
        Field("words", "lines", _put_attachment, _attachment, required=True),
        _date("dateTime", required=True),
    ),
    EntryKind.ORGAN_DONATION: (
        Field(
            "wish",
            ("permit", "deny"),
            lambda found, text: _set(found, "provision", {"type": text}),
            lambda found: str(found.get("provision", {}).get("type", "")),
            required=True,
        ),
        _date("dateTime", required=True),
    ),
    EntryKind.TRUSTED_PERSON: _CONTACT,
    EntryKind.TO_WARN: _CONTACT,
}
_BEGUN: Mapping[EntryKind, Resource] = {
    EntryKind.BLOOD_GROUP: {"status": "final", "code": coded(LOINC, ABO_RHESUS)},
    EntryKind.ALLERGY: {"verificationStatus": coded(VERIFICATION, "unconfirmed")},
    EntryKind.VACCINATION: {"status": "completed", "primarySource": False},
    EntryKind.TREATMENT: {},
    EntryKind.DIRECTIVES: {
        "status": "active",
        "scope": coded(CONSENT_SCOPES, "adr"),
        "category": [coded(CONSENT_CATEGORIES, DIRECTIVES_CODE)],
    },
    EntryKind.ORGAN_DONATION: {
        "status": "active",
        "scope": coded(CONSENT_SCOPES, "adr"),
        "category": [coded(OWN_WISHES, DONATION_CODE)],
    },
    EntryKind.TRUSTED_PERSON: {"active": True, "relationship": [coded(ROLES, TRUSTED)]},
    EntryKind.TO_WARN: {"active": True, "relationship": [coded(ROLES, TO_WARN)]},
}


def made(kind: EntryKind, form: Mapping[str, str], before: Mapping[str, Any] | None = None) -> Resource:
    """The resource that a form makes; `before` is what it changes. The rules judge it."""
    found = dict(before or {"resourceType": KINDS[kind].resource, **_BEGUN[kind]})
    for field in FIELDS[kind]:
        field.put(found, form.get(field.name, "").replace("\r\n", "\n").strip())
    return found


def values(kind: EntryKind, resource: Mapping[str, Any]) -> dict[str, str]:
    """What the fields of a form hold of a resource."""
    return {field.name: field.get(resource) for field in FIELDS[kind]}


def removed(kind: EntryKind, before: Mapping[str, Any]) -> Resource:
    """The same, no longer counted (`records.profile.entries.Entry.removed`)."""
    found = dict(before)
    if kind is EntryKind.ALLERGY:
        return found | {"verificationStatus": coded(VERIFICATION, WRITTEN_IN_ERROR)}
    if "status" in KINDS[kind].members:
        return found | {"status": WRITTEN_IN_ERROR}
    return found | {"active": False}
