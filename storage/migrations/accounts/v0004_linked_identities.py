"""Keep identities of a provider that patients link to their accounts.

A migration stays as it was released: later changes are files of their own.
"""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0004"
down_revision = "0003"
runs_from = "0002"


def upgrade() -> None:
    op.create_table(
        "linked_identity",
        sa.Column("linked_identity", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("linked_identity", name="pk_linked_identity"),
        sqlite_with_rowid=False,
    )
    op.create_index("linked_identity_by_account", "linked_identity", ["account_id"])
