"""Steps of a migration beside the processes that work on, outside of its transaction: indexes on tables that
are there, and values for rows that are there.

A migration lists these steps as `ONLINE`; on Postgres they are carried out before its transaction, again
where they were cut. In a new database and on SQLite, where nobody waits, `at_once` does them within it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection
from sqlalchemy.schema import CreateIndex, DropIndex

from storage.engines.postgres.database import partitions

BATCH = 1_000
"""Rows of one statement: locked for some milliseconds."""

_VALID = sa.text(
    "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relname = :name AND c.relnamespace = 'public'::regnamespace"
)


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index on a table that is there; `where`: of these rows alone."""

    name: str
    table: str
    columns: Sequence[str]
    where: str | None = None

    def beside_others(self, connection: Connection) -> None:
        """One that was cut off is there and not valid: it is dropped and made anew. Each month of a table
        that is kept by months has its own, and that of the whole is these.
        """
        if months := partitions(connection, self.table):
            self._by_month(connection, months)
            return
        valid = connection.execute(_VALID, {"name": self.name}).scalar()
        if valid is False:
            connection.execute(DropIndex(self._index()))
        if not valid:
            connection.execute(CreateIndex(self._index()))

    def _by_month(self, connection: Connection, months: Sequence[str]) -> None:
        for month in months:
            replace(self, name=f"{self.name}_{month}", table=month).beside_others(connection)
        whole = f"CREATE INDEX IF NOT EXISTS {self.name} ON ONLY {self.table} ({', '.join(self.columns)})"
        connection.execute(sa.text(whole if self.where is None else f"{whole} WHERE {self.where}"))
        for month in months:
            connection.execute(sa.text(f"ALTER INDEX {self.name} ATTACH PARTITION {self.name}_{month}"))

    def within(self, _connection: Connection) -> None:
        where = None if self.where is None else sa.text(self.where)
        op.create_index(
            self.name,
            self.table,
            list(self.columns),
            if_not_exists=True,
            sqlite_where=where,
            postgresql_where=where,
        )

    def _index(self) -> sa.Index:
        table = sa.Table(self.table, sa.MetaData(), *(sa.Column(name) for name in self.columns))
        where = None if self.where is None else sa.text(self.where)
        columns = [table.c[name] for name in self.columns]
        return sa.Index(self.name, *columns, postgresql_concurrently=True, postgresql_where=where)


@dataclass(frozen=True, slots=True)
class Backfill:
    """Values for rows that are there. `statement` changes at most `:most` of those that still lack them, so
    that it goes on wherever it was cut.
    """

    statement: str

    def beside_others(self, connection: Connection) -> None:
        while connection.execute(sa.text(self.statement), {"most": BATCH}).rowcount:
            pass

    def within(self, connection: Connection) -> None:
        self.beside_others(connection)


class Step(Protocol):
    """One of the above, or a migration's own."""

    def beside_others(self, connection: Connection) -> None:
        """Each statement commits by itself; what was cut off is done anew, or goes on."""

    def within(self, connection: Connection) -> None:
        """The same in the migration's transaction; nothing where it was done."""


def at_once(steps: Iterable[Step]) -> None:
    """Within the migration's transaction; what was carried out before is found done."""
    for step in steps:
        step.within(op.get_bind())
