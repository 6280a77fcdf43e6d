"""Add the table that counts refusals that repeat within an hour, until they have their line."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("refusal", sa.LargeBinary(), nullable=False),
        sa.Column("chain_id", Id(), nullable=False),
        sa.Column("chain", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("alone", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("refusal", name="pk_refusal"),
        sqlite_with_rowid=False,
    )
    op.create_index("refusal_by_hour", "refusal", ["hour"])
