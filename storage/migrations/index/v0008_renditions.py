"""Note of which submissions' images the small pictures were made; `coffre renditions` finds the others."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("details", sa.Column("rendered", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE details SET rendered = 1"
        " WHERE document_id IN (SELECT document_id FROM document WHERE kind <> 'study')"
    )
    for name, state in (("details_unrendered", 0), ("details_not_renderable", 2)):
        where = sa.text(f"rendered = {state}")
        op.create_index(name, "details", ["document_id"], sqlite_where=where, postgresql_where=where)
