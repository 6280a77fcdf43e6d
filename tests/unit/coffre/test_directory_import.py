"""Importing the public directory: bad lines are told, wrong encodings and cut files refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coffre.operators.directory_import import import_directory
from records.errors import CoffreError
from storage.engines.opening import engine_for
from storage.index.store import SqlIndex
from storage.migrations.migrate import upgrade
from tests.directory import file, line, of

NUMBERS = [f"8997000{number:05}" for number in range(40)]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqlIndex]:
    database = engine_for(f"sqlite:///{tmp_path}/index.db")
    upgrade(database, "index")
    yield SqlIndex(database)
    database.close()


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "directory.txt"
    path.write_bytes(text.encode(encoding))
    return path


def test_names_come_in_and_bad_lines_are_counted_and_told(index: SqlIndex, tmp_path: Path) -> None:
    bad = line(identification_nationale_pp="0012600631")
    done = import_directory(index, written(tmp_path, file(line(), bad, *[bad] * 150)), at=1)
    assert (done.lines, done.bad, done.exercises, len(done.told)) == (152, 151, 1, 100)
    assert index.people(["899700024450"])["899700024450"].name == "Claire MARTIN"


def test_a_byte_order_mark_is_no_part_of_the_first_column(index: SqlIndex, tmp_path: Path) -> None:
    assert import_directory(index, written(tmp_path, file(line()), "utf-8-sig"), at=1).exercises == 1


@pytest.mark.parametrize(
    ("encoding", "named"), [("cp1252", "WINDOWS-1252"), ("latin-1", "WINDOWS-1252"), ("utf-16", "UTF-16")]
)
def test_another_encoding_is_a_sentence_and_nothing_is_written(
    index: SqlIndex, tmp_path: Path, encoding: str, named: str
) -> None:
    with pytest.raises(CoffreError) as refused:
        import_directory(index, written(tmp_path, of(NUMBERS), encoding), at=1)
    assert refused.value.code == "bad_encoding" and f"iconv -f {named}" in refused.value.sentence
    assert index.count_exercises() == 0


def test_what_the_file_has_no_more_ends_unless_it_is_a_part(index: SqlIndex, tmp_path: Path) -> None:
    import_directory(index, written(tmp_path, of(NUMBERS)), at=1)
    assert import_directory(index, written(tmp_path, of(NUMBERS[:1])), at=2, partial=True).ended == 0
    assert import_directory(index, written(tmp_path, of(NUMBERS[:38])), at=3).ended == 2
    assert index.exercises(NUMBERS[39]) == []


def test_a_file_that_was_probably_cut_ends_nothing(index: SqlIndex, tmp_path: Path) -> None:
    import_directory(index, written(tmp_path, of(NUMBERS)), at=1)
    cut = written(tmp_path, of(NUMBERS[:20]))
    with pytest.raises(CoffreError) as refused:
        import_directory(index, cut, at=2)
    assert refused.value.code == "directory_cut" and index.count_exercises() == 40
    assert import_directory(index, cut, at=3, accept_fewer=True).ended == 20
