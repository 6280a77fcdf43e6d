"""Keep the verdicts of parts by month of arrival on Postgres (ADR 41)."""

from alembic import op

from storage.migrations.by_month import FIRST_ID, TableByMonth

revision = "0013"
down_revision = "0012"
runs_from = "0012"

PARTS = TableByMonth(
    "part",
    key="submission_id, number",
    indexes=(
        ("part_quarantined", "submission_id, number", "outcome = 'quarantined'"),
        ("part_shared", "submission_id", "code = 'study_uid_shared'"),
    ),
)
ONLINE = (PARTS.bound(),)
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


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return  # SQLite has no partitions, and no table of this size
    op.execute(FIRST_ID)
    for statement in PARTS.statements(op.get_bind(), make_month=_MAKE_MONTH):
        op.execute(statement)
    for function in ("coffre_first_id", "coffre_make_month"):
        op.execute(f"REVOKE ALL ON FUNCTION {function}(integer) FROM PUBLIC")
