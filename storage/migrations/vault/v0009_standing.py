"""Add to a grant what its last decision rests on, so that a range is asked for without deciding again."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for name in ("record_epoch", "valid_from", "valid_until"):
        op.add_column("grant", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("credential", "holder"):
        op.add_column("grant", sa.Column(name, sa.LargeBinary(), nullable=True))
