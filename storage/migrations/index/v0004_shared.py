"""Index the parts whose Study Instance UID another structure uses, so that operators can count them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index(
        "part_shared",
        "part",
        ["submission_id"],
        sqlite_where=sa.text("code = 'study_uid_shared'"),
        postgresql_where=sa.text("code = 'study_uid_shared'"),
    )
