"""Open the database that a URL names, with two kinds of transaction."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from records.errors import CoffreError
from storage.engines.postgres.database import PostgresDatabase
from storage.engines.sqlite.database import SqliteDatabase
from storage.engines.transactions import Database

__all__ = ["Database", "engine_for"]

_REMEDY = "write sqlite:///path or postgresql+psycopg://user@host/database."


def engine_for(url: str) -> Database:
    """The database at `url`: `sqlite:///relative`, `sqlite:////absolute`, `postgresql+psycopg://…`.

    CoffreError `bad_setting`, `store_missing`, `engine_missing`.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise CoffreError(f"The database address is not a URL; {_REMEDY}", code="bad_setting") from error
    match parsed.get_backend_name():
        case "sqlite":
            return SqliteDatabase(parsed)
        case "postgresql":
            return PostgresDatabase(parsed)
    raise CoffreError(f"The tables are kept in SQLite or Postgres; {_REMEDY}", code="bad_setting")
