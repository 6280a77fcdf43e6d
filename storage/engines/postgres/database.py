"""Everything that only Postgres needs or says its own way (psycopg 3; version 14 or newer).

Write transactions are READ COMMITTED: what they decide on they lock first, and a statement that waited sees
what the other one left. Snapshots are REPEATABLE READ and read only. Everybody who waits, waits for a time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL

from records.errors import CoffreError
from storage.engines.postgres.beside_others import take_turn
from storage.engines.postgres.failures import commit_errors, readable_errors

CONNECTIONS, MORE_CONNECTIONS = 8, 8
"""Per process and database: five processes and a vault of two databases stay below the server's 100."""

_WAIT_S = 15
_CONNECT = {
    "connect_timeout": 10,
    # a peer that vanished without a word is noticed within half a minute
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_SESSION = {
    "statement_timeout": "30s",
    "lock_timeout": f"{_WAIT_S}s",
    # a process stopped inside a transaction must not keep its rows locked
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "5s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "search_path": "public",
}
_SETTINGS = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in _SESSION.items())
_SET_UP = (
    f"SELECT {_SETTINGS}, "  # constants
    # a commit is on the disk before it is answered, whatever the server's default
    "CASE current_setting('synchronous_commit') "
    "WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END, "
    "current_setting('fsync'), current_setting('server_encoding')"
)
_MIGRATING = (
    text("SET LOCAL statement_timeout = 0"),
    # a change that waits for a table has all others wait behind it: rather give up, and be repeated
    text("SET LOCAL lock_timeout = '5s'"),
)
_PARTITIONS = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = to_regclass(:table)"
)


class PostgresDatabase:
    """A database on a Postgres server (see `Database`). It connects when first used.

    CoffreError `engine_missing` without the extra `engines`.
    """

    def __init__(self, url: URL) -> None:
        self.engine = _engine(url)
        self._snapshots = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._this_thread = threading.local()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with readable_errors(), self._not_twice(), self.engine.connect() as connection:
            yield connection
            with commit_errors():
                connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with readable_errors(), self._snapshots.connect() as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        with self.writing() as connection:
            bounded: Any = connection.connection.driver_connection
            bounded.longest_s = None
            try:
                for statement in _MIGRATING:
                    connection.execute(statement)
                take_turn(connection, "pg_try_advisory_xact_lock")
                yield connection
            finally:
                del bounded.longest_s

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _not_twice(self) -> Iterator[None]:
        # two of one thread would wait for one another's rows for ever
        if getattr(self._this_thread, "writes", False):
            raise RuntimeError("a write transaction is already open in this thread")
        self._this_thread.writes = True
        try:
            yield
        finally:
            self._this_thread.writes = False


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=_CONNECT | dict(url.query),
            pool_size=CONNECTIONS,
            max_overflow=MORE_CONNECTIONS,
            pool_timeout=_WAIT_S,
            pool_pre_ping=True,  # a restarted server costs no call an error
            hide_parameters=True,  # an error's text must not carry keys or tokens
        )
    except ModuleNotFoundError as error:
        sentence = "Postgres needs more packages; install coffre[engines] (make engines)."
        raise CoffreError(sentence, code="engine_missing") from error
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _prepare)
    return engine


def _connect(_dialect: object, _record: object, arguments: list[Any], parameters: dict[str, Any]) -> Any:
    # its package is installed with the engines only
    from storage.engines.postgres.connection import BoundedConnection  # noqa: PLC0415

    return BoundedConnection.connect(*arguments, **parameters)


def _prepare(connection: Any, _record: object) -> None:
    *_, fsync, encoding = connection.execute(_SET_UP).fetchone()
    connection.commit()
    if fsync != "on":
        sentence = "This Postgres answers before it has written; set fsync = on."
        raise CoffreError(sentence, code="store_unsafe")
    if encoding != "UTF8":
        raise CoffreError("The database is not in UTF-8; create it with ENCODING UTF8.", code="store_unsafe")


def partitions(connection: Connection, table: str) -> list[str]:
    """Names of the tables that a table is kept in; none where it is whole."""
    return list(connection.execute(_PARTITIONS, {"table": table}).scalars())
