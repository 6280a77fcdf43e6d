"""A sign-in may be one code of a session, which ends when nobody uses it."""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("sign_in", sa.Column("session_id", Id(), nullable=True))
    for name in ("made_at", "used_at"):
        op.add_column("sign_in", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("sign_in_by_session", "sign_in", ["session_id"])
