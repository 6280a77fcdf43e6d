"""Add the table of credentials that were withdrawn before they ended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "withdrawn",
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("credential", name="pk_withdrawn"),
        sqlite_with_rowid=False,
    )
    op.create_index("withdrawn_by_expiry", "withdrawn", ["expires"])
