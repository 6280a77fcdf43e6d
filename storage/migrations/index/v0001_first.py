"""Make the index's tables.

A migration stays as it was released: later changes are files of their own.
"""

import sqlalchemy as sa
from alembic import op

from storage.sql.types import Id, Unsigned64

revision = "0001"
down_revision = None


def upgrade() -> None:
    _queue()
    _documents()
    _sharing()


def _queue() -> None:
    op.create_table(
        "upload",
        sa.Column("blob_id", Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("condemned", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "version", name="pk_upload"),
        sqlite_with_rowid=False,
    )
    op.create_index("upload_by_time", "upload", ["at"])
    op.create_table(
        "submission",
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("depositor_token", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed_envelope", sa.LargeBinary(), nullable=True),
        sa.Column("plan", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("submission_id", name="pk_submission"),
    )
    op.create_index("submission_queue", "submission", ["state", "received_at"])
    op.create_index("submission_unsettled", "submission", ["settled_at", "finished_at"])
    op.create_index(
        "submission_answered",
        "submission",
        ["finished_at"],
        sqlite_where=sa.text("answer IS NOT NULL"),
        postgresql_where=sa.text("answer IS NOT NULL"),
    )
    op.create_table(
        "blob",
        sa.Column("blob_id", Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("plaintext_size", sa.BigInteger(), nullable=False),
        sa.Column("ciphertext_size", sa.BigInteger(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("crc64", Unsigned64(), nullable=False),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "version", name="pk_blob"),
    )
    op.create_index("blob_by_state", "blob", ["state"])
    op.create_index("blob_by_submission", "blob", ["submission_id"])
    op.create_table(
        "part",
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document_id", Id(), nullable=True),
        sa.PrimaryKeyConstraint("submission_id", "number", name="pk_part"),
    )
    op.create_table(
        "part_claim",
        sa.Column("part_token", sa.LargeBinary(), nullable=False),
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("document_id", Id(), nullable=True),
        sa.PrimaryKeyConstraint("part_token", name="pk_part_claim"),
        sqlite_with_rowid=False,
    )
    op.create_index("part_claim_by_submission", "part_claim", ["submission_id", "number"])


def _documents() -> None:
    op.create_table(
        "document",
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("record_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("study_token", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_document"),
    )
    op.create_index("document_by_record", "document", ["record_id", "created_at", "document_id"])
    op.create_index("document_by_study", "document", ["record_id", "study_token"])
    op.create_table(
        "details",
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("row_version", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "row_version", name="pk_details"),
    )
    op.create_table(
        "instance",
        sa.Column("submission_id", Id(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("document_id", Id(), nullable=False),
        sa.Column("sop_token", sa.LargeBinary(), nullable=True),
        sa.Column("series_token", sa.LargeBinary(), nullable=True),
        sa.Column("blob_id", Id(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("submission_id", "part", name="pk_instance"),
        sqlite_with_rowid=False,
    )
    op.create_index("instance_by_sop", "instance", ["document_id", "sop_token"])
    op.create_table(
        "token",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("document_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("token", "field", "document_id", name="pk_token"),
        sqlite_with_rowid=False,
    )


def _sharing() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "reception_key",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_reception_key"),
    )
    op.create_table(
        "sign_in",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sign_in"),
    )
    op.create_index("sign_in_by_expiry", "sign_in", ["expires"])
