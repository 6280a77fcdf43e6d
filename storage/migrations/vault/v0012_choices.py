"""Add what the holder chose about one professional, and about a team or a list, as sealed rows."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    _create("authorisation", sa.Column("person", sa.LargeBinary(), nullable=False))
    _create("circle", sa.Column("circle_id", Id(), nullable=False))


def _create(name: str, key: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("record_id", Id(), nullable=False),
        key,
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", key.name, name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"{name}_by_end", name, ["state", "ends_on"])
