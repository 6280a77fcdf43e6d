"""The public directory of professionals and structures, which gives their numbers names."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "practitioner",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_practitioner"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "structure",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("town", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_structure"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exercise",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("profession", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.Column("structure", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person", "profession", "specialty", "structure", name="pk_exercise"),
        sqlite_with_rowid=False,
    )
