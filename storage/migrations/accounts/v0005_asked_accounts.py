"""Keep accounts that people ask for online until a letter's code confirms one.

A migration stays as it was released: later changes are files of their own.
"""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0005"
down_revision = "0004"
runs_from = "0002"


def upgrade() -> None:
    op.create_table(
        "asked_account",
        sa.Column("asked_account", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asked_account", name="pk_asked_account"),
        sqlite_with_rowid=False,
    )
    op.create_index("asked_account_by_person", "asked_account", ["person_id", "expires"])
    op.create_index("asked_account_by_expiry", "asked_account", ["expires"])
