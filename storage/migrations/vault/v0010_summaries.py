"""Add summaries of documents for lists, and an index in the order in which lists show them."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "document_summary",
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("row_version", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_document_summary"),
        sqlite_with_rowid=False,
    )
    op.create_index("document_summary_by_record", "document_summary", ["record_id"])
    op.drop_index("document_by_record", "document")
    op.create_index("document_by_record", "document", ["record_id", "created_at", "document_id"])
