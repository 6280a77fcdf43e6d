"""Counts an engine's work: steps of SQLite's virtual machine, pages that Postgres touches."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Protocol

from sqlalchemy import Connection, event

from storage.engines.opening import Database


class Meter(Protocol):
    def work(self, call: Callable[[], object]) -> int: ...


class SqliteMeter:
    def __init__(self, database: Database) -> None:
        self._steps = count()
        event.listen(database.engine, "connect", self._attach)

    def _attach(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(lambda: next(self._steps) and None, 1)

    def work(self, call: Callable[[], object]) -> int:
        before = next(self._steps)
        call()
        return next(self._steps) - before


class PostgresMeter:
    """Lets each statement be explained first, with what it really touches, and undone."""

    def __init__(self, database: Database) -> None:
        self._pages: int | None = None
        event.listen(database.engine, "before_cursor_execute", self._count)

    def _count(
        self, connection: Connection, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
    ) -> None:
        if self._pages is None or not re.match(r"SELECT|UPDATE|DELETE|INSERT", statement):
            return
        with connection.connection.cursor() as own:
            own.execute("SAVEPOINT before")
            own.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values[0] if many else values)
            found = own.fetchone()[0][0]["Plan"]
            own.execute("ROLLBACK TO SAVEPOINT before")
        self._pages += found["Shared Hit Blocks"] + found["Shared Read Blocks"]

    def work(self, call: Callable[[], object]) -> int:
        self._pages = 0
        call()
        pages, self._pages = self._pages, None
        return pages


def meter_of(database: Database) -> Meter:
    return SqliteMeter(database) if database.engine.dialect.name == "sqlite" else PostgresMeter(database)


@contextmanager
def loading(database: Database) -> Iterator[Connection]:
    """Bulk loading is not what is measured: no step of it is counted, and the planner learns of it."""
    with database.writing() as connection:
        raw = connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection):
            raw.set_progress_handler(None, 1)
        yield connection
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    database.engine.dispose()
