"""The index's tables: what searches and the queue need. Details, envelopes and keys in them are sealed."""

from sqlalchemy import Index, MetaData, Table, text

from storage.sql.columns import (
    NAMES,
    bytes_column,
    compact_table,
    id_column,
    int_column,
    text_column,
    unsigned_column,
)

INDEX = MetaData(naming_convention=NAMES)


def _backlog(name: str, *columns: str, where: str) -> Index:
    """An index of the rows that wait for something, and of no others."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


upload = compact_table(
    "upload",
    INDEX,
    id_column("blob_id", primary_key=True),
    int_column("version", primary_key=True),
    int_column("at"),
    int_column("condemned"),  # 1 once the sweeper listed it: its object is going
    Index("upload_by_time", "at"),
)
submission = Table(
    "submission",
    INDEX,
    id_column("submission_id", primary_key=True),
    bytes_column("depositor_token"),
    text_column("state"),
    int_column("received_at"),
    bytes_column("sealed_envelope", nullable=True),
    bytes_column("plan", nullable=True),
    bytes_column("answer", nullable=True),
    int_column("attempts"),
    text_column("worker", nullable=True),
    int_column("lease_until"),
    int_column("not_before"),
    int_column("finished_at", nullable=True),
    int_column("settled_at", nullable=True),
    text_column("kind", server_default="deposit"),  # or that of a job on what was adopted
    Index("submission_queue", "state", "received_at"),
    # the state once more: without it SQLite thinks the index above the better one
    _backlog("submission_due", "state", "depositor_token", "received_at", where="state = 'received'"),
    _backlog("submission_unsettled", "finished_at", where="settled_at IS NULL"),
    _backlog("submission_answered", "finished_at", where="answer IS NOT NULL"),
)
blob = Table(
    "blob",
    INDEX,
    id_column("blob_id", primary_key=True),
    int_column("version", primary_key=True),
    id_column("submission_id"),
    text_column("state"),  # waiting, adopted, abandoned, retired
    int_column("kind"),
    int_column("plaintext_size"),
    int_column("ciphertext_size"),
    bytes_column("header"),
    bytes_column("commitment"),
    unsigned_column("crc64"),
    bytes_column("sealed_key", nullable=True),
    text_column("role"),
    Index("blob_by_submission", "submission_id"),
    _backlog("blob_abandoned", "submission_id", where="state = 'abandoned'"),
    _backlog("blob_retired", "submission_id", where="state = 'retired'"),
)
part = Table(
    "part",
    INDEX,
    id_column("submission_id", primary_key=True),
    int_column("number", primary_key=True),
    text_column("outcome"),
    text_column("code"),
    text_column("reason"),
    id_column("document_id", nullable=True),
    _backlog("part_quarantined", "submission_id", "number", where="outcome = 'quarantined'"),
    _backlog("part_shared", "submission_id", where="code = 'study_uid_shared'"),
    postgresql_partition_by="RANGE (submission_id)",  # by month: storage/index/months.py
)
part_claim = compact_table(
    "part_claim",
    INDEX,
    bytes_column("part_token", primary_key=True),
    id_column("submission_id"),
    int_column("number"),
    id_column("document_id", nullable=True),  # null while the submission is unfinished
    Index("part_claim_by_submission", "submission_id", "number"),
)
document = Table(
    "document",
    INDEX,
    id_column("document_id", primary_key=True),
    id_column("record_id"),
    text_column("kind"),
    text_column("state"),
    bytes_column("study_token", nullable=True),
    int_column("created_at"),
    int_column("updated_at"),
    Index("document_by_record", "record_id", "created_at", "document_id"),
    Index("document_by_study", "record_id", "study_token"),
    Index("document_by_study_token", "study_token"),
)
details = Table(
    "details",
    INDEX,
    id_column("document_id", primary_key=True),
    int_column("row_version", primary_key=True),
    id_column("submission_id"),
    bytes_column("sealed"),
    int_column("created_at"),
    int_column("rendered", server_default="0"),  # a state of `records.documents.renditions`
    _backlog("details_grown", "document_id", "row_version", where="row_version > 1"),
    _backlog("details_unrendered", "document_id", where="rendered = 0"),
    _backlog("details_not_renderable", "document_id", where="rendered = 2"),
)
instance = compact_table(
    "instance",
    INDEX,
    id_column("submission_id", primary_key=True),
    int_column("part", primary_key=True),
    id_column("document_id"),
    bytes_column("sop_token", nullable=True),
    bytes_column("series_token", nullable=True),
    id_column("blob_id"),
    int_column("version"),
    int_column("offset"),
    int_column("length"),
    Index("instance_by_sop", "document_id", "sop_token"),
    Index("instance_by_sop_token", "sop_token"),
    postgresql_partition_by="RANGE (submission_id)",  # by month: storage/index/months.py
)
shared_instance = compact_table(
    "shared_instance",
    INDEX,
    id_column("document_id", primary_key=True),
    id_column("other_id", primary_key=True),  # of the same record, with the same SOP Instance UID in it
)
token = compact_table(
    "token",
    INDEX,
    bytes_column("token", primary_key=True),
    text_column("field", primary_key=True),
    id_column("document_id", primary_key=True),
)
reception_key = Table("reception_key", INDEX, text_column("day", primary_key=True), text_column("document"))
issuer_list = Table("issuer_list", INDEX, text_column("name", primary_key=True), text_column("document"))
sign_in = Table(
    "sign_in",
    INDEX,
    bytes_column("digest", primary_key=True),
    bytes_column("sealed"),
    int_column("expires"),
    id_column("session_id", nullable=True),  # None: a sign-in by a link
    int_column("made_at", server_default="0"),
    int_column("used_at", server_default="0"),
    Index("sign_in_by_expiry", "expires"),
    Index("sign_in_by_session", "session_id"),
)
# 0.1.0 made it; nothing reads or writes it any more
lease = Table(
    "lease", INDEX, text_column("name", primary_key=True), text_column("holder"), int_column("until")
)
depositor = compact_table(
    "depositor",
    INDEX,
    bytes_column("depositor_token", primary_key=True),
    bytes_column("structure_token"),  # the same for all of one structure; a worker learns it from the vault
    int_column("day"),  # the last on which it deposited
    Index("depositor_by_day", "day"),
)
cpu_use = compact_table(
    "cpu_use",
    INDEX,
    bytes_column("structure_token", primary_key=True),
    int_column("day", primary_key=True),  # since the epoch, UTC
    int_column("cpu_ms"),
    int_column("lately_ms"),  # the same, halved as it grows old; as of `at`
    int_column("at"),
    Index("cpu_use_by_day", "day", "cpu_ms"),
)
practitioner = compact_table(
    "practitioner",
    INDEX,
    text_column("number", primary_key=True),
    text_column("family_name"),
    text_column("given_name"),
)
structure = compact_table(
    "structure", INDEX, text_column("number", primary_key=True), text_column("title"), text_column("town")
)
exercise = compact_table(
    "exercise",
    INDEX,
    text_column("person", primary_key=True),
    text_column("profession", primary_key=True),
    text_column("specialty", primary_key=True),
    text_column("structure", primary_key=True),
    text_column("sector"),
    int_column("seen_at"),  # the last import that had it
)
