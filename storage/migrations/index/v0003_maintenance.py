"""Add kinds of submission, for jobs, and indexes over what is quarantined, retired or grown."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BACKLOGS = (
    ("part_quarantined", "part", ["submission_id", "number"], "outcome = 'quarantined'"),
    ("blob_retired", "blob", ["submission_id"], "state = 'retired'"),
    ("details_grown", "details", ["document_id", "row_version"], "row_version > 1"),
)


def upgrade() -> None:
    op.add_column("submission", sa.Column("kind", sa.Text(), nullable=False, server_default="deposit"))
    for name, table, columns, where in BACKLOGS:
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
