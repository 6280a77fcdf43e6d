"""The matrix of access rights (matrice d'habilitation): what a profession may read, by type of document.

Order of 26 October 2023, articles L1111-15, L1111-17 and R1111-46 of the Code de la santé publique; R16. A
decision is taken with the version in force at its own time; where none is, and for a profession or a type
that a version does not name, nothing is read. The versions are data: `records/vocabulary/tables`, read by
`records/vocabulary/matrix_tables.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How well a cell is known: from a published source, or assumed by us."""

    SOURCED = "sourced"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Basis:
    """What a cell rests on: the source, or the assumption with its reason."""

    tag: str
    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    reads: bool
    basis: Basis

    @property
    def is_assumed(self) -> bool:
        return self.basis.mark is Mark.ASSUMED


@dataclass(frozen=True, slots=True)
class Matrix:
    """One version. It holds from `since` up to, not including, `until` (unix seconds; None: no end known).

    `rows`: the cells of each profession (code of TRE_G15), by type of document.
    """

    name: str
    order: str
    since: int
    until: int | None
    rows: Mapping[str, Mapping[str, Cell]]

    def holds(self, now: int) -> bool:
        return self.since <= now and (self.until is None or now < self.until)

    def cell(self, profession: str | None, type_code: str) -> Cell | None:
        """None where the version does not name the profession or the type."""
        return self.rows.get(profession or "", {}).get(type_code)

    def closed_by_assumption(self, profession: str | None) -> tuple[str, ...]:
        """The types that this profession does not read for a reason that is assumed."""
        row = self.rows.get(profession or "", {})
        return tuple(code for code, cell in row.items() if cell.is_assumed and not cell.reads)

    def reads_nothing(self, profession: str | None) -> bool:
        """Whether the version names the profession and has every type closed to it."""
        row = self.rows.get(profession or "")
        return row is not None and not any(cell.reads for cell in row.values())


@dataclass(frozen=True, slots=True)
class Matrices:
    """Every version, in the order of their days; at most one holds at a time."""

    bases: Mapping[str, Basis]
    versions: tuple[Matrix, ...]

    def in_force(self, now: int) -> Matrix | None:
        """The version that holds at this instant (unix seconds); None before the first."""
        return next((each for each in reversed(self.versions) if each.holds(now)), None)

    def instants(self) -> Iterator[int]:
        """When a version begins or ends to hold."""
        for each in self.versions:
            yield each.since
            if each.until is not None:
                yield each.until
