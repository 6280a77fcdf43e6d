"""Tell whether this program runs on a database's tables, without loading what could change them."""

from sqlalchemy import Connection, column, inspect, select, table

from storage.engines.transactions import Database
from storage.migrations.revisions import Branch, Noted, refuse_other, revisions

NOTE = table("alembic_version", column("version_num"), column("runs_from"))
"""Alembic's table of one row, the revision that the tables have; beside it ours, the oldest program's."""


def check(database: Database, branch: Branch) -> None:
    """Passes if this program runs on the tables. CoffreError `schema_behind` or `schema_ahead`, with the
    remedy.
    """
    with database.reading() as connection:
        refuse_other(noted(connection), revisions(branch))


def noted(connection: Connection) -> Noted:
    """What the database says; nothing where it was never migrated."""
    if not inspect(connection).has_table(NOTE.name):
        return Noted(None)
    columns = (NOTE.c.version_num, NOTE.c.runs_from) if has_floor(connection) else (NOTE.c.version_num,)
    row = connection.execute(select(*columns)).first()
    return Noted(*row) if row is not None else Noted(None)


def has_floor(connection: Connection) -> bool:
    """Whether it can say which programs run on its tables: those of before 0.2.0 could not."""
    return any(each["name"] == NOTE.c.runs_from.name for each in inspect(connection).get_columns(NOTE.name))
