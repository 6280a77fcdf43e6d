"""Reception: the rows of objects being written, and the transaction that acknowledges a submission."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from records.errors import Conflict
from storage.engines.transactions import Database, repeated
from storage.index import tables
from storage.index.mapping import BLOBS, SUBMISSIONS
from storage.index.waking import RECEIVED, notify
from storage.rows.submissions import Blob, Submission

SWEEP_AT_ONCE = 1000

_UPLOAD = tables.upload.c
_THIS_UPLOAD = (_UPLOAD.blob_id == bindparam("b_blob_id")) & (_UPLOAD.version == bindparam("b_version"))
_INSERT_UPLOAD = insert(tables.upload)
_END_UPLOAD = delete(tables.upload).where(_THIS_UPLOAD)
_FINISH_UPLOAD = delete(tables.upload).where(_THIS_UPLOAD, _UPLOAD.condemned == 0)
_CONDEMN = update(tables.upload).where(_UPLOAD.at < bindparam("before")).values(condemned=1)
_CONDEMNED = (
    select(_UPLOAD.blob_id, _UPLOAD.version)
    .where(_UPLOAD.at < bindparam("before"), _UPLOAD.condemned == 1)
    .order_by(_UPLOAD.at)
    .limit(SWEEP_AT_ONCE)
)
_INSERT_SUBMISSION = insert(tables.submission)
_INSERT_BLOB = insert(tables.blob)


class Uploads:
    """Intake's part of the index (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_upload(self, blob_id: UUID, version: int, at: int) -> None:
        self.begin_uploads([(blob_id, version)], at)

    def begin_uploads(self, refs: Collection[tuple[UUID, int]], at: int) -> None:
        rows = [
            {"blob_id": blob_id, "version": version, "at": at, "condemned": 0} for blob_id, version in refs
        ]
        if rows:
            with self._database.writing() as connection:
                connection.execute(_INSERT_UPLOAD, rows)

    def end_upload(self, blob_id: UUID, version: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_END_UPLOAD, {"b_blob_id": blob_id, "b_version": version})

    @repeated
    def stale_uploads(self, before: int) -> list[tuple[UUID, int]]:
        with self._database.writing() as connection:
            connection.execute(_CONDEMN, {"before": before})
            return [(row.blob_id, row.version) for row in connection.execute(_CONDEMNED, {"before": before})]

    @repeated
    def receive(self, submission: Submission, blobs: Collection[Blob]) -> None:
        try:
            with self._database.writing() as connection:
                connection.execute(_INSERT_SUBMISSION, SUBMISSIONS.parameters(submission))
                insert_blobs(connection, {submission.submission_id: blobs})
                notify(connection, RECEIVED, submission.submission_id)
        except IntegrityError as error:
            sentence = "This submission was received already; ask for its state."
            raise Conflict(sentence, code="submission_exists") from error


def insert_blobs(connection: Connection, blobs: Mapping[UUID, Collection[Blob]]) -> None:
    """Turns the upload rows of `blobs` into rows of the submissions that they are listed under.

    Conflict `upload_expired` where the sweeper condemned one meanwhile: its object may be gone.
    """
    rows = [
        BLOBS.parameters(blob, submission_id=submission_id, state="waiting")
        for submission_id, found in blobs.items()
        for blob in found
    ]
    if not rows:
        return
    ends = sorted(({"b_blob_id": row["blob_id"], "b_version": row["version"]} for row in rows), key=str)
    if connection.execute(_FINISH_UPLOAD, ends).rowcount != len(rows):
        sentence = "The upload took too long and was swept away; send it again."
        raise Conflict(sentence, code="upload_expired")
    connection.execute(_INSERT_BLOB, rows)
