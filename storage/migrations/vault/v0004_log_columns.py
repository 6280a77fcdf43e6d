"""Drop columns that repeat what an entry or a note says itself; each chain names the version of its key."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_column("entry", "at")
    op.drop_column("event", "at")
    op.drop_column("checkpoint", "signed_at")
    op.add_column("chain", sa.Column("key_version", sa.BigInteger(), nullable=False, server_default="1"))
