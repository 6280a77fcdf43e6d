"""Count the CPU of each depositor's files by day, and order the queue by turns."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("submission_turn", "submission", ["state", "depositor_token", "received_at"])
    op.create_table(
        "depositor_cost",
        sa.Column("depositor_token", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("cpu_ms", sa.BigInteger(), nullable=False),
        sa.Column("slow_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("depositor_token", "day", name="pk_depositor_cost"),
        sqlite_with_rowid=False,
    )
    op.create_index("depositor_cost_of_day", "depositor_cost", ["day", "cpu_ms"])
    op.create_index("depositor_cost_slow", "depositor_cost", ["slow_until"])
