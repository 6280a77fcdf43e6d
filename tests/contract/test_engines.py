"""What both engines keep, then SQLite as this room sets it up: durable, private, fair to threads, and
readable when it fails. Postgres has `test_postgres.py`.
"""

import sqlite3
import stat
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from records.errors import CoffreError
from storage.engines.opening import Database, engine_for
from storage.engines.transactions import UndoneError, repeated
from tests.services.fixtures_postgres import NewDatabase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


@pytest.fixture
def database(path: Path) -> Database:
    database = engine_for(f"sqlite:///{path}")
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE t (a TEXT PRIMARY KEY)"))
    return database


class TestBothEngines:
    @pytest.fixture
    def either(self, new_database: NewDatabase) -> Database:
        database = engine_for(new_database())
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE t (a VARCHAR(20) PRIMARY KEY)"))
        return database

    @staticmethod
    def rows(database: Database) -> int:
        with database.reading() as connection:
            return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())

    def test_readers_do_not_wait_for_a_writer(self, either: Database) -> None:
        with either.writing() as writer:
            writer.execute(text("INSERT INTO t VALUES ('x')"))
            assert self.rows(either) == 0
        assert self.rows(either) == 1

    def test_a_snapshot_is_kept_to_its_end(self, either: Database) -> None:
        with either.reading() as reader:
            assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
            with ThreadPoolExecutor(1) as other:
                other.submit(self.insert, either).result()
            assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == 0

    @staticmethod
    def insert(database: Database) -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO t VALUES ('x')"))

    def test_errors_do_not_carry_values(self, either: Database) -> None:
        secret = "".join(("the key", " itself"))
        with pytest.raises(Exception, match=r"(?i)unique") as caught, either.writing() as connection:
            for _ in range(2):
                connection.execute(text("INSERT INTO t VALUES (:secret)"), {"secret": secret})
        assert secret not in "".join(traceback.format_exception(caught.value))

    def test_an_exception_undoes_everything_and_frees_everything(self, either: Database) -> None:
        with pytest.raises(KeyError), either.writing() as connection:
            connection.execute(text("INSERT INTO t VALUES ('x')"))
            raise KeyError
        self.insert(either)
        assert self.rows(either) == 1

    def test_a_write_inside_a_write_of_one_thread_is_refused(self, either: Database) -> None:
        with either.writing(), pytest.raises(RuntimeError, match="already open"), either.writing():
            pass
        self.insert(either)


class TestRepetition:
    def test_what_was_undone_for_another_is_repeated(self) -> None:
        calls: list[int] = []

        @repeated
        def verb(number: int) -> str:
            calls.append(number)
            if len(calls) < 3:
                raise UndoneError("again")
            return "done"

        assert (verb(7), calls) == ("done", [7, 7, 7])

    def test_not_for_ever(self) -> None:
        @repeated
        def verb() -> None:
            raise UndoneError("again")

        with pytest.raises(CoffreError) as busy:
            verb()
        assert busy.value.code == "store_busy"

    def test_nothing_else_is_repeated(self) -> None:
        calls: list[int] = []

        @repeated
        def verb() -> None:
            calls.append(1)
            raise CoffreError("no", code="store_unsure")

        with pytest.raises(CoffreError):
            verb()
        assert calls == [1]


def pragma_on_connect(database: Database, pragma: str) -> None:
    database.engine.dispose()
    event.listen(database.engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {pragma}"))


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 15000),
        ("secure_delete", 1),
    ],
)
def test_every_connection_is_set_up(database: Database, pragma: str, value: Any) -> None:
    with database.reading() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value


def test_the_files_are_their_owners_alone(database: Database, path: Path) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t VALUES ('x')"))
    files = list(path.parent.glob("some.db*"))
    assert len(files) == 3  # with -wal and -shm
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_closing_folds_everything_into_one_file(database: Database, path: Path) -> None:
    database.close()
    assert [file.name for file in path.parent.glob("some.db*")] == ["some.db"]


def test_an_older_sqlite_than_needed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(CoffreError, match="is needed") as refused:
        engine_for(f"sqlite:///{tmp_path / 'vault.db'}")
    assert refused.value.code == "bad_setting"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x", "nonsense"])
def test_what_cannot_be_kept_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(CoffreError, match="sqlite:///") as refused:
        engine_for(url)
    assert refused.value.code == "bad_setting"


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CoffreError) as missing:
        engine_for(f"sqlite:///{tmp_path}/nowhere/some.db")
    assert missing.value.code == "store_missing"


def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(CoffreError) as corrupt, engine_for(f"sqlite:///{path}").reading():
        pass
    assert corrupt.value.code == "store_corrupt"


def test_a_full_disk_is_told_and_nothing_is_written(database: Database) -> None:
    pragma_on_connect(database, "max_page_count=4")
    with pytest.raises(CoffreError) as full, database.writing() as connection:
        connection.execute(text("INSERT INTO t VALUES (hex(zeroblob(100000)))"))
    assert full.value.code == "store_full"
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0


def test_another_process_that_holds_on_is_told(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engines.sqlite.database.BUSY_SECONDS", 0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CoffreError) as busy, database.writing():
        pass
    assert busy.value.code == "store_busy"
    other.execute("ROLLBACK")
    other.close()
    with database.writing() as connection:
        connection.execute(text("INSERT INTO t VALUES ('x')"))


def test_who_waits_long_for_another_process_is_next_once_it_ends(database: Database, path: Path) -> None:
    """SQLite itself would look after 0.23 s and then after 0.33 s."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def late() -> float:
        ended: list[float] = []
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.25, lambda: (other.execute("ROLLBACK"), ended.append(time.monotonic()))).start()
        with database.writing():
            return time.monotonic() - ended[0]

    assert min(late() for _ in range(3)) < 0.02
    other.close()


def test_erased_bytes_are_overwritten(database: Database, path: Path) -> None:
    marker = "erase me " * 20
    for statement in ("INSERT INTO t VALUES (:marker)", "DELETE FROM t WHERE a = :marker"):
        with database.writing() as connection:
            connection.execute(text(statement), {"marker": marker})
    database.close()
    assert marker.encode() not in path.read_bytes()
