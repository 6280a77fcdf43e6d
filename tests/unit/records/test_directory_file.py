"""Files of the public directory of professionals: what a line says, and what is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.errors import Invalid
from records.people.directory import DirectoryEntry, Exercise, Person, Structure, structure_number
from records.people.directory_file import LONGEST_LINE, BadLine, entries
from tests.directory import COLUMNS, file, line

CLAIRE = Person("899700024450", "MARTIN", "Claire")
CABINET = Structure("1750000002", "CABINET DES LILAS", "ROUEN")


def read(text: str) -> list[DirectoryEntry | BadLine]:
    return list(entries(text.splitlines(keepends=True)))


def test_a_line_names_a_person_a_structure_and_the_exercise_there() -> None:
    exercise = Exercise("899700024450", "10", "SM26", "1750000002", "SA07")
    assert read(file(line())) == [DirectoryEntry(CLAIRE, exercise, CABINET)]
    assert (CLAIRE.name, CABINET.name) == ("Claire MARTIN", "CABINET DES LILAS, ROUEN")


def test_somebody_who_exercises_nowhere_has_a_name() -> None:
    assert read(file(line(numero_finess_site=""))) == [DirectoryEntry(CLAIRE, None, None)]


def test_columns_are_found_by_name_in_any_order_and_with_either_apostrophe() -> None:
    header, *rest = (text.split("|")[::-1] for text in file(line()).splitlines())
    turned = "\n".join("|".join(row) for row in ([name.replace("'", "’") for name in header], *rest))
    assert read(turned) == read(file(line()))


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_extracts_with_other_separators_and_quotes_are_read_alike(separator: str) -> None:
    rows = [[f'"{value}"' for value in row.split("|")] for row in file(line()).splitlines()]
    assert read("\n".join(separator.join(row) for row in rows)) == read(file(line()))


def test_a_quotation_mark_of_the_public_files_is_a_letter() -> None:
    (found,) = read(file(line(raison_sociale_site='CLINIQUE "LES LILAS')))
    assert isinstance(found, DirectoryEntry) and found.structure
    assert found.structure.title == 'CLINIQUE "LES LILAS'


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"identification_nationale_pp": "0012600631"}, "not_rpps"),
        ({"identification_nationale_pp": "99700024450"}, "not_rpps"),
        ({"nom_d_exercice": ""}, "bad_name"),
        ({"nom_d_exercice": "M" * 201}, "bad_name"),
        ({"prenom_d_exercice": "Cl\x07aire"}, "bad_name"),
        ({"code_profession": "médecin"}, "bad_line"),
        ({"numero_finess_site": "75 000"}, "bad_structure"),
        ({"ancien_identifiant_de_la_structure": "R81311"}, "bad_structure"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_the_rest_goes_on(changed: dict[str, str], code: str) -> None:
    good, bad, further = read(file(line(), line(**changed), line()))
    assert isinstance(bad, BadLine) and (bad.line, bad.code) == (3, code)
    assert isinstance(good, DirectoryEntry) and good == further
    assert not any(value in bad.sentence for value in changed.values() if value)


@pytest.mark.parametrize("bad", ["a|b", line() + "|more", line() + " " * LONGEST_LINE])
def test_a_line_of_another_length_is_bad(bad: str) -> None:
    (found,) = read(file(bad))
    assert isinstance(found, BadLine) and found.code == "bad_line"


def test_empty_lines_are_nothing() -> None:
    assert read(file("", line(), "   ")) == read(file(line()))


@pytest.mark.parametrize(
    ("header", "named"),
    [("", "Identification nationale PP"), ("a;b;c", "Code profession"), (COLUMNS[:120], "Code profession")],
)
def test_a_file_without_the_columns_says_which_ones_are_missing(header: str, named: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(header + "\n" + line())
    assert refused.value.code == "bad_directory_file" and named in refused.value.sentence


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (("499700237045007", "750000002", "1"), "499700237045007"),
        (("", "750000002", "12345678901234"), "1750000002"),
        (("", "", "12345678901234"), "312345678901234"),
        (("", "", ""), None),
    ],
)
def test_a_structure_has_one_number_among_those_it_is_known_by(
    numbers: tuple[str, str, str], expected: str | None
) -> None:
    former, finess, siret = numbers
    assert structure_number(former=former, finess=finess, siret=siret) == expected


@given(st.lists(st.text(max_size=40)))
def test_whatever_the_lines_each_is_an_entry_or_told(lines: list[str]) -> None:
    for each in entries([COLUMNS + "|\n", *lines]):
        assert isinstance(each, DirectoryEntry | BadLine)
