"""Add the legal clocks of records, and the latest time that their terms count from."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "clock",
        sa.Column("clock_id", Id(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("clock_id", name="pk_clock"),
        sqlite_with_rowid=False,
    )
    op.create_index("clock_by_due", "clock", ["due_at"])
    op.create_index("clock_by_record", "clock", ["record_id"])
    op.create_table(
        "clock_mark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_clock_mark"),
        sqlite_with_rowid=False,
    )
