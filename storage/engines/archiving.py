"""Snapshots of two databases at one instant, each written to a file of its own, and such a file put back.

The instant: while no publication can commit in the index, a snapshot of the index is begun and then one of
the vault. What the index shows as published is then in the vault, exactly as after a crash of both; what is
written out afterwards, at leisure, is these two snapshots.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, table, text
from sqlalchemy.engine import make_url

from records.errors import CoffreError, Conflict
from storage.engines.opening import engine_for
from storage.engines.postgres.dump import dump, restore
from storage.engines.transactions import Database
from storage.migrations.migrate import TABLES
from storage.migrations.revisions import Branch

SQLITE, POSTGRES = "sqlite", "postgresql"
_FILES = {SQLITE: "db", POSTGRES: "dump"}
_NO_PUBLICATION = text("LOCK TABLE details IN SHARE MODE")
_NO_LIMITS = (
    text("SET LOCAL idle_in_transaction_session_timeout = 0"),
    text("SET LOCAL statement_timeout = 0"),
)


class Snapshot:
    """A `Database` that only reads, and always the same instant; used by one thread."""

    def __init__(self, connection: Connection, branch: Branch, exported: str | None) -> None:
        self._connection = connection
        self._branch = branch
        self._exported = exported

    @property
    def engine(self) -> Engine:
        return self._connection.engine

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    @property
    def file_name(self) -> str:
        return f"{self._branch}.{_FILES[self.kind]}"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        yield self._connection

    def writing(self) -> AbstractContextManager[Connection]:
        raise RuntimeError("a snapshot only reads")

    migrating = writing

    def close(self) -> None:
        """Nothing: the snapshot ends with `snapshots`."""

    def counts(self, names: Iterable[str] | None = None) -> dict[str, int]:
        """The number of rows in each of this version's tables, or each of those named."""
        wanted = TABLES[self._branch].tables if names is None else names
        return {
            name: self._connection.execute(select(func.count()).select_from(table(name))).scalar_one()
            for name in wanted
        }

    def save(self, folder: Path) -> Path:
        """Write the whole database into `folder`; a file that only its owner reads."""
        path = folder / self.file_name
        path.touch(mode=0o600, exist_ok=False)
        if self._exported is not None:
            dump(self.engine.url, self._exported, path)
        else:
            _copy(self._connection, path)
        return path


@contextmanager
def snapshots(index: Database, vault: Database) -> Iterator[tuple[Snapshot, Snapshot]]:
    """Index and vault as of one instant; publications wait for the moment in which both begin."""
    with index.reading() as of_index, vault.reading() as of_vault:
        with index.writing() as barrier:
            if barrier.dialect.name == POSTGRES:
                barrier.execute(_NO_PUBLICATION)
            exported = _begin(of_index), _begin(of_vault)
        yield (
            Snapshot(of_index, "index", exported[0]),
            Snapshot(of_vault, "vault", exported[1]),
        )


@contextmanager
def snapshot(database: Database, branch: Branch) -> Iterator[Snapshot]:
    """One database by itself."""
    with database.reading() as connection:
        yield Snapshot(connection, branch, _begin(connection))


def _begin(connection: Connection) -> str | None:
    """The first read decides what a snapshot shows; answers its name where the engine gives one."""
    if connection.dialect.name == SQLITE:
        connection.execute(text("SELECT count(*) FROM sqlite_master"))
        return None
    for statement in _NO_LIMITS:
        connection.execute(statement)
    return str(connection.execute(text("SELECT pg_export_snapshot()")).scalar_one())


def _copy(connection: Connection, path: Path) -> None:
    source = connection.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)
    target = sqlite3.connect(path)
    try:
        source.backup(target)
        # one file, without a write-ahead file beside it; the vault's own settings come back when it is used
        target.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()


def put_back(saved: Path, url: str) -> None:
    """Make the database at `url` of a saved file. Raises `Conflict` "not_empty", CoffreError
    "other_engine".
    """
    target = make_url(url)
    if saved.suffix != f".{_FILES[target.get_backend_name()]}":
        raise CoffreError(
            "This archive was taken on the other kind of database: restore onto SQLite what came from it, "
            "onto Postgres what came from Postgres.",
            code="other_engine",
        )
    if target.get_backend_name() == SQLITE:
        _put_file(saved, Path(target.database or ""))
        return
    database = engine_for(url)
    try:
        if inspect(database.engine).get_table_names():
            raise Conflict("The database isn't empty: restore into an empty one.", code="not_empty")
        restore(database.engine.url, saved)
    finally:
        database.close()


def _put_file(saved: Path, path: Path) -> None:
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise Conflict(f"{path} exists: restore into an empty place.", code="not_empty") from None
    shutil.copyfile(saved, path)


def counts_of(url: str, branch: Branch, names: Iterable[str]) -> dict[str, int]:
    """The number of rows in each of these tables; an earlier version's database has fewer tables."""
    database = engine_for(url)
    try:
        with database.reading() as connection:
            return Snapshot(connection, branch, None).counts(names)
    finally:
        database.close()
