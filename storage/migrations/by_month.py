"""Have a table of the index that is there kept by month of `submission_id` on Postgres, beside the processes.

Nothing is copied: the table becomes the first partition. Months are those of the ids (UUIDv7, RFC 9562); ids
of a month without a partition have one of their own, so that nothing is refused.

Migrations that are released carry this out: what it does to a database stays as it is.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

# of the index's functions in a database: the first id of a month, which is given as 202612
FIRST_ID = """
CREATE FUNCTION coffre_first_id(month integer) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT (lpad(to_hex(
        (extract(epoch FROM make_timestamptz(month / 100, month % 100, 1, 0, 0, 0, 'UTC')) * 1000)::bigint
    ), 12, '0') || repeat('0', 20))::uuid
$$
"""
_AFTER_NEXT = sa.text("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 months', 'YYYYMM')::integer")
_BOUNDS = sa.text(
    "SELECT conname FROM pg_constraint"
    " WHERE conrelid = to_regclass(:table) AND conname LIKE CAST(:table AS text) || '\\_until\\_%'"
)
_RIGHTS = sa.text("""
    SELECT r.rolname, a.privilege_type, NULL
    FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = to_regclass(:table) AND r.oid <> c.relowner
    UNION ALL
    SELECT r.rolname, a.privilege_type, t.attname
    FROM pg_attribute t, aclexplode(t.attacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE t.attrelid = to_regclass(:table)
""")


@dataclass(frozen=True, slots=True)
class TableByMonth:
    """`key`: columns of its primary key, `submission_id` first. `indexes`: name, columns, and which rows."""

    table: str
    key: str
    indexes: Sequence[tuple[str, str, str | None]]

    def bound(self) -> "Bound":
        return Bound(self.table)

    def statements(self, connection: Connection, *, make_month: str) -> Iterator[str]:
        """Of the migration's transaction. `make_month` makes the function that makes months, of this too."""
        rights = connection.execute(_RIGHTS, {"table": self.table}).all()
        known = connection.execute(_BOUNDS, {"table": self.table}).scalars().all()
        month = int(known[0][-6:]) if known else int(connection.execute(_AFTER_NEXT).scalar_one())
        yield make_month
        yield from self._partitioned(month, is_bounded=bool(known))
        for role, privilege, column in rights:  # programs of before go on with those that they have
            columns = f" ({column})" if column else ""
            yield f'GRANT {privilege}{columns} ON {self.table} TO "{role}"'

    def _partitioned(self, month: int, *, is_bounded: bool) -> Iterator[str]:
        """The table that is there becomes the partition of all ids before `month`, with its indexes."""
        whole, first = self.table, f"{self.table}_until_{month}"
        yield f"ALTER TABLE {whole} RENAME TO {first}"
        yield f"ALTER TABLE {first} RENAME CONSTRAINT pk_{whole} TO pk_{first}"
        for name, _, _ in self.indexes:
            yield f"ALTER INDEX {name} RENAME TO {first}_{name.removeprefix(f'{whole}_')}"
        yield f"CREATE TABLE {whole} (LIKE {first}) PARTITION BY RANGE (submission_id)"
        yield f"ALTER TABLE {whole} ADD CONSTRAINT pk_{whole} PRIMARY KEY ({self.key})"
        for name, columns, where in self.indexes:
            yield f"CREATE INDEX {name} ON {whole} ({columns}){f' WHERE {where}' if where else ''}"
        bounds = f"FOR VALUES FROM (MINVALUE) TO ('{_first_id(month)}')"
        yield f"ALTER TABLE {whole} ATTACH PARTITION {first} {bounds}"
        if is_bounded:
            yield f"ALTER TABLE {first} DROP CONSTRAINT {first}"
        yield f"CREATE TABLE {whole}_others PARTITION OF {whole} DEFAULT"
        yield f"SELECT coffre_make_month({month})"


@dataclass(frozen=True, slots=True)
class Bound:
    """Have Postgres know, beside the processes, that all rows are of before the month after next: else it
    would read them while nobody may use the table. That of a run which was cut off is replaced.
    """

    table: str

    def beside_others(self, connection: Connection) -> None:
        name = f"{self.table}_until_{connection.execute(_AFTER_NEXT).scalar_one()}"
        connection.execute(sa.text("SET lock_timeout = '5s'"))
        for former in connection.execute(_BOUNDS, {"table": self.table}).scalars().all():
            connection.execute(sa.text(f"ALTER TABLE {self.table} DROP CONSTRAINT {former}"))
        below = f"submission_id < '{_first_id(int(name[-6:]))}'"
        add = f"ALTER TABLE {self.table} ADD CONSTRAINT {name} CHECK ({below}) NOT VALID"
        connection.execute(sa.text(add))
        connection.execute(sa.text(f"ALTER TABLE {self.table} VALIDATE CONSTRAINT {name}"))

    def within(self, _connection: Connection) -> None:
        """A new table has no rows to read."""


def _first_id(month: int) -> uuid.UUID:
    """As `coffre_first_id`, before that is there."""
    began = datetime(month // 100, month % 100, 1, tzinfo=UTC)
    return uuid.UUID(int=int(began.timestamp() * 1000) << 80)
