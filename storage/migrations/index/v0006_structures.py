"""Give turns to structures: waiting submissions are found by depositor, and CPU is counted by structure and
day. The counts of 0005, by credential, say nothing of structures and are dropped.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.drop_table("depositor_cost")
    op.drop_index("submission_turn", "submission")
    op.create_index(
        "submission_due",
        "submission",
        ["state", "depositor_token", "received_at"],
        sqlite_where=sa.text("state = 'received'"),
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "depositor",
        sa.Column("depositor_token", sa.LargeBinary(), nullable=False),
        sa.Column("structure_token", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("depositor_token", name="pk_depositor"),
        sqlite_with_rowid=False,
    )
    op.create_index("depositor_by_day", "depositor", ["day"])
    op.create_table(
        "cpu_use",
        sa.Column("structure_token", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("cpu_ms", sa.BigInteger(), nullable=False),
        sa.Column("lately_ms", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("structure_token", "day", name="pk_cpu_use"),
        sqlite_with_rowid=False,
    )
    op.create_index("cpu_use_by_day", "cpu_use", ["day", "cpu_ms"])
