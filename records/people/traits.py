"""The comparison of the traits that a content states with the traits of a record.

Traits identify nobody (R2): the INS names the record, and traits that contradict it say that somebody may
have named the wrong one. Whatever a content leaves out, or does not know, contradicts nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from records.people.identity import Traits
from records.people.names import comparable, same_family_name, same_first_name


class Trait(StrEnum):
    """A trait that can differ, by the code of the warning about it, in the order in which they are told."""

    FAMILY_NAME = "other_family_name"
    BIRTH_DATE = "other_birth_date"
    SEX = "other_sex"
    FIRST_NAME = "other_first_name"


class IdentityCheck(StrEnum):
    """The effect of differing traits (COFFRE_IDENTITY_CHECK)."""

    INS = "ins"  # they warn
    USUAL = "usual"  # two of family name, birth date and sex set the content aside
    STRICT = "strict"  # any sets it aside


COUNTING: frozenset[Trait] = frozenset({Trait.FAMILY_NAME, Trait.BIRTH_DATE, Trait.SEX})
"""A first name that differs only warns: it may be a twin's, a used name or the second one."""
_SEXES: Mapping[str, str] = MappingProxyType({"f": "F", "female": "F", "m": "M", "male": "M"})
_FIRST_YEAR, _LAST_YEAR = 1850, 2199
_DIGITS = re.compile(r"([0-9]{4})[-./]?([0-9]{2})?[-./]?([0-9]{2})?")


@dataclass(frozen=True, slots=True)
class ClaimedTraits:
    """The traits of its person that one place in a content (a header, a CDA, a FHIR Patient) states.

    Any of the names may be the birth name, any other is a used one. `birth_date` is YYYY, YYYY-MM or
    YYYY-MM-DD, as far as it is known, `sex` F or M; what is not known is empty. Its repr shows nothing.
    """

    family_names: tuple[str, ...] = field(default=(), repr=False)
    given_names: tuple[str, ...] = field(default=(), repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)


def read_birth_date(text: str) -> str:
    """The part of a date that is known, as YYYY, YYYY-MM or YYYY-MM-DD; empty where nothing is.

    Reads DICOM's DA (PS3.5 §6.2) with the retired form YYYY.MM.DD, HL7's TS and FHIR's date. A day or month
    of zero is an unknown one (RNIV), and so is one that the calendar does not have.
    """
    found = _DIGITS.match(text.strip())
    if found is None or not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
        return ""
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if not 1 <= month <= 12:
        return f"{year:04}"
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return f"{year:04}-{month:02}"


def read_sex(text: str) -> str:
    """F or M, as DICOM, HL7 and FHIR write them; anything else is not known."""
    return _SEXES.get(text.strip().lower(), "")


def differing(claimed: ClaimedTraits, traits: Traits) -> frozenset[Trait]:
    """The traits of a content that contradict those of a record."""
    found = {
        Trait.FAMILY_NAME: _contradict(claimed.family_names, traits.family_name, same_family_name),
        Trait.FIRST_NAME: _contradict(claimed.given_names, traits.given_name, same_first_name),
        Trait.BIRTH_DATE: not traits.birth_date.startswith(claimed.birth_date),
        Trait.SEX: bool(claimed.sex) and traits.sex in ("F", "M") and claimed.sex != traits.sex,
    }
    return frozenset(trait for trait, differs in found.items() if differs)


def differing_of_all(claims: Iterable[ClaimedTraits], traits: Traits) -> frozenset[Trait]:
    """The traits that differ in any place of a content: an instance's header, the document inside it."""
    return frozenset().union(*(differing(each, traits) for each in claims))


def sets_aside(found: frozenset[Trait], check: IdentityCheck) -> bool:
    """Whether a content with these differences may not enter the record by itself."""
    if check is IdentityCheck.STRICT:
        return bool(found)
    return check is IdentityCheck.USUAL and len(found & COUNTING) >= 2


def _contradict(names: Iterable[str], known: str, same: Callable[[str, str], bool]) -> bool:
    """Whether there are names that can be compared and none of them is the known one."""
    compared = [name for name in names if comparable(name, known)]
    return bool(compared) and not any(same(name, known) for name in compared)
