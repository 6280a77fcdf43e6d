"""The vault's tables (docs/vault.md section 1), save the log's. Ids are UUIDs, times milliseconds; what is
sealed or hashed is bytes.

Small rows under a random key live in their primary key's tree (`WITHOUT ROWID`): one page touched a write,
not two.
"""

from sqlalchemy import Index, MetaData, Table

from storage.sql.columns import NAMES, bytes_column, compact_table, id_column, int_column, text_column
from storage.vault_store import log_tables

VAULT = MetaData(naming_convention=NAMES)
DAY_KEYS = MetaData(naming_convention=NAMES)

log_tables.define(VAULT)

# keys of the installation
Table("meta", VAULT, text_column("name", primary_key=True), text_column("value"))
Table(
    "secret",
    VAULT,
    text_column("name", primary_key=True),
    int_column("version", primary_key=True),
    bytes_column("wrap"),
    bytes_column("public", nullable=True),
    text_column("state"),
)
Table(
    "shard",
    VAULT,
    int_column("shard_id", primary_key=True),
    int_column("version", primary_key=True),
    bytes_column("wrap"),
    text_column("state"),
)
# whose credentials are accepted
Table(
    "issuer",
    VAULT,
    text_column("name", primary_key=True),
    text_column("key_id", primary_key=True),
    int_column("version"),
    text_column("state"),
    int_column("first_seen", nullable=True),
    bytes_column("sealed"),
)

# records and their keys
Table(
    "record",
    VAULT,
    id_column("record_id", primary_key=True),
    id_column("public_id", unique=True),
    text_column("kind"),
    bytes_column("ins_token", nullable=True, unique=True),
    text_column("state"),
    int_column("shard_id"),
    int_column("key_version"),
    int_column("shard_version"),
    bytes_column("card", nullable=True),
    int_column("card_version"),
    bytes_column("card_digest", nullable=True),
    int_column("created_at"),
    int_column("epoch", server_default="0"),
    Index("record_by_shard", "shard_id", "record_id"),
)
compact_table(
    "record_key",
    VAULT,
    id_column("record_id", primary_key=True),
    int_column("branch", primary_key=True),
    int_column("key_version"),
    int_column("shard_version"),
    bytes_column("wrap"),
)
compact_table(
    "wrapped_key",
    VAULT,
    id_column("record_id", primary_key=True),
    int_column("use", primary_key=True),
    id_column("object_id", primary_key=True),
    int_column("version", primary_key=True),
    int_column("key_version"),
    bytes_column("wrap"),
)

# what the holder chose about one professional, and about a team or a list; `ends_on` counts days from 1970
compact_table(
    "authorisation",
    VAULT,
    id_column("record_id", primary_key=True),
    bytes_column("person", primary_key=True),
    int_column("version"),
    text_column("state"),
    int_column("ends_on", nullable=True),
    bytes_column("sealed"),
    bytes_column("digest"),
    Index("authorisation_by_end", "state", "ends_on"),
)
compact_table(
    "circle",
    VAULT,
    id_column("record_id", primary_key=True),
    id_column("circle_id", primary_key=True),
    int_column("version"),
    text_column("state"),
    int_column("ends_on", nullable=True),
    bytes_column("sealed"),
    bytes_column("digest"),
    Index("circle_by_end", "state", "ends_on"),
)

# documents and blobs
Table(
    "document",
    VAULT,
    id_column("document_id", primary_key=True),
    id_column("record_id"),
    text_column("kind"),
    text_column("state"),
    bytes_column("study_token", nullable=True),
    int_column("row_version"),
    bytes_column("row_digest"),
    bytes_column("facts"),
    int_column("facts_version"),
    bytes_column("facts_digest"),
    int_column("created_at"),
    bytes_column("content_token", nullable=True),
    Index("document_by_record", "record_id", "created_at", "document_id"),
    Index("document_by_study", "record_id", "study_token"),
    Index("document_by_content", "record_id", "content_token"),
)
compact_table(
    "document_row",
    VAULT,
    id_column("document_id", primary_key=True),
    int_column("row_version", primary_key=True),
    id_column("submission_id"),
    bytes_column("digest"),
    Index("document_row_by_submission", "submission_id"),
)
# what lists show; nothing is decided by it, and it is made again of the details where it is not the newest
compact_table(
    "document_summary",
    VAULT,
    id_column("document_id", primary_key=True),
    id_column("record_id"),
    int_column("row_version"),
    bytes_column("sealed"),
    Index("document_summary_by_record", "record_id"),
)
Table(
    "blob",
    VAULT,
    id_column("blob_id", primary_key=True),
    int_column("version", primary_key=True),
    id_column("record_id"),
    id_column("submission_id"),
    int_column("kind"),
    bytes_column("wrap"),
    int_column("key_version"),
    bytes_column("commitment", unique=True),
    bytes_column("header"),
    int_column("plaintext_size"),
    int_column("ciphertext_size"),
    text_column("state"),
    int_column("retired_at", nullable=True),
    Index("blob_by_submission", "submission_id"),
    Index("blob_by_record", "record_id"),
    Index("blob_by_retirement", "state", "retired_at"),
)
compact_table(
    "blob_document",
    VAULT,
    id_column("blob_id", primary_key=True),
    int_column("version", primary_key=True),
    id_column("document_id", primary_key=True),
    Index("blob_document_by_document", "document_id"),
)

# work in hand
Table(
    "ingest",
    VAULT,
    id_column("submission_id", primary_key=True),
    text_column("state"),
    text_column("worker", nullable=True),
    int_column("lease_until"),
    bytes_column("depositor"),
    int_column("opened_at"),
    Index("ingest_by_state", "state", "opened_at"),
)
Table(
    "ingest_answer",
    VAULT,
    id_column("submission_id", primary_key=True),
    bytes_column("target", primary_key=True),
    bytes_column("answer"),
)
Table(
    "grant",
    VAULT,
    id_column("grant_id", primary_key=True),
    id_column("record_id"),
    text_column("purpose"),
    int_column("expires"),
    bytes_column("sealed"),
    int_column("record_epoch", nullable=True),
    int_column("valid_from", nullable=True),
    int_column("valid_until", nullable=True),
    bytes_column("credential", nullable=True),
    bytes_column("holder", nullable=True),
    Index("grant_by_expiry", "expires"),
    Index("grant_by_record", "record_id"),
)
compact_table(
    "quota",
    VAULT,
    bytes_column("subject", primary_key=True),
    bytes_column("record", primary_key=True),
    int_column("hour", primary_key=True),
    int_column("at"),
    Index("quota_by_subject", "subject", "at"),
    Index("quota_by_time", "at"),
)
compact_table(
    "quota_count",
    VAULT,
    bytes_column("subject", primary_key=True),
    int_column("hour", primary_key=True),
    int_column("n"),
    Index("quota_count_by_hour", "hour"),
)
compact_table(
    "refusal",
    VAULT,
    bytes_column("refusal", primary_key=True),
    id_column("chain_id"),
    int_column("chain"),
    int_column("hour"),
    int_column("alone"),
    int_column("counted"),
    int_column("first_at"),
    int_column("last_at"),
    bytes_column("sealed"),
    Index("refusal_by_hour", "hour"),
)
compact_table(
    "withdrawn",
    VAULT,
    bytes_column("credential", primary_key=True),
    int_column("since"),
    int_column("expires"),
    Index("withdrawn_by_expiry", "expires"),
)
compact_table(
    "proof",
    VAULT,
    bytes_column("digest", primary_key=True),
    text_column("used_for"),
    int_column("expires"),
    Index("proof_by_expiry", "expires"),
)
compact_table(
    "emergency_window",
    VAULT,
    id_column("record_id", primary_key=True),
    bytes_column("actor", primary_key=True),
    text_column("purpose", primary_key=True),
    bytes_column("reason_hash", primary_key=True),
    int_column("opened_at", primary_key=True),
    Index("emergency_window_by_time", "record_id", "actor", "purpose", "opened_at"),
    Index("emergency_window_by_age", "opened_at"),
)
Table(
    "job",
    VAULT,
    id_column("job_id", primary_key=True),
    text_column("kind"),
    id_column("record_id"),
    text_column("state"),
    text_column("worker", nullable=True),
    int_column("lease_until"),
    bytes_column("payload"),
    int_column("created_at"),
    Index("job_by_state", "state", "created_at"),
    Index("job_by_record", "record_id"),
)
compact_table(
    "clock",
    VAULT,
    id_column("clock_id", primary_key=True),
    id_column("record_id"),
    int_column("due_at"),
    bytes_column("sealed"),
    Index("clock_by_due", "due_at"),
    Index("clock_by_record", "record_id"),
)
# the latest time that terms count from, whatever the machine's clock says later
compact_table("clock_mark", VAULT, text_column("name", primary_key=True), int_column("at"))
Table(
    "notice",
    VAULT,
    id_column("notice_id", primary_key=True),
    id_column("record_id"),
    text_column("recipient"),
    bytes_column("payload"),
    text_column("state"),
    text_column("worker", nullable=True),
    int_column("lease_until"),
    int_column("created_at"),
    int_column("attempts", server_default="0"),
    text_column("outcome", nullable=True),
    Index("notice_by_state", "state", "created_at"),
    Index("notice_by_record", "record_id"),
)
# how a holder is written to, the codes that prove an address, and who has had access before
compact_table(
    "contact",
    VAULT,
    id_column("record_id", primary_key=True),
    text_column("kind", primary_key=True),
    int_column("version"),
    bytes_column("sealed"),
)
compact_table(
    "contact_code",
    VAULT,
    id_column("record_id", primary_key=True),
    text_column("kind", primary_key=True),
    bytes_column("sealed"),
    int_column("expires"),
    Index("contact_code_by_expiry", "expires"),
)
compact_table(
    "first_access",
    VAULT,
    id_column("record_id", primary_key=True),
    bytes_column("actor", primary_key=True),
)

# a database of its own: reception keys are in no backup
Table(
    "day_key",
    DAY_KEYS,
    text_column("day", primary_key=True),
    bytes_column("public"),
    bytes_column("wrap", nullable=True),
    int_column("not_after"),
    text_column("document"),
    int_column("destroyed_at", nullable=True),
)
