"""Remember challenges that a passkey has answered: each serves once.

A migration stays as it was released: later changes are files of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
runs_from = "0001"


def upgrade() -> None:
    op.create_table(
        "challenge",
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("challenge", name="pk_challenge"),
        sqlite_with_rowid=False,
    )
    op.create_index("challenge_by_expiry", "challenge", ["expires"])
