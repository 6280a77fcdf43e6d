"""The page of the rules of access, as their data has them: docs/rules.md."""

from collections.abc import Iterator
from datetime import UTC, datetime

import decision_tables
import state_diagrams

from records.fhir.french_time import FrenchTime
from records.vocabulary.document_types import CLASS_NAMES, DOCUMENT_TYPES
from records.vocabulary.matrix import Cell, Mark, Matrix
from records.vocabulary.matrix_tables import MATRICES
from records.vocabulary.professions import PROFESSIONS
from records.vocabulary.sectors import SECTORS, Opens

INTRO = """\
What the tables say, printed from them; the rules that use them are `records/rules/`, a function each with its
article. A decision is taken with the version in force at its own time; a line of the access log about it
names that version, `rules`.
"""
MATRIX_INTRO = """
## What a profession may read

The matrix of access rights (matrice d'habilitation) of the order of 26 October 2023: the profession (TRE_G15)
and the type of the document, in every mode. What stands in no version is read by no professional. The
order's table is not public in a form that can be read here, so that each cell says what it rests on. Whoever
is let in by a cell that is *assumed* is told so, by `tell_assumed_right` among a document's `obligations`,
and whoever may be refused by one, by `closed_by_assumption` beside each list and the `detail` of a refusal.
The access log has `basis`. What is said of refusals follows from the profession alone, never from what the
record holds.

Tables: `records/vocabulary/tables`. A published version is not edited: a new order, or a source found later,
is a new grid, from a day on.
"""
SECTORS_INTRO = """
## From where

A professional states a sector of activity (TRE_R02). One that is not in this list, and none, is refused
(`forbidden_sector`), whatever the holder agreed to. Occupational medicine and the fire brigade's doctors read
by express consent alone, in an emergency too (article L1111-17): an authorisation of this very person, not
one of a team or a list.
"""
OPENS = {
    Opens.CARE: "Care: by the usual rules",
    Opens.EXPRESS_CONSENT: "By express consent alone (L1111-17)",
    Opens.NOTHING: "Nothing (L1111-18)",
}


def rules() -> str:
    decided = [*decision_tables.tables(), *state_diagrams.diagrams()]
    return "".join(["# Rules of access\n\n", INTRO, *decided, *_matrix(), SECTORS_INTRO, *_sectors()])


def _matrix() -> Iterator[str]:
    yield MATRIX_INTRO
    yield "\n### Versions\n\n| version | order | from | until |\n|---|---|---|---|\n"
    for each in MATRICES.versions:
        yield f"| `{each.name}` | {each.order} | {_day(each.since)} | {_day(each.until)} |\n"
    yield "\n### What cells rest on\n\n| tag | | |\n|---|---|---|\n"
    for basis in MATRICES.bases.values():
        yield f"| {basis.tag} | {basis.mark.value} | {basis.text} |\n"
    yield from _grid(MATRICES.versions[-1])
    yield from _rows(MATRICES.versions[-1])


def _day(instant: int | None) -> str:
    return (
        ""
        if instant is None
        else datetime.fromtimestamp(instant, UTC).astimezone(FrenchTime()).date().isoformat()
    )


def _grid(matrix: Matrix) -> Iterator[str]:
    yield f"\n### Version {matrix.name}\n\n`+` read, `–` not read; with `?`, assumed.\n\n"
    yield f"| type | {' | '.join(matrix.rows)} |\n|---|{'---|' * len(matrix.rows)}\n"
    for code, known in DOCUMENT_TYPES.items():
        cells = [matrix.cell(profession, code) for profession in matrix.rows]
        signs = " | ".join(_sign(each) for each in cells if each is not None)
        yield f"| `{code}` {known.display} ({CLASS_NAMES[known.class_code]}) | {signs} |\n"


def _sign(cell: Cell) -> str:
    return ("+" if cell.reads else "–") + ("?" if cell.is_assumed else "")


def _rows(matrix: Matrix) -> Iterator[str]:
    """By profession: what each basis opens and closes."""
    yield "\n### By profession\n\n| profession | | rests on | types |\n|---|---|---|---|\n"
    for code, row in matrix.rows.items():
        for basis in MATRICES.bases.values():
            for reads, word in ((True, "reads"), (False, "does not read")):
                types = [name for name, cell in row.items() if cell == Cell(reads, basis)]
                if types:
                    mark = "" if basis.mark is Mark.SOURCED else " (assumed)"
                    listed = " ".join(types) if len(types) <= len(row) / 2 else f"{len(types)} others"
                    yield f"| {code} {PROFESSIONS[code].display} | {word} | {basis.tag}{mark} | {listed} |\n"


def _sectors() -> Iterator[str]:
    for opens, title in OPENS.items():
        yield f"\n### {title}\n\n| sector | |\n|---|---|\n"
        for each in SECTORS.values():
            if each.opens is opens:
                yield f"| {each.code} | {each.display} |\n"
