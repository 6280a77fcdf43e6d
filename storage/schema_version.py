"""Tell whether a database's tables are this version's, without loading what could change them."""

from sqlalchemy import column, inspect, select, table

from storage.revisions import Branch, refuse_other, revisions
from storage.transactions import Database

_NOTE = table("alembic_version", column("version_num"))
"""Alembic's table of one row: the revision that the tables have."""


def check(database: Database, branch: Branch) -> None:
    """Passes if the tables are this version's. CoffreError `schema_behind` or `schema_ahead`, with the
    remedy.
    """
    with database.reading() as connection:
        noted = inspect(connection).has_table(_NOTE.name)
        current = connection.execute(select(_NOTE.c.version_num)).scalar() if noted else None
    refuse_other(current, revisions(branch))
