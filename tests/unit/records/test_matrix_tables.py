"""The tables of the matrix leave nothing open, and tables that do are not read."""

import csv
from importlib.resources import files

import pytest

from records.errors import Invalid
from records.vocabulary.document_types import DOCUMENT_TYPES
from records.vocabulary.matrix_tables import MATRICES, read_matrices
from records.vocabulary.professions import PROFESSIONS

TABLES = files("records.vocabulary") / "tables"


def test_every_cell_has_its_answer_and_rests_on_a_basis_that_is_named() -> None:
    last = MATRICES.versions[-1]
    assert {*last.rows} == {*PROFESSIONS} and len(PROFESSIONS) >= 19
    for row in last.rows.values():
        assert {*row} == {*DOCUMENT_TYPES} and len(row) >= 87
        assert all(cell.basis is MATRICES.bases[cell.basis.tag] for cell in row.values())


def test_every_grid_in_the_folder_is_of_a_version() -> None:
    named = {f"matrix-{each.name}.csv" for each in MATRICES.versions}
    assert {each.name for each in TABLES.iterdir() if each.name.endswith(".csv")} == named


def whole(answer: str = "yes S") -> str:
    lines = [["type", *PROFESSIONS], *([code, *[answer] * len(PROFESSIONS)] for code in DOCUMENT_TYPES)]
    return "\n".join(map(",".join, lines))


BASIS = '[bases.S]\nmark = "sourced"\ntext = "an order"\n'


def version(name: str, since: str, until: str = "", cells: str = "whole") -> str:
    end = f"until = {until}\n" if until else ""
    return f'[[versions]]\nname = "{name}"\norder = "o"\nfrom = {since}\n{end}cells = "{cells}"\n'


def test_versions_follow_each_other_and_an_earlier_one_may_know_less() -> None:
    text = version("a", "2023-01-01", "2024-07-01", "older") + version("b", "2024-07-01") + BASIS
    grids = {"older": "type,10\n11502-2,no S", "whole": whole()}
    read = read_matrices(text, grids.__getitem__)
    first, second = read.versions
    assert first.until == second.since == 1_719_784_800  # 00:00 in Paris, 22:00 UTC
    assert read.in_force(first.until - 1) is first and read.in_force(first.until) is second
    assert read.in_force(first.since - 1) is None
    assert [*read.instants()] == [first.since, first.until, second.since]


LAST = version("b", "2024-07-01")
GRID = whole()


@pytest.mark.parametrize(
    ("text", "grid"),
    [
        ("versions = 1", GRID),
        ("[[versions", GRID),
        (BASIS, GRID),
        (LAST, GRID),
        (version("b", '"2024"') + BASIS, GRID),
        (LAST + BASIS.replace("sourced", "surely"), GRID),
        (LAST + BASIS.replace("an order", ""), GRID),
        (LAST + BASIS + BASIS.replace("bases.S", "bases.T"), GRID),
        (version("b", "2024-07-01", "2025-01-01") + BASIS, GRID),
        (version("a", "2023-01-01", "2024-06-30") + LAST + BASIS, GRID),  # a gap
        (version("a", "2023-01-01", "2024-07-02") + LAST + BASIS, GRID),  # an overlap
        (version("a", "2023-01-01") + LAST + BASIS, GRID),
        (version("a", "2024-07-01", "2024-07-01") + LAST + BASIS, GRID),
        (version("b", "2023-01-01", "2024-07-01") + LAST + BASIS, GRID),
        (LAST + BASIS, ""),
        (LAST + BASIS, whole("yes")),
        (LAST + BASIS, whole("maybe S")),
        (LAST + BASIS, whole("yes T")),
        (LAST + BASIS, GRID + ",yes S"),
        (LAST + BASIS, GRID.rpartition("\n")[0]),
        (LAST + BASIS, GRID + "\n" + GRID.rpartition("\n")[2]),
        (LAST + BASIS, GRID.replace("11502-2", "unheard-of")),
        (LAST + BASIS, GRID.replace("type,10,21", "type,10,10")),
        (LAST + BASIS, GRID.replace("type,10,21", "type,10,00")),
        (LAST + BASIS, "\n".join(line.rpartition(",")[0] for line in GRID.splitlines())),
    ],
)
def test_what_is_not_a_whole_table_is_not_read(text: str, grid: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_matrices(text, lambda name: grid)
    assert refusal.value.code == "bad_matrix"


def test_a_spreadsheet_reads_no_formula_in_a_grid() -> None:
    for version_ in MATRICES.versions:
        text = (TABLES / f"matrix-{version_.name}.csv").read_text("utf-8")
        assert not any(cell[:1] in "=+-@" for line in csv.reader(text.splitlines()) for cell in line)
