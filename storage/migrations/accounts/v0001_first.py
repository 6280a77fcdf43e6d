"""Make the tables of accounts.

A migration stays as it was released: later changes are files of their own.
"""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id

revision = "0001"
down_revision = None


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _int(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _account_id() -> sa.Column[object]:
    return sa.Column("account_id", Id(), nullable=False)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def upgrade() -> None:
    op.create_table(
        "account",
        _account_id(),
        _bytes("identifier"),
        _bytes("person"),
        _text("state"),
        _int("version"),
        _bytes("sealed"),
        _int("created_at"),
        _key("account", "account_id"),
        sa.UniqueConstraint("identifier", name="uq_account_identifier"),
        sa.UniqueConstraint("person", name="uq_account_person"),
    )
    op.create_table(
        "letter",
        _account_id(),
        _text("purpose"),
        _bytes("code"),
        _int("expires"),
        _key("letter", "account_id", "purpose"),
    )
    op.create_table(
        "entry",
        _bytes("entry"),
        _account_id(),
        _bytes("code"),
        _int("tries"),
        _int("expires"),
        _bytes("sealed"),
        _key("entry", "entry"),
        sqlite_with_rowid=False,
    )
    op.create_index("entry_by_expiry", "entry", ["expires"])
    op.create_table(
        "tries",
        _bytes("whose"),
        _int("failures"),
        _int("until"),
        _int("expires"),
        _key("tries", "whose"),
        sqlite_with_rowid=False,
    )
    op.create_index("tries_by_expiry", "tries", ["expires"])
    _sessions_and_keys()


def _sessions_and_keys() -> None:
    op.create_table(
        "session",
        sa.Column("session_id", Id(), nullable=False),
        _account_id(),
        _bytes("device"),
        _int("began_at"),
        _int("expires"),
        _key("session", "session_id"),
    )
    op.create_index("session_by_account", "session", ["account_id", "expires"])
    op.create_index("session_by_expiry", "session", ["expires"])
    op.create_table(
        "device",
        _bytes("device"),
        _account_id(),
        _bytes("sealed"),
        _int("first_at"),
        _int("last_at"),
        _key("device", "device"),
        sqlite_with_rowid=False,
    )
    op.create_index("device_by_account", "device", ["account_id", "last_at"])
    op.create_table(
        "passkey",
        _bytes("passkey"),
        _account_id(),
        _bytes("sealed"),
        _int("uses"),
        _int("made_at"),
        _key("passkey", "passkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("passkey_by_account", "passkey", ["account_id", "made_at"])
