"""Make the vault's tables.

A migration stays as it was released: later changes are files of their own.
"""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Counter, Id

revision = "0001"
down_revision = None


def upgrade() -> None:
    _keys()
    _records()
    _work()
    _log()


def _keys() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_secret"),
    )
    op.create_table(
        "shard",
        sa.Column("shard_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shard_id", "version", name="pk_shard"),
    )
    op.create_table(
        "record_key",
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("branch", sa.BigInteger(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("shard_version", sa.BigInteger(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "branch", name="pk_record_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wrapped_key",
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("use", sa.BigInteger(), nullable=False),
        sa.Column("object_id", Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "use", "object_id", "version", name="pk_wrapped_key"),
        sqlite_with_rowid=False,
    )


def _records() -> None:
    op.create_table(
        "record",
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("public_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ins_token", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("shard_id", sa.BigInteger(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("shard_version", sa.BigInteger(), nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=True),
        sa.Column("card_version", sa.BigInteger(), nullable=False),
        sa.Column("card_digest", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_record"),
        sa.UniqueConstraint("ins_token", name="uq_record_ins_token"),
        sa.UniqueConstraint("public_id", name="uq_record_public_id"),
    )
    op.create_index("record_by_shard", "record", ["shard_id", "record_id"])
    op.create_table(
        "document",
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("study_token", sa.LargeBinary(), nullable=True),
        sa.Column("row_version", sa.BigInteger(), nullable=False),
        sa.Column("row_digest", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("facts_version", sa.BigInteger(), nullable=False),
        sa.Column("facts_digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_document"),
    )
    op.create_index("document_by_record", "document", ["record_id", "created_at"])
    op.create_index("document_by_study", "document", ["record_id", "study_token"])
    op.create_table(
        "document_row",
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("row_version", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "row_version", name="pk_document_row"),
        sqlite_with_rowid=False,
    )
    op.create_index("document_row_by_submission", "document_row", ["submission_id"])
    op.create_table(
        "blob",
        sa.Column("blob_id", Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.BigInteger(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("plaintext_size", sa.BigInteger(), nullable=False),
        sa.Column("ciphertext_size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("blob_id", "version", name="pk_blob"),
        sa.UniqueConstraint("commitment", name="uq_blob_commitment"),
    )
    op.create_index("blob_by_record", "blob", ["record_id"])
    op.create_index("blob_by_retirement", "blob", ["state", "retired_at"])
    op.create_index("blob_by_submission", "blob", ["submission_id"])
    op.create_table(
        "blob_document",
        sa.Column("blob_id", Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("document_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "version", "document_id", name="pk_blob_document"),
        sqlite_with_rowid=False,
    )
    op.create_index("blob_document_by_document", "blob_document", ["document_id"])


def _work() -> None:
    op.create_table(
        "ingest",
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("depositor", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id", name="pk_ingest"),
    )
    op.create_index("ingest_by_state", "ingest", ["state", "opened_at"])
    op.create_table(
        "ingest_answer",
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("target", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id", "target", name="pk_ingest_answer"),
    )
    op.create_table(
        "grant",
        sa.Column("grant_id", Id(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name="pk_grant"),
    )
    op.create_index("grant_by_expiry", "grant", ["expires"])
    op.create_index("grant_by_record", "grant", ["record_id"])
    op.create_table(
        "quota",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "record", "hour", name="pk_quota"),
        sqlite_with_rowid=False,
    )
    op.create_index("quota_by_subject", "quota", ["subject", "at"])
    op.create_index("quota_by_time", "quota", ["at"])
    op.create_table(
        "quota_count",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "hour", name="pk_quota_count"),
        sqlite_with_rowid=False,
    )
    op.create_index("quota_count_by_hour", "quota_count", ["hour"])
    op.create_table(
        "emergency_window",
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reason_hash", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "record_id", "actor", "purpose", "reason_hash", "opened_at", name="pk_emergency_window"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "emergency_window_by_time", "emergency_window", ["record_id", "actor", "purpose", "opened_at"]
    )
    op.create_table(
        "job",
        sa.Column("job_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_job"),
    )
    op.create_index("job_by_record", "job", ["record_id"])
    op.create_index("job_by_state", "job", ["state", "created_at"])
    op.create_table(
        "notice",
        sa.Column("notice_id", Id(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notice"),
    )
    op.create_index("notice_by_record", "notice", ["record_id"])
    op.create_index("notice_by_state", "notice", ["state", "created_at"])


def _log() -> None:
    op.create_table(
        "accountability",
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("own", sa.LargeBinary(), nullable=False),
        sa.Column("officer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_hash", name="pk_accountability"),
    )
    op.create_index("accountability_by_actor", "accountability", ["actor", "at"])
    op.create_table(
        "chain",
        sa.Column("chain_id", Id(), nullable=False),
        sa.Column("chain", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "chain", name="pk_chain"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", Counter, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_checkpoint"),
    )
    op.create_table(
        "entry",
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_hash", name="pk_entry"),
    )
    op.create_table(
        "event",
        sa.Column("chain_id", Id(), nullable=False),
        sa.Column("chain", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "chain", "seq", name="pk_event"),
        sa.UniqueConstraint("leaf_hash", name="uq_event_leaf_hash"),
    )
    op.create_table(
        "leaf",
        sa.Column("position", Counter, autoincrement=False, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_leaf"),
        sa.UniqueConstraint("leaf_hash", name="uq_leaf_leaf_hash"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "pending",
        sa.Column("ordinal", Counter, autoincrement=True, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal", name="pk_pending"),
        sa.UniqueConstraint("leaf_hash", name="uq_pending_leaf_hash"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "replay",
        sa.Column("replay_id", Counter, autoincrement=True, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("replay_id", name="pk_replay"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tile",
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_tile"),
    )
