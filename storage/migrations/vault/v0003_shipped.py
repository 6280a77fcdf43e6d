"""Record how far the second place has a copy, and index the rows by which its segments are put together."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Counter

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "shipped",
        sa.Column("number", Counter, autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_shipped"),
    )
    op.create_index("replay_by_leaf", "replay", ["leaf_hash"])
