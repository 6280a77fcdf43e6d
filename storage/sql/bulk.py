"""Add many rows at once: by COPY on Postgres, three times as fast there as INSERT, elsewhere by INSERT."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import DBAPIError

from storage.sql.types import Unsigned64

WORTH_A_COPY = 50
"""Below so many rows the COPY's own round trips cost more than it saves."""


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows, each with the same columns; an existing key raises the engine's IntegrityError."""
    if connection.dialect.name == "postgresql" and len(rows) >= WORTH_A_COPY:
        _copy(connection, table, rows)
    elif rows:
        connection.execute(insert(table).inline(), list(rows))


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    names = tuple(rows[0])
    # values go to the driver as they are
    assert not any(isinstance(table.c[name].type, Unsigned64) for name in names)
    quote = connection.dialect.identifier_preparer.quote
    statement = f"COPY {quote(table.name)} ({', '.join(map(quote, names))}) FROM STDIN"
    values = itemgetter(*names)
    if not connection.in_transaction():
        connection.begin()
    raw: Any = connection.connection.driver_connection
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(values(row))
    except connection.dialect.loaded_dbapi.Error as error:
        raise _like_any_other(connection, statement, error) from None


def _like_any_other(connection: Connection, statement: str, error: Exception) -> BaseException:
    """The driver's error as SQLAlchemy would have raised it."""
    dialect = connection.dialect
    broken = dialect.is_disconnect(error, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    told = DBAPIError.instance(
        statement,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=broken,
        dialect=dialect,
    )
    if broken:
        connection.invalidate()
    return told
