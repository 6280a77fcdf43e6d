"""Remember used proofs of possession for as long as one of them could be accepted again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "proof",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_for", sa.Text(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_proof"),
        sqlite_with_rowid=False,
    )
    op.create_index("proof_by_expiry", "proof", ["expires"])
