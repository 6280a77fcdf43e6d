"""Publish documents, which makes them visible in one instant; then erase keys and name objects to delete."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, literal, select, update

from records.errors import Conflict, NotFound
from records.vocabulary.codes import SUBMISSION_TRANSITIONS, SubmissionState
from storage.bulk import insert_many
from storage.conflicts import insert_new, upsert
from storage.index import cpu_uses, tables
from storage.index.claims import settle_claims
from storage.index.maintenance import remove
from storage.index.mapping import BLOBS, DETAILS, DOCUMENTS, INSTANCES, PARTS, TOKENS
from storage.index.queue import held, locked
from storage.index.shared_instances import note_shared
from storage.index.waking import FINISHED, notify
from storage.rows import Blob, Publication
from storage.transactions import Database, repeated

LIST_AT_ONCE = 1000

_SUBMISSION = tables.submission.c
_BLOB = tables.blob.c
_FINAL = SUBMISSION_TRANSITIONS[SubmissionState.VALIDATING] - {SubmissionState.RECEIVED}

_INSERT_TOKENS = insert_new(tables.token)
_TOUCH_DOCUMENTS = upsert(tables.document, ["updated_at"])
_FINISH = (
    update(tables.submission)
    .where(_SUBMISSION.submission_id == bindparam("b_id"))
    .values(state=bindparam("b_state"), finished_at=bindparam("b_at"), answer=bindparam("b_answer"))
)
_ADOPT = (
    update(tables.blob)
    .where(
        _BLOB.blob_id == bindparam("b_blob"),
        _BLOB.version == bindparam("b_version"),
        _BLOB.submission_id == bindparam("b_id"),
    )
    .values(state="adopted")
)
_ERASE = (
    update(tables.submission)
    .where(_SUBMISSION.submission_id == bindparam("b_id"))
    .values(
        sealed_envelope=None, plan=None, settled_at=func.coalesce(_SUBMISSION.settled_at, bindparam("b_at"))
    )
)
_OF_SUBMISSION = _BLOB.submission_id == bindparam("b_id")
_ERASE_KEYS = update(tables.blob).where(_OF_SUBMISSION).values(sealed_key=None)
_ABANDON = update(tables.blob).where(_OF_SUBMISSION, _BLOB.state == "waiting").values(state="abandoned")
_ABANDONED_OF = select(*BLOBS.columns).where(_OF_SUBMISSION, _BLOB.state == "abandoned")
# written out: a parameter would not tell the planner that the index of these alone will do
_IS_ABANDONED = _BLOB.state == literal("abandoned", literal_execute=True)
_ABANDONED = select(*BLOBS.columns).where(_IS_ABANDONED).limit(LIST_AT_ONCE)
_FORGET = delete(tables.blob).where(
    _BLOB.blob_id == bindparam("b_blob"),
    _BLOB.version == bindparam("b_version"),
    (_BLOB.state == "abandoned") | (_BLOB.state == "retired"),
)
_FORGET_ANSWERS = (
    update(tables.submission)
    .where(_SUBMISSION.answer.is_not(None), _SUBMISSION.finished_at < bindparam("b_before"))
    .values(answer=None)
)
_UNSETTLED = (
    select(_SUBMISSION.submission_id)
    .where(_SUBMISSION.settled_at.is_(None), _SUBMISSION.finished_at < bindparam("before"))
    .order_by(_SUBMISSION.finished_at)
    .limit(LIST_AT_ONCE)
)

_OLDEST_UNSETTLED = select(func.min(_SUBMISSION.received_at)).where(_SUBMISSION.settled_at.is_(None))


class Publications:
    """The end of a submission's way (see `storage.index_ports`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeated
    def publish(self, submission_id: UUID, worker: str, publication: Publication) -> bool:
        with self._database.writing() as connection:
            found = locked(connection, submission_id)
            if found and found.worker == worker and found.state in _FINAL:
                return False
            held(connection, submission_id, worker)
            _insert(connection, submission_id, publication)
            if publication.instances:
                note_shared(connection, submission_id)
            settle_claims(connection, submission_id, publication.parts)
            _adopt(connection, submission_id, publication.adopted)
            if publication.removal is not None:
                remove(connection, publication.removal, publication.finished_at)
            finished = {
                "b_state": publication.state,
                "b_at": publication.finished_at,
                "b_answer": publication.answer,
            }
            connection.execute(_FINISH, finished | {"b_id": submission_id})
            notify(connection, FINISHED, submission_id)
            if publication.cpu_use is not None:
                cpu_uses.add(connection, publication.cpu_use, publication.finished_at)
        return True

    @repeated
    def settle(self, submission_id: UUID, at: int) -> list[Blob]:
        with self._database.writing() as connection:
            found = locked(connection, submission_id)
            if found is None:
                raise NotFound("There is no such submission.", code="submission_unknown")
            if found.state not in _FINAL:
                raise Conflict("The submission has no verdict yet; settle it afterwards.", code="unfinished")
            of_this = {"b_id": submission_id}
            connection.execute(_ERASE, of_this | {"b_at": at})
            connection.execute(_ERASE_KEYS, of_this)
            connection.execute(_ABANDON, of_this)
            return BLOBS.values(connection.execute(_ABANDONED_OF, of_this))

    @repeated
    def forget_answers(self, finished_before: int) -> int:
        with self._database.writing() as connection:
            return connection.execute(_FORGET_ANSWERS, {"b_before": finished_before}).rowcount

    def unsettled(self, finished_before: int) -> list[UUID]:
        with self._database.reading() as connection:
            return list(connection.execute(_UNSETTLED, {"before": finished_before}).scalars())

    def oldest_unsettled(self) -> int | None:
        with self._database.reading() as connection:
            return connection.execute(_OLDEST_UNSETTLED).scalar()

    def abandoned_blobs(self) -> list[Blob]:
        with self._database.reading() as connection:
            return BLOBS.values(connection.execute(_ABANDONED))

    @repeated
    def forget_blobs(self, blobs: Collection[Blob]) -> None:
        if blobs:
            with self._database.writing() as connection:
                connection.execute(_FORGET, [{"b_blob": b.blob_id, "b_version": b.version} for b in blobs])


def _insert(connection: Connection, submission_id: UUID, publication: Publication) -> None:
    """Every kind of row at once; rows that others touch too in the order of their keys."""
    documents = sorted(publication.documents, key=lambda document: document.document_id)
    tokens = sorted(publication.tokens, key=lambda row: (row.token, row.field, row.document_id))
    parts = [PARTS.parameters(part, submission_id=submission_id) for part in publication.parts]
    for statement, found in (
        (_TOUCH_DOCUMENTS, [DOCUMENTS.parameters(document) for document in documents]),
        (_INSERT_TOKENS, [TOKENS.parameters(row) for row in tokens]),
    ):
        if found:
            connection.execute(statement, found)
    for table, rows in (
        (tables.part, parts),
        (tables.details, [DETAILS.parameters(row) for row in publication.details]),
        (tables.instance, [INSTANCES.parameters(row) for row in publication.instances]),
    ):
        insert_many(connection, table, rows)


def _adopt(connection: Connection, submission_id: UUID, adopted: Collection[tuple[UUID, int]]) -> None:
    rows = [{"b_id": submission_id, "b_blob": blob_id, "b_version": version} for blob_id, version in adopted]
    if rows and connection.execute(_ADOPT, rows).rowcount != len(rows):
        raise ValueError("an adopted blob is not one of this submission's")
