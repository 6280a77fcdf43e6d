"""Add how holders are written to, who has had access before, and what came of a notice.

The kind of a notice is sealed from here on: in clear it could announce a diagnosis.
"""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "kind", name="pk_contact"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contact_code",
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "kind", name="pk_contact_code"),
        sqlite_with_rowid=False,
    )
    op.create_index("contact_code_by_expiry", "contact_code", ["expires"])
    op.create_table(
        "first_access",
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "actor", name="pk_first_access"),
        sqlite_with_rowid=False,
    )
    op.add_column("notice", sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("notice", sa.Column("outcome", sa.Text(), nullable=True))
    op.drop_column("notice", "kind")
