"""Find a study by its token alone: for its depositor, who names no record."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("document_by_study_token", "document", ["study_token"])
