"""Add the column that marks copies of a document, and an index of emergency windows by their age."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("document", sa.Column("content_token", sa.LargeBinary(), nullable=True))
    op.create_index("document_by_content", "document", ["record_id", "content_token"])
    op.create_index("emergency_window_by_age", "emergency_window", ["opened_at"])
