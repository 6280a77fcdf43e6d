"""The vault's store: small verbs over its tables, in write transactions or snapshots.

It satisfies the `VaultStore` that `keyvault/store.py` declares, without knowing it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, MetaData

from storage.engines.transactions import Database
from storage.vault_store.statements import Statements, matches_nothing, parameters
from storage.vault_store.tables import VAULT

Row = Mapping[str, Any]


class SqlVaultTransaction:
    """One transaction. Conditions are `column=value` (None: is null) or `column__in/__lt/__le/__gt/__ge`.

    Unknown tables and columns raise KeyError, a row without a required column too.
    """

    def __init__(self, connection: Connection, statements: Statements, *, writable: bool) -> None:
        self._connection = connection
        self._statements = statements
        self._writable = writable

    def get(self, table: str, /, *, lock: bool = False, **key: object) -> Row | None:
        """The one row that matches, or None; several are a programming error. `lock` keeps it from other
        writers, where this one writes.
        """
        if lock:
            self._check_writable()
        rows = self._rows(table, (), 2, lock, key)
        if len(rows) > 1:
            raise LookupError(f"several rows of {table} match; get() asks for one")
        return rows[0] if rows else None

    def find(
        self, table: str, /, *, order: str | Sequence[str] = (), limit: int | None = None, **where: object
    ) -> list[Row]:
        """All rows that match, in `order` (`"-at"` descends), at most `limit`."""
        return self._rows(table, order, limit, False, where)

    def _rows(
        self,
        table: str,
        order: str | Sequence[str],
        limit: int | None,
        lock: bool,
        where: Mapping[str, object],
    ) -> list[Row]:
        statement = self._statements.select(table, where, order, lock=lock, limited=limit is not None)
        if matches_nothing(where):
            return []
        values = parameters(where)
        if limit is not None:
            values["w_limit"] = limit
        names = self._statements.columns[table]
        return [dict(zip(names, row, strict=True)) for row in self._connection.execute(statement, values)]

    def insert(self, table: str, /, *rows: Row) -> None:
        """Adds rows, together in one statement; a key that exists raises the engine's IntegrityError.

        A number that a row brings is never given to another one. On Postgres, that is the owner's to do.
        """
        self._check_writable()
        complete = [self._statements.complete(table, row) for row in rows]
        if complete:
            self._connection.execute(
                self._statements.insert(table), complete if len(complete) > 1 else complete[0]
            )
            self._count_on(table, complete[0])

    def insert_new(self, table: str, /, *rows: Row) -> bool:
        """Adds each row unless its primary or a unique key exists; tells whether all were new.

        Of several, those that were are there all the same: who is told False and can't go on raises.
        """
        self._check_writable()
        complete = [self._statements.complete(table, row) for row in rows]
        if not complete:
            return True
        added = self._connection.execute(self._statements.insert_new(table), complete)
        return added.rowcount == len(complete)

    def update(self, table: str, values: Row, /, **where: object) -> int:
        """Changes the rows that match; the answer is their number. No condition at all is a TypeError."""
        self._check_writable()
        statement = self._statements.update(table, values, where)
        if matches_nothing(where):
            return 0
        new = {f"v_{name}": value for name, value in values.items()}
        return self._connection.execute(statement, new | parameters(where)).rowcount

    def delete(self, table: str, /, **where: object) -> int:
        """Removes the rows that match; the answer is their number. No condition at all is a TypeError."""
        self._check_writable()
        statement = self._statements.delete(table, where)
        return (
            0 if matches_nothing(where) else self._connection.execute(statement, parameters(where)).rowcount
        )

    def count(self, subject: bytes, hour: int, added: int) -> Row:
        """Adds to a counter of `quota_count` and answers it: `n` of this hour, `before` of the last one, and
        `others`, the sum from 23 hours ago on without this one. It is held until the transaction ends.
        """
        self._check_writable()
        new = {"subject": subject, "hour": hour, "n": added}
        others = {"of": subject, "last": hour - 1, "first": hour - 23, "but": hour}
        row = self._connection.execute(self._statements.counting, new | others).one()
        return dict(row._mapping)

    def standing(self, grant_id: UUID) -> Row | None:
        """The row of a grant, with what may have moved since its decision: the `epoch` of its record (None:
        there is none), and since when its credential (`credential_since`) and all of its holder's
        (`holder_since`) are withdrawn.
        """
        row = self._connection.execute(self._statements.standing, {"grant_id": grant_id}).one_or_none()
        return None if row is None else dict(row._mapping)

    def _count_on(self, table: str, row: Row) -> None:
        """Postgres gives numbers from a sequence, which knows nothing of those that rows bring."""
        statement = self._statements.count_on(table, row)
        if statement is not None and self._connection.dialect.name == "postgresql":
            self._connection.execute(statement)

    def _check_writable(self) -> None:
        if not self._writable:
            raise RuntimeError("this transaction only reads; change rows inside writing()")


class SqlVaultStore:
    """The vault's tables (or, with `DAY_KEYS`, those of the day keys' own database)."""

    def __init__(self, database: Database, metadata: MetaData = VAULT) -> None:
        self._database = database
        self._statements = Statements(metadata)

    @contextmanager
    def writing(self) -> Iterator[SqlVaultTransaction]:
        """Sees the present and excludes other writers; durable once left, undone by an exception."""
        with self._database.writing() as connection:
            yield SqlVaultTransaction(connection, self._statements, writable=True)

    @contextmanager
    def reading(self) -> Iterator[SqlVaultTransaction]:
        """A consistent snapshot without any lock; its writing verbs raise RuntimeError."""
        with self._database.reading() as connection:
            yield SqlVaultTransaction(connection, self._statements, writable=False)
