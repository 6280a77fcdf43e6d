"""National identifiers: the INS of a record, and the numbers of professionals and structures who act on it.

Identité nationale de santé: a matricule of 15 characters together with the OID of the authority that
assigned it. Requirement R1: the key must fit and the OID must belong to the environment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from records.errors import Invalid
from records.vocabulary.codes import Environment

INS_NIR = "1.2.250.1.213.1.4.8"
INS_NIA = "1.2.250.1.213.1.4.9"
INS_NIR_TEST = "1.2.250.1.213.1.4.10"
INS_NIR_DEMO = "1.2.250.1.213.1.4.11"
KNOWN_OIDS: frozenset[str] = frozenset({INS_NIR, INS_NIA, INS_NIR_TEST, INS_NIR_DEMO})

OIDS_OF: Mapping[Environment, frozenset[str]] = MappingProxyType(
    {
        Environment.PRODUCTION: frozenset({INS_NIR, INS_NIA}),
        Environment.TEST: frozenset({INS_NIR_TEST, INS_NIR_DEMO}),
        Environment.DEMO: frozenset({INS_NIR_TEST, INS_NIR_DEMO}),
    }
)

_MATRICULE = re.compile(r"([0-9]{5})([0-9]{2}|2A|2B)([0-9]{6})([0-9]{2})")
# PSIdNat of a person in the RPPS: 8, then the 11 digits of that register
_PROFESSIONAL = re.compile(r"8[0-9]{11}")
# StructIdNat: the first digit names the register, 1 is FINESS, whose Corsican numbers hold 2A or 2B
_STRUCTURE = re.compile(r"[0-4][0-9AB]{1,31}")


@dataclass(frozen=True, slots=True)
class INS:
    """One person's matricule (15 characters, key included) and the OID of its assigning authority.

    Every instance is valid; anything else raises Invalid `bad_ins` or `bad_oid`.
    """

    matricule: str = field(repr=False)
    oid: str

    def __post_init__(self) -> None:
        match = _MATRICULE.fullmatch(self.matricule)
        if match is None or match[4] != _key(match[1], match[2], match[3]):
            raise Invalid(
                "This is not a valid INS: give its 15 characters, the last two being the key.", code="bad_ins"
            )
        if self.oid not in KNOWN_OIDS:
            raise Invalid("This OID does not name an authority that assigns an INS.", code="bad_oid")

    @classmethod
    def parse(cls, text: str, oid: str) -> "INS":
        """Read a matricule as people write it, with spaces and small letters."""
        return cls("".join(text.split()).upper(), oid)

    @property
    def value(self) -> str:
        """`matricule|oid`, the form used for tokens."""
        return f"{self.matricule}|{self.oid}"


def _key(head: str, department: str, tail: str) -> str:
    department = {"2A": "19", "2B": "18"}.get(department, department)
    return f"{97 - int(head + department + tail) % 97:02d}"


def default_oid(environment: Environment) -> str:
    """The OID of a matricule given without one."""
    return INS_NIR if environment is Environment.PRODUCTION else INS_NIR_TEST


def check_oid(oid: str, environment: Environment) -> str:
    """The OID itself if this environment admits it, otherwise Invalid `bad_oid` (R1)."""
    if oid not in OIDS_OF[environment]:
        raise Invalid(
            "Test identities do not enter production, nor real ones a test: use an INS of this environment.",
            code="bad_oid",
        )
    return oid


def read_ins(text: str, environment: Environment) -> INS:
    """Read an INS of this environment: `matricule` with its default OID, or `matricule|oid`.

    Raises Invalid `bad_ins` or `bad_oid`.
    """
    matricule, _, oid = text.partition("|")
    return INS.parse(matricule, check_oid(oid or default_oid(environment), environment))


def check_rpps(number: str) -> str:
    """A professional's national number (PSIdNat, such as 899700024450), otherwise Invalid `bad_rpps`.

    One form alone is admitted: the same person under two numbers would be blocked under one of them.
    """
    if _PROFESSIONAL.fullmatch(number) is None:
        raise Invalid(
            "Give the professional's national number: 8 followed by the 11 digits of the RPPS number.",
            code="bad_rpps",
        )
    return number


def check_structure(number: str) -> str:
    """A structure's national number (StructIdNat, such as 1750000001), otherwise Invalid `bad_structure`."""
    if _STRUCTURE.fullmatch(number) is None:
        raise Invalid(
            "Give the structure's national number: 1 followed by FINESS, 3 followed by SIRET.",
            code="bad_structure",
        )
    return number


@dataclass(frozen=True, slots=True, repr=False)
class Traits:
    """Identity traits that travel with an INS; `birth_date` is YYYY-MM-DD, `sex` F, M or U.

    Raises Invalid `bad_traits`. Its repr shows nothing.
    """

    family_name: str
    given_name: str
    birth_date: str
    sex: str

    def __post_init__(self) -> None:
        if not (self.family_name.strip() and self.given_name.strip()):
            raise Invalid("Give the family name and the given name.", code="bad_traits")
        if self.sex not in ("F", "M", "U"):
            raise Invalid("Give the sex as F, M or U.", code="bad_traits")
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", self.birth_date) is None or not _is_date(
            self.birth_date
        ):
            raise Invalid("Give the birth date as YYYY-MM-DD.", code="bad_traits")

    def __repr__(self) -> str:
        return "Traits(…)"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
