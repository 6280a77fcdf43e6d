"""Files of the public directory of professionals (Annuaire Santé, « PS_LibreAcces_Personne_activite »).

Text in UTF-8, one activity a line, the first line names the columns; they are found by name, since their
order and number changed between versions. The public files separate them with |, extracts also with ; or ,
or a tabulator.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from records.errors import Invalid
from records.people.directory import (
    DirectoryEntry,
    Exercise,
    Person,
    Structure,
    read_name,
    read_number,
    structure_number,
)

REQUIRED: Mapping[str, str] = {
    "number": "Identification nationale PP",
    "family_name": "Nom d'exercice",
    "given_name": "Prénom d'exercice",
    "profession": "Code profession",
}
FURTHER: Mapping[str, str] = {
    "specialty": "Code savoir-faire",
    "sector": "Code secteur d'activité",
    "finess": "Numéro FINESS site",
    "siret": "Numéro SIRET site",
    "former": "Ancien identifiant de la structure",
    "title": "Raison sociale site",
    "sign": "Enseigne commerciale site",
    "town": "Libellé commune (coord. structure)",
}
SEPARATORS = ("|", ";", "\t", ",")
LONGEST_LINE = 16_384
_CODE = re.compile(r"[A-Za-z0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that says nothing usable: its number (the first is the header's), and why, without its
    content."""

    line: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Columns:
    separator: str
    count: int
    places: Mapping[str, int]


def entries(lines: Iterable[str]) -> Iterator[DirectoryEntry | BadLine]:
    """Each line after the header, as an entry or as what is wrong with it.

    Raises Invalid `bad_directory_file` where the header lacks a column that is needed.
    """
    rest = iter(lines)
    columns = _columns(next(rest, ""))
    for number, line in enumerate(rest, 2):
        if line.strip():
            try:
                yield _entry(_fields(line, columns))
            except Invalid as error:
                yield BadLine(number, error.code, error.sentence)


def _columns(header: str) -> _Columns:
    for separator in SEPARATORS:
        names = [_folded(name) for name in header.rstrip("\r\n").split(separator)]
        if _folded(REQUIRED["number"]) in names:
            break
    else:
        raise _no_directory(REQUIRED.values())
    wanted = {**REQUIRED, **FURTHER}
    places = {key: names.index(_folded(name)) for key, name in wanted.items() if _folded(name) in names}
    if missing := [name for key, name in REQUIRED.items() if key not in places]:
        raise _no_directory(missing)
    return _Columns(separator, len(names), places)


def _fields(line: str, columns: _Columns) -> Mapping[str, str]:
    if len(line) > LONGEST_LINE:
        raise Invalid("The line is too long.", code="bad_line")
    values = _split(line.rstrip("\r\n"), columns.separator)
    if len(values) != columns.count:
        raise Invalid("The line has more or fewer columns than the first.", code="bad_line")
    return {key: values[place].strip() for key, place in columns.places.items()}


def _split(line: str, separator: str) -> list[str]:
    """The public files know no quotes; a quotation mark in them is a letter of a name."""
    if separator == "|":
        return line.split("|")
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except (csv.Error, StopIteration):
        raise Invalid("The line's quotation marks do not close.", code="bad_line") from None


def _entry(fields: Mapping[str, str]) -> DirectoryEntry:
    number = read_number(fields["number"])
    family_name = read_name(fields["family_name"], required=True)
    person = Person(number, family_name, read_name(fields["given_name"]))
    profession = _code(fields["profession"])
    place = _structure(fields)
    if place is None or not profession:
        return DirectoryEntry(person, None, place)
    specialty, sector = (_code(fields.get(key, "")) for key in ("specialty", "sector"))
    return DirectoryEntry(person, Exercise(number, profession, specialty, place.number, sector), place)


def _structure(fields: Mapping[str, str]) -> Structure | None:
    former, finess, siret = (fields.get(key, "") for key in ("former", "finess", "siret"))
    number = structure_number(former=former, finess=finess, siret=siret)
    if number is None:
        return None
    title = read_name(fields.get("sign") or fields.get("title") or "")
    return Structure(number, title, read_name(fields.get("town", "")))


def _code(text: str) -> str:
    if _CODE.fullmatch(text) is None:
        raise Invalid("A code is of letters and digits, eight at most.", code="bad_line")
    return text


def _folded(name: str) -> str:
    """Columns are named alike whatever the apostrophe, the case and the quotes."""
    return " ".join(name.strip().strip('"').replace("\u2019", "'").casefold().split())


def _no_directory(missing: Iterable[str]) -> Invalid:
    return Invalid(
        f"The first line names no column {', '.join(f'« {name} »' for name in missing)}: give a file of the "
        "public directory, « PS_LibreAcces_Personne_activite », with its first line.",
        code="bad_directory_file",
    )
