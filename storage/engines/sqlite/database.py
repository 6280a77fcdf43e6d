"""Everything that only SQLite needs or says its own way.

Write transactions begin with BEGIN IMMEDIATE, so they never meet a snapshot that went stale under them.
Threads of one process queue for them in order of arrival and share commits (`turns.py`);
between processes whoever looks first when one ends is next (15 s at most).
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from records.errors import CoffreError
from storage.engines.sqlite.failures import failure, missing
from storage.engines.sqlite.turns import CommitGroups

BUSY_SECONDS = 15
OLDEST = (3, 35)  # the first that knows RETURNING
PAUSE_S = 0.001
"""SQLite's own pauses grow to a tenth of a second: who has waited longest looks least often. With five
processes that write, 1 wait of 100 was 79 to 104 ms long with those, and is 9 to 24 with these.
"""
BEGIN_READ = "BEGIN"
BEGIN_WRITE = "BEGIN IMMEDIATE"

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a commit is on the disk before it is answered
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}",
    "PRAGMA secure_delete=ON",  # erased keys are overwritten, not merely unlinked
)


class SqliteDatabase:
    """A database in a file (see `Database`). Any number of processes over the same file may use it."""

    def __init__(self, url: URL) -> None:
        self.engine = sqlite_engine(url)
        self._commits = CommitGroups(self.engine, _begin_write)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with readable_errors(), self._commits.writing() as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        with readable_errors(), self._commits.writing(alone=True) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with readable_errors(), self.engine.begin() as connection:
            connection.exec_driver_sql(BEGIN_READ)
            yield connection

    def close(self) -> None:
        """The last process to close folds the write-ahead file into the database."""
        self.engine.dispose()


def sqlite_engine(url: URL) -> Engine:
    """An engine over a database file, made with mode 0600 where it is missing. CoffreError `bad_setting`
    for `:memory:`, and where Python has an older SQLite than `OLDEST`.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise CoffreError(
            f"This Python has SQLite {sqlite3.sqlite_version}, and 3.35 is needed: install a newer one, or "
            "set addresses of Postgres.",
            code="bad_setting",
        )
    if not url.database or url.database == ":memory:":
        raise CoffreError("The database must be a file; write sqlite:///path/to/file.db.", code="bad_setting")
    _create(Path(url.database))
    engine = create_engine(
        url,
        # None: the driver never begins a transaction by itself
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=16,
        max_overflow=48,
        hide_parameters=True,  # an error's text must not carry keys or tokens
    )
    event.listen(engine, "connect", _prepare)
    return engine


def _create(path: Path) -> None:
    """SQLite gives its -wal and -shm files the mode of the database."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except FileNotFoundError as error:
        raise missing() from error
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _begin_write(connection: Connection) -> None:
    """Looks again and again, in small equal pauses, while another process writes."""
    driver: Any = connection.connection.driver_connection
    until = time.monotonic() + BUSY_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while _is_held(driver) and time.monotonic() < until:
            time.sleep(PAUSE_S)
        if not driver.in_transaction:
            connection.exec_driver_sql(BEGIN_WRITE)  # SQLAlchemy says what is wrong
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _is_held(driver: sqlite3.Connection) -> bool:
    """Begins a write transaction, unless another process has one."""
    try:
        driver.execute(BEGIN_WRITE)
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return False


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turns the engine's operational failures into CoffreError with a code and what to do; others pass as
    they are.
    """
    try:
        yield
    except DBAPIError as error:
        known = failure(error.orig)
        if known is None:
            raise
        raise known from error
