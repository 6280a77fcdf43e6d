"""Limit two indexes to their backlogs: submissions not settled, blobs given up. They stay small while the
tables grow, and Postgres reads the unsettled in their order.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("submission_unsettled", "submission")
    op.create_index(
        "submission_unsettled",
        "submission",
        ["finished_at"],
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.drop_index("blob_by_state", "blob")
    op.create_index(
        "blob_abandoned",
        "blob",
        ["submission_id"],
        sqlite_where=sa.text("state = 'abandoned'"),
        postgresql_where=sa.text("state = 'abandoned'"),
    )
