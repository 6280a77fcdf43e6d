"""Keep instances by month of arrival on Postgres (ADR 45), as the verdicts of parts are."""

from alembic import op

from storage.migrations.by_month import TableByMonth

revision = "0014"
down_revision = "0013"
runs_from = "0012"

INSTANCES = TableByMonth(
    "instance",
    key="submission_id, part",
    indexes=(
        ("instance_by_sop", "document_id, sop_token", None),
        ("instance_by_sop_token", "sop_token", None),
    ),
)
ONLINE = (INSTANCES.bound(),)
# of each table: nothing where the month is there, or lies in the table's first partition
_MAKE_MONTH = """
CREATE OR REPLACE FUNCTION coffre_make_month(month integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    whole text;
    name text;
    following date := make_date(month / 100, month % 100, 1) + interval '1 month';
    low uuid := coffre_first_id(month);
    high uuid := coffre_first_id(to_char(following, 'YYYYMM')::integer);
BEGIN
    IF following > current_date + interval '1 year' THEN
        RAISE EXCEPTION 'a month of more than a year ahead';
    END IF;
    FOREACH whole IN ARRAY ARRAY['part', 'instance'] LOOP
        name := whole || '_' || month;
        CONTINUE WHEN to_regclass(name) IS NOT NULL OR EXISTS (
            SELECT FROM pg_inherits JOIN pg_class ON oid = inhrelid
            WHERE inhparent = whole::regclass AND relname LIKE whole || '\\_until\\_%'
              AND right(relname, 6) > month::text
        );
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, whole);
        EXECUTE format(
            'WITH gone AS (DELETE FROM %I WHERE submission_id >= %L AND submission_id < %L RETURNING *)'
            ' INSERT INTO %I SELECT * FROM gone', whole || '_others', low, high, name);
        EXECUTE format(
            'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', whole, name, low, high);
    END LOOP;
END
$$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return  # SQLite has no partitions, and no table of this size
    for statement in INSTANCES.statements(op.get_bind(), make_month=_MAKE_MONTH):
        op.execute(statement)
