"""A file in the columns of the public directory, about invented people."""

from collections.abc import Mapping, Sequence

COLUMNS = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|"
    "Nom d'exercice|Prénom d'exercice|Code profession|Libellé profession|Code savoir-faire|"
    "Code secteur d'activité|Numéro SIRET site|Numéro FINESS site|Identifiant technique de la structure|"
    "Raison sociale site|Enseigne commerciale site|Libellé commune (coord. structure)|"
    "Ancien identifiant de la structure"
)
DOCTOR: Mapping[str, str] = {
    "Type d'identifiant PP": "8",
    "Identifiant PP": "99700024450",
    "Identification nationale PP": "899700024450",
    "Code civilité d'exercice": "DR",
    "Nom d'exercice": "MARTIN",
    "Prénom d'exercice": "Claire",
    "Code profession": "10",
    "Libellé profession": "Médecin",
    "Code savoir-faire": "SM26",
    "Code secteur d'activité": "SA07",
    "Numéro FINESS site": "750000002",
    "Raison sociale site": "CABINET DES LILAS",
    "Libellé commune (coord. structure)": "ROUEN",
}


def line(**changed: str) -> str:
    """The doctor's line with columns changed; a name's spaces and marks are written as underscores."""
    values = dict(DOCTOR)
    names = {_key(name): name for name in COLUMNS.split("|")}
    values |= {names[key]: value for key, value in changed.items()}
    return "|".join(values.get(name, "") for name in COLUMNS.split("|")) + "|"


def file(*lines: str) -> str:
    """Header and lines; the public files end each line with a separator."""
    return "\n".join((COLUMNS + "|", *lines)) + "\n"


def of(numbers: Sequence[str]) -> str:
    """A file of one exercise for each number."""
    return file(*(line(identification_nationale_pp=number) for number in numbers))


def _key(name: str) -> str:
    folded = name.casefold().replace("é", "e")
    return "".join(letter if letter.isalnum() else "_" for letter in folded).strip("_")
