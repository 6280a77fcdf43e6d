"""Notes of what came at the doors, until the vault has them."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0003"
down_revision = "0002"
runs_from = "0002"


def upgrade() -> None:
    op.create_table(
        "door_note",
        sa.Column("note_id", Id(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("note_id", name="pk_door_note"),
    )
    op.create_index("door_note_by_due", "door_note", ["due", "note_id"])
