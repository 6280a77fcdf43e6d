"""An entry of own information: one FHIR R4 resource, judged by the rules of its kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from records.profile.elements import Check, EntryRefused, shaped
from records.profile.kinds import (
    KINDS,
    RESOURCES,
    ROLES,
    SERVER_MEMBERS,
    WRITTEN_IN_ERROR,
    EntryKind,
    KindRule,
)

LARGEST_ENTRY = 16 * 1024
"""Bytes of JSON of one entry."""
MEDIA_TYPE = "application/fhir+json"
_CHECKS: Mapping[EntryKind, Check] = {
    kind: shaped({**SERVER_MEMBERS, **rule.members}) for kind, rule in KINDS.items()
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource that keeps the rules. `removed`: it says that it no longer counts."""

    kind: EntryKind
    resource: Mapping[str, Any] = field(repr=False)

    @property
    def rule(self) -> KindRule:
        return KINDS[self.kind]

    @property
    def removed(self) -> bool:
        """FHIR R4: what was entered in error, a relative who is none any more (`RelatedPerson.active`)."""
        verification = self.resource.get("verificationStatus", {}).get("coding", ())
        statuses = {self.resource.get("status"), *(each["code"] for each in verification)}
        return WRITTEN_IN_ERROR in statuses or self.resource.get("active") is False

    @property
    def date(self) -> str | None:
        """When it was, began or was written."""
        found = [self.resource.get(name) for name in _DATES]
        found.append(self.resource.get("effectivePeriod", {}).get("start"))
        return next((each for each in found if isinstance(each, str)), None)


_DATES = ("effectiveDateTime", "onsetDateTime", "occurrenceDateTime", "dateTime", "recordedDate")


def read_entry(resource: object) -> Entry:
    """The entry in a resource. Raises `EntryRefused` with the rule and the element, never a value."""
    if not isinstance(resource, dict):
        raise EntryRefused("entry_not_json", "")
    kind = _kind(resource)
    _CHECKS[kind](resource, KINDS[kind].resource)
    if "effectivePeriod" in resource and "effectiveDateTime" in resource:
        raise EntryRefused("entry_value_bad", f"{KINDS[kind].resource}.effectivePeriod")  # effective[x]
    if kind is EntryKind.DIRECTIVES and not {"sourceAttachment", "sourceReference"} & resource.keys():
        raise EntryRefused("entry_member_missing", "Consent.sourceAttachment")
    return Entry(kind, resource)


def kept_entry(resource: Mapping[str, Any]) -> Entry | None:
    """The entry in a resource that was kept; None where today's rules don't know it any more."""
    try:
        return read_entry(resource)
    except EntryRefused:
        return None


def _kind(resource: Mapping[str, Any]) -> EntryKind:
    name = resource.get("resourceType")
    rules = [(kind, rule) for kind, rule in KINDS.items() if rule.resource == name]
    if not isinstance(name, str) or name not in RESOURCES:
        raise EntryRefused("entry_kind_unknown", "resourceType")
    if len(rules) == 1:
        return rules[0][0]
    element = rules[0][1].distinguished
    assert element is not None  # kinds that share a type of resource have it
    codes = set(_codes(resource.get(element[0])))
    found = [kind for kind, rule in rules if rule.distinguished and rule.distinguished[1] in codes]
    if len(found) != 1:
        raise EntryRefused("entry_kind_unknown", f"{name}.{element[0]}")
    return found[0]


def _codes(concepts: object) -> Iterator[str]:
    """The codes of a list of concepts, whatever shape it has; of relatives those of the role alone."""
    for concept in concepts if isinstance(concepts, list) else ():
        codings = concept.get("coding") if isinstance(concept, dict) else None
        for each in codings if isinstance(codings, list) else ():
            code = each.get("code") if isinstance(each, dict) else None
            if isinstance(code, str) and (code not in _ROLE_CODES or each.get("system") == ROLES):
                yield code


_ROLE_CODES = frozenset(
    rule.distinguished[1]
    for rule in KINDS.values()
    if rule.distinguished and rule.distinguished[0] == "relationship"
)
