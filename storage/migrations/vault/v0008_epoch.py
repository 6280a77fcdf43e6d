"""Add the number that every change which can alter a decision about a record raises."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("record", sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"))
