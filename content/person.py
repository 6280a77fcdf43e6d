"""A person as one place in a content describes it: identifiers and traits, as they are written.

Such places are the header of an instance, a CDA inside it, a FHIR Patient beside a document. What the words
mean is read where they are compared (`records/people/traits.py`). Neither type has a repr: they name people.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST, MOST_NAMES, MOST_IDENTIFIERS = 1024, 16, 32


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """One identifier (PS3.3 section 10.14, Issuer of Patient ID) with the name or OID of who assigned it."""

    value: str | None
    issuer: str | None = None
    oid: str | None = None

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> "Identifier":
        return cls(found.get("id"), found.get("issuer"), found.get("issuer_oid"))

    def to_json(self) -> dict[str, str | None]:
        return {"id": self.value, "issuer": self.issuer, "issuer_oid": self.oid}


NO_IDENTIFIER = Identifier(None)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Person:
    """At least one identifier, which may say nothing; names once each; birth date and sex as written."""

    identifiers: tuple[Identifier, ...] = (NO_IDENTIFIER,)
    family_names: tuple[str, ...] = ()
    given_names: tuple[str, ...] = ()
    birth_date: str | None = None
    sex: str | None = None

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> "Person":
        """What `to_json` wrote; a member that is absent says nothing."""
        others = found.get("other_ids") or ()
        return cls(
            identifiers=(Identifier.of_json(found), *map(Identifier.of_json, others)),
            family_names=tuple(found.get("family_names") or ()),
            given_names=tuple(found.get("given_names") or ()),
            birth_date=found.get("birth_date"),
            sex=found.get("sex"),
        )

    def to_json(self) -> dict[str, Any]:
        """The first identifier stands in the person itself, the others in `other_ids`."""
        first, *others = self.identifiers
        return {
            **first.to_json(),
            "other_ids": [each.to_json() for each in others],
            "family_names": list(self.family_names),
            "given_names": list(self.given_names),
            "birth_date": self.birth_date,
            "sex": self.sex,
        }


def person(
    identifiers: Iterable[Identifier],
    *,
    family_names: Iterable[str | None],
    given_names: Iterable[str | None],
    birth_date: str | None,
    sex: str | None,
) -> Person:
    """A person of texts from a stranger's file: bounded, printable, nothing where they say nothing."""
    return Person(
        identifiers=tuple(identifiers)[: MOST_IDENTIFIERS + 1] or (NO_IDENTIFIER,),
        family_names=_names(family_names),
        given_names=_names(given_names),
        birth_date=readable(birth_date),
        sex=readable(sex),
    )


def readable(text: str | None) -> str | None:
    """Text of a stranger's file without control characters, and not longer than any name is."""
    return "".join(c if c.isprintable() else " " for c in text or "")[:LONGEST].strip() or None


def _names(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys(map(readable, found)) if name)[:MOST_NAMES]
