"""Read the versions of the matrix from their tables, and refuse tables that leave something open.

`tables/matrix.toml` names the versions with their days, and what cells rest on; a grid in CSV has the cells
of one version. They are part of the program and read once, when this module is loaded.
"""

import csv
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from records.errors import Invalid
from records.fhir.french_time import FrenchTime
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.matrix import Basis, Cell, Mark, Matrices, Matrix
from records.vocabulary.professions import PROFESSIONS

Grid = Callable[[str], str]
"""The text of a grid, by the name of its file."""

_WORDS = {"yes": True, "no": False}


def read_matrices(versions: str, grid: Grid) -> Matrices:
    """All versions, from the text of `matrix.toml`. Raises Invalid `bad_matrix`.

    The last version names every profession and every type that Coffre knows, and no other; an earlier one is
    kept as it was published. Days follow each other without gap or overlap, and the last version has no end.
    """
    try:
        found = tomllib.loads(versions)
        bases = {tag: Basis(tag, Mark(each["mark"]), each["text"]) for tag, each in found["bases"].items()}
        matrices = tuple(_version(each, bases, grid) for each in found["versions"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise _bad(f"matrix.toml is not what it should be: {error}") from None
    _check_days(matrices)
    _check_whole(matrices[-1])
    _check_named(bases, matrices)
    return Matrices(MappingProxyType(bases), matrices)


def _version(found: Mapping[str, Any], bases: Mapping[str, Basis], grid: Grid) -> Matrix:
    until = found.get("until")
    return Matrix(
        name=found["name"],
        order=found["order"],
        since=_midnight(found["from"]),
        until=None if until is None else _midnight(until),
        rows=_rows(found["cells"], grid(found["cells"]), bases),
    )


def _midnight(day: object) -> int:
    """The instant at which a day of Paris begins, in unix seconds."""
    if type(day) is not date:
        raise TypeError("a version begins and ends with a day")
    return int(datetime(day.year, day.month, day.day, tzinfo=FrenchTime()).timestamp())


def _rows(name: str, text: str, bases: Mapping[str, Basis]) -> Mapping[str, Mapping[str, Cell]]:
    """The cells of a grid, by profession and type."""
    lines = [*csv.reader(text.splitlines(), strict=True)]
    if not lines or any(len(line) != len(lines[0]) for line in lines):
        raise _bad(f"{name} has a line with too few cells, or too many.")
    (_, *professions), body = lines[0], lines[1:]
    types = [line[0] for line in body]
    if len({*professions}) < len(professions) or len({*types}) < len(types):
        raise _bad(f"{name} names a profession or a type twice.")
    read = _reader(name, bases)
    return MappingProxyType(
        {
            profession: MappingProxyType({line[0]: read(line[number]) for line in body})
            for number, profession in enumerate(professions, 1)
        }
    )


def _reader(name: str, bases: Mapping[str, Basis]) -> Callable[[str], Cell]:
    @cache
    def read(text: str) -> Cell:
        word, _, tag = text.partition(" ")
        if word not in _WORDS or tag not in bases:
            raise _bad(f"{name} has the cell “{text}”: write yes or no, and the tag of a basis.")
        return Cell(_WORDS[word], bases[tag])

    return read


def _check_days(matrices: tuple[Matrix, ...]) -> None:
    if not matrices or matrices[-1].until is not None:
        raise _bad("The last version of the matrix has no end.")
    if len({each.name for each in matrices}) < len(matrices):
        raise _bad("Two versions of the matrix have one name.")
    for earlier, later in pairwise(matrices):
        if earlier.until != later.since or earlier.since >= later.since:
            raise _bad(f"{later.name} does not begin on the day on which {earlier.name} ends.")


def _check_whole(matrix: Matrix) -> None:
    if {*matrix.rows} != {*PROFESSIONS}:
        raise _bad(f"{matrix.name} leaves out a profession, or names one that is unknown.")
    if any({*row} != {*DOCUMENT_TYPES} for row in matrix.rows.values()):
        raise _bad(f"{matrix.name} leaves out a type of document, or names one that is unknown.")


def _check_named(bases: Mapping[str, Basis], matrices: tuple[Matrix, ...]) -> None:
    unused = {*bases} - {cell.basis.tag for cell in _cells(matrices)}
    if unused or not all(each.text for each in bases.values()):
        raise _bad(f"Each basis says what it is, and some cell rests on it; not so {sorted(unused)}.")


def _cells(matrices: tuple[Matrix, ...]) -> Iterator[Cell]:
    for matrix in matrices:
        for row in matrix.rows.values():
            yield from row.values()


def _bad(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_matrix")


def _load() -> Matrices:
    tables = files("records.vocabulary") / "tables"
    return read_matrices(
        (tables / "matrix.toml").read_text("utf-8"), lambda name: (tables / name).read_text("utf-8")
    )


MATRICES = _load()
"""The versions that this program knows."""
