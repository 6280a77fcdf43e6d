"""The directory of professionals and structures, as far as Coffre needs it: names, and who exercises where.

Its numbers are national: PSIdNat of a person in the RPPS, StructIdNat of a structure.
"""

from dataclasses import dataclass

from records.errors import Invalid
from records.people.identity import check_rpps, check_structure

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Person:
    """A professional under the names in which he exercises."""

    number: str
    family_name: str
    given_name: str

    @property
    def name(self) -> str:
        """Claire MARTIN."""
        return " ".join(part for part in (self.given_name, self.family_name.upper()) if part)


@dataclass(frozen=True, slots=True)
class Structure:
    """A place where professionals exercise; `town` may be empty."""

    number: str
    title: str
    town: str

    @property
    def name(self) -> str:
        """Cabinet des Lilas, Rouen."""
        return ", ".join(part for part in (self.title, self.town) if part)


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise of a person: profession (TRE_G15), specialty (savoir-faire, may be empty), structure, and
    sector (TRE_R02, may be empty)."""

    person: str
    profession: str
    specialty: str
    structure: str
    sector: str


@dataclass(frozen=True, slots=True)
class Practice:
    """One exercise with the place by its name, as somebody chooses among his own."""

    exercise: Exercise
    structure: Structure


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """What one line of the directory says. Somebody who exercises nowhere has neither exercise nor place."""

    person: Person
    exercise: Exercise | None
    structure: Structure | None


def structure_number(*, former: str, finess: str, siret: str) -> str | None:
    """The national number of a structure among those that the directory knows it by; None where it has none.

    `former` is already one ("ancien identifiant de la structure"), and is what assertions of the health
    sector carry; else 1 stands before the FINESS number, 3 before the SIRET. Raises Invalid
    `bad_structure`.
    """
    number = former or ("1" + finess if finess else "") or ("3" + siret if siret else "")
    return check_structure(number) if number else None


def read_name(text: str, *, required: bool = False) -> str:
    """A name as the directory has it, on one line. Raises Invalid `bad_name`."""
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME or not name.isprintable() or (required and not name):
        raise Invalid("A name is missing, too long, or holds what cannot be printed.", code="bad_name")
    return name


def read_number(text: str) -> str:
    """The PSIdNat of a line. Raises Invalid `not_rpps` for a number of another register."""
    try:
        return check_rpps(text)
    except Invalid:
        raise Invalid("The national number is not of the RPPS (8 and 11 digits).", code="not_rpps") from None
