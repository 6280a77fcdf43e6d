"""Keep the verdicts of parts by month of arrival on Postgres: what is there becomes the first partition.

Nothing is copied. Months are those of the ids (UUIDv7, RFC 9562); ids of a month without a partition have
one of their own, so that nothing is refused.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection

revision = "0013"
down_revision = "0012"
runs_from = "0012"

_INDEXES = (
    ("part_quarantined", "submission_id, number", "outcome = 'quarantined'"),
    ("part_shared", "submission_id", "code = 'study_uid_shared'"),
)
# of a month, which is given as 202612
_FIRST_ID = """
CREATE FUNCTION coffre_first_id(month integer) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT (lpad(to_hex(
        (extract(epoch FROM make_timestamptz(month / 100, month % 100, 1, 0, 0, 0, 'UTC')) * 1000)::bigint
    ), 12, '0') || repeat('0', 20))::uuid
$$
"""
# with the rights of the tables' owner: the housekeeper may call it, and makes no table by itself
_MAKE_MONTH = """
CREATE FUNCTION coffre_make_month(month integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    name text := 'part_' || month;
    following date := make_date(month / 100, month % 100, 1) + interval '1 month';
    low uuid := coffre_first_id(month);
    high uuid := coffre_first_id(to_char(following, 'YYYYMM')::integer);
BEGIN
    IF following > current_date + interval '1 year' THEN
        RAISE EXCEPTION 'a month of more than a year ahead';
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE part INCLUDING ALL)', name);
    EXECUTE format(
        'WITH gone AS (DELETE FROM part_others WHERE submission_id >= %L AND submission_id < %L RETURNING *)'
        ' INSERT INTO %I SELECT * FROM gone', low, high, name);
    EXECUTE format('ALTER TABLE part ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
END
$$
"""
_AFTER_NEXT = sa.text("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 months', 'YYYYMM')::integer")
_BOUNDS = sa.text(
    "SELECT conname FROM pg_constraint WHERE conrelid = 'part'::regclass AND conname LIKE 'part\\_until\\_%'"
)
_RIGHTS = sa.text("""
    SELECT r.rolname, a.privilege_type, NULL
    FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = 'part'::regclass AND r.oid <> c.relowner
    UNION ALL
    SELECT r.rolname, a.privilege_type, t.attname
    FROM pg_attribute t, aclexplode(t.attacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE t.attrelid = 'part'::regclass
""")


class _Bound:
    """Have Postgres know, beside the processes, that all rows are of before the month after next: else it
    would read them while nobody may use the table. That of a run which was cut off is replaced.
    """

    def beside_others(self, connection: Connection) -> None:
        name = f"part_until_{connection.execute(_AFTER_NEXT).scalar_one()}"
        connection.execute(sa.text("SET lock_timeout = '5s'"))
        for former in connection.execute(_BOUNDS).scalars().all():
            connection.execute(sa.text(f"ALTER TABLE part DROP CONSTRAINT {former}"))
        below = f"submission_id < '{_first_id(int(name[-6:]))}'"
        connection.execute(sa.text(f"ALTER TABLE part ADD CONSTRAINT {name} CHECK ({below}) NOT VALID"))
        connection.execute(sa.text(f"ALTER TABLE part VALIDATE CONSTRAINT {name}"))

    def within(self, _connection: Connection) -> None:
        """A new table has no rows to read."""


ONLINE = (_Bound(),)


def _first_id(month: int) -> uuid.UUID:
    """As `coffre_first_id`, before that is there."""
    began = datetime(month // 100, month % 100, 1, tzinfo=UTC)
    return uuid.UUID(int=int(began.timestamp() * 1000) << 80)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return  # SQLite has no partitions, and no table of this size
    rights = connection.execute(_RIGHTS).all()
    known = connection.execute(_BOUNDS).scalars().all()
    month = int(known[0][-6:]) if known else int(connection.execute(_AFTER_NEXT).scalar_one())
    for statement in (_FIRST_ID, _MAKE_MONTH, *_partitioned(month, bool(known))):
        op.execute(statement)
    for role, privilege, column in rights:  # programs of before go on with those that they have
        op.execute(f'GRANT {privilege}{f" ({column})" if column else ""} ON part TO "{role}"')


def _partitioned(month: int, is_bounded: bool) -> Iterator[str]:
    """The table that is there becomes the partition of all ids before `month`; its indexes are taken over."""
    first = f"part_until_{month}"
    yield f"ALTER TABLE part RENAME TO {first}"
    yield f"ALTER TABLE {first} RENAME CONSTRAINT pk_part TO pk_{first}"
    for name, _, _ in _INDEXES:
        yield f"ALTER INDEX {name} RENAME TO {first}_{name.removeprefix('part_')}"
    yield f"CREATE TABLE part (LIKE {first}) PARTITION BY RANGE (submission_id)"
    yield "ALTER TABLE part ADD CONSTRAINT pk_part PRIMARY KEY (submission_id, number)"
    for name, columns, where in _INDEXES:
        yield f"CREATE INDEX {name} ON part ({columns}) WHERE {where}"
    yield f"ALTER TABLE part ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{_first_id(month)}')"
    if is_bounded:
        yield f"ALTER TABLE {first} DROP CONSTRAINT {first}"
    yield "CREATE TABLE part_others PARTITION OF part DEFAULT"
    yield f"SELECT coffre_make_month({month})"
    for function in ("coffre_first_id", "coffre_make_month"):
        yield f"REVOKE ALL ON FUNCTION {function}(integer) FROM PUBLIC"
