"""Note which documents of a record hold the same SOP Instance UID: no list has to compare instances."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("instance_by_sop_token", "instance", ["sop_token"])
    op.create_table(
        "shared_instance",
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("other_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "other_id", name="pk_shared_instance"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO shared_instance (document_id, other_id)"
        " SELECT DISTINCT mine.document_id, theirs.document_id FROM instance AS mine"
        " JOIN instance AS theirs ON theirs.sop_token = mine.sop_token"
        " JOIN document AS a ON a.document_id = mine.document_id"
        " JOIN document AS b ON b.document_id = theirs.document_id AND b.record_id = a.record_id"
        " WHERE mine.document_id <> theirs.document_id"
    )
