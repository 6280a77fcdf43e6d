"""Everything that only Postgres needs or says its own way (psycopg 3; version 14 or newer).

Write transactions are READ COMMITTED: what they decide on they lock first, and a statement that waited sees
what the other one left. Snapshots are REPEATABLE READ and read only. Everybody who waits, waits for a time.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from records.errors import CoffreError
from storage.transactions import UndoneError

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
_BESIDE_OTHERS = (text("SET statement_timeout = 0"), text("SET lock_timeout = 0"))
_TURN = 7163384699736027250
_TURN_WAIT_S, _TURN_PAUSE_S = 60, 0.2

_BUSY = ("store_busy", "The database is busy; repeat the call in a moment.")
_DOWN = ("store_down", "The database does not answer; check that Postgres runs, then repeat the call.")
_REFUSED = (
    "store_refused",
    "The database refuses this role; check the name and password in the address, or run coffre roles "
    "as owner of the tables.",
)
_MISSING = ("store_missing", "There is no such database; create it, or check its name in the address.")
_CORRUPT = ("store_corrupt", "The database is damaged; restore it from a backup.")
_FAILING = ("store_failing", "The disk under the database fails; look at the server's log.")
_SENTENCES = {
    "55P03": _BUSY,  # lock_timeout
    "57014": _BUSY,  # statement_timeout
    "25P03": _BUSY,  # idle_in_transaction_session_timeout
    "53300": _BUSY,  # too many connections
    "53200": _BUSY,  # out of memory
    "53100": ("store_full", "The database's disk is full; free some space, then repeat the call."),
    "25006": ("store_read_only", "This Postgres only reads; give the address of the primary."),
    "3D000": _MISSING,
    "28": _REFUSED,
    "42501": _REFUSED,
    "08": _DOWN,
    "57P": _DOWN,  # shut down, crashed, not yet started
    "58": _FAILING,
    "XX001": _CORRUPT,
    "XX002": _CORRUPT,
}
_OF_CONNECTIONS = (OperationalError, InterfaceError)  # without a code: no connection, or one that broke
# a refused connection has no code either, only the server's words
_REFUSALS = {
    "authentication failed": _REFUSED,
    "permission denied": _REFUSED,
    "no pg_hba.conf entry": _REFUSED,
    "does not exist": _MISSING,
    "too many clients": _BUSY,
    "remaining connection slots": _BUSY,
}
_UNDONE = frozenset({"40001", "40P01"})  # serialization failure, deadlock


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
            with _commit_errors():
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
                _take_turn(connection, "pg_try_advisory_xact_lock")
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
    from storage.postgres_connection import BoundedConnection  # noqa: PLC0415

    return BoundedConnection.connect(*arguments, **parameters)


def _prepare(connection: Any, _record: object) -> None:
    *_, fsync, encoding = connection.execute(_SET_UP).fetchone()
    connection.commit()
    if fsync != "on":
        sentence = "This Postgres answers before it has written; set fsync = on."
        raise CoffreError(sentence, code="store_unsafe")
    if encoding != "UTF8":
        raise CoffreError("The database is not in UTF-8; create it with ENCODING UTF8.", code="store_unsafe")


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turns operational failures into CoffreError with a code and what to do.

    Others pass as they are, but for the detail line with which Postgres repeats a row's values.
    """
    try:
        yield
    except NoConnectionLeft as error:
        raise CoffreError(_BUSY[1], code=_BUSY[0]) from error
    except IntegrityError as error:
        raise _without_values(error) from None
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state in _UNDONE:
            raise UndoneError(_BUSY[1]) from None
        known = _known(state) if state else _of_connection(error)
        if known is None:
            raise _without_values(error) from None
        raise CoffreError(known[1], code=known[0]) from error


def _known(state: str) -> tuple[str, str] | None:
    return next((_SENTENCES[state[:n]] for n in (5, 3, 2) if state[:n] in _SENTENCES), None)


def _of_connection(error: DBAPIError) -> tuple[str, str] | None:
    if not isinstance(error, _OF_CONNECTIONS):
        return None
    return next((found for words, found in _REFUSALS.items() if words in str(error.orig)), _DOWN)


def _without_values(error: DBAPIError) -> DBAPIError:
    assert error.orig is not None
    first_line = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    said = type(error.orig)(first_line or "the statement failed")
    return type(error)(error.statement, None, said, hide_parameters=True)


@contextmanager
def beside_others(engine: Engine) -> Iterator[Connection]:
    """Statements that commit one by one, take as long as they take and have nobody wait, in the turn of
    migrations.
    """
    each_by_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
    with readable_errors(), each_by_itself.connect() as connection:
        bounded: Any = connection.connection.driver_connection
        bounded.longest_s = None
        connection.detach()  # its settings and its turn end with it
        for statement in _BESIDE_OTHERS:
            connection.execute(statement)
        _take_turn(connection, "pg_try_advisory_lock")
        yield connection


def _take_turn(connection: Connection, function: str) -> None:
    """Asks again and again: who waits within a statement holds a snapshot, for which an index that is made
    beside others would wait in turn.
    """
    limit = time.monotonic() + _TURN_WAIT_S
    while not connection.execute(text(f"SELECT {function}({_TURN})")).scalar():
        if time.monotonic() > limit:
            raise CoffreError("Another migration is running; repeat the call after it.", code="store_busy")
        time.sleep(_TURN_PAUSE_S)


@contextmanager
def _commit_errors() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        sentence = "The database was cut off while it committed; ask whether it is there before repeating."
        raise CoffreError(sentence, code="store_unsure") from error


def partitions(connection: Connection, table: str) -> list[str]:
    """Names of the tables that a table is kept in; none where it is whole."""
    return list(connection.execute(_PARTITIONS, {"table": table}).scalars())
