"""Publish documents, which makes them visible in one instant; then erase keys and name objects to delete."""

from collections.abc import Collection, Mapping
from operator import attrgetter
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, literal, select, update

from records.errors import Conflict, NotFound
from records.vocabulary.codes import SUBMISSION_TRANSITIONS, DocumentState, SubmissionState
from storage.engines.transactions import Database, repeated
from storage.index import cpu_uses, tables
from storage.index.claims import settle_claims
from storage.index.documents import SET_STATE
from storage.index.maintenance import remove
from storage.index.mapping import BLOBS, DETAILS, DOCUMENTS, INSTANCES, PARTS, TOKENS
from storage.index.queue import held_all, lease_lost, locked, locked_all
from storage.index.renditions import note_rendered
from storage.index.shared_instances import note_shared
from storage.index.waking import FINISHED, notify
from storage.rows.publications import Publication
from storage.rows.submissions import Blob
from storage.sql.bulk import insert_many
from storage.sql.conflicts import insert_new, upsert

LIST_AT_ONCE = 1000

_SUBMISSION = tables.submission.c
_BLOB = tables.blob.c
_FINAL = SUBMISSION_TRANSITIONS[SubmissionState.VALIDATING] - {SubmissionState.RECEIVED}
# what was set aside may be destroyed before it is settled
_OVER = frozenset(SubmissionState) - {SubmissionState.RECEIVED, SubmissionState.VALIDATING}

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
_ABANDONED_OF = select(*BLOBS.columns).where(
    _BLOB.submission_id.in_(bindparam("ids", expanding=True)), _BLOB.state == "abandoned"
)
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
    """The end of a submission's way (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeated
    def publish(self, submission_id: UUID, worker: str, publication: Publication) -> bool:
        with self._database.writing() as connection:
            found = locked(connection, submission_id)
            if found and found.worker == worker and found.state in _FINAL:
                return False
            if found is None or found.worker != worker or found.state != SubmissionState.VALIDATING:
                raise lease_lost()
            _publish(connection, {submission_id: publication})
        return True

    @repeated
    def publish_many(self, worker: str, publications: Mapping[UUID, Publication]) -> None:
        with self._database.writing() as connection:
            held_all(connection, publications.keys(), worker)
            _publish(connection, publications)

    @repeated
    def settle(self, submission_id: UUID, at: int) -> list[Blob]:
        with self._database.writing() as connection:
            return _settle(connection, [submission_id], at)

    @repeated
    def settle_many(self, submission_ids: Collection[UUID], at: int) -> list[Blob]:
        if not submission_ids:
            return []
        with self._database.writing() as connection:
            return _settle(connection, submission_ids, at)

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


def _publish(connection: Connection, publications: Mapping[UUID, Publication]) -> None:
    """Whatever becomes visible, of submissions whose leases are held; what others wait for comes last."""
    _insert(connection, publications)
    note_shared(connection, [each for each, found in publications.items() if found.instances])
    settle_claims(connection, {each: found.parts for each, found in publications.items()})
    _adopt(connection, publications)
    _deprecate(connection, publications)
    for found in publications.values():
        if found.removal is not None:
            remove(connection, found.removal, found.finished_at)
    for submission_id, found in publications.items():
        if found.rendered is not None:
            note_rendered(connection, submission_id, found.rendered)
    connection.execute(_FINISH, [_finished(each, found) for each, found in publications.items()])
    for submission_id in publications:
        notify(connection, FINISHED, submission_id)
    uses = [found.cpu_use for found in publications.values() if found.cpu_use is not None]
    at = max(found.finished_at for found in publications.values())
    for use in cpu_uses.together(uses):
        cpu_uses.add(connection, use, at)


def _finished(submission_id: UUID, publication: Publication) -> dict[str, object]:
    finished = {"b_at": publication.finished_at, "b_answer": publication.answer}
    return {"b_id": submission_id, "b_state": publication.state} | finished


def _settle(connection: Connection, submission_ids: Collection[UUID], at: int) -> list[Blob]:
    found = locked_all(connection, submission_ids)
    if len(found) != len(submission_ids):
        raise NotFound("There is no such submission.", code="submission_unknown")
    if any(each.state not in _OVER for each in found):
        raise Conflict("The submission has no verdict yet; settle it afterwards.", code="unfinished")
    of_these = [{"b_id": each.submission_id} for each in found]
    connection.execute(_ERASE, [each | {"b_at": at} for each in of_these])
    connection.execute(_ERASE_KEYS, of_these)
    connection.execute(_ABANDON, of_these)
    return BLOBS.values(connection.execute(_ABANDONED_OF, {"ids": [each.submission_id for each in found]}))


def _insert(connection: Connection, publications: Mapping[UUID, Publication]) -> None:
    """Every kind of row at once; rows that others touch too in the order of their keys."""
    found = publications.values()
    # a study that several of them grow is touched once
    touched = {row.document_id: row for each in found for row in each.documents}
    documents = sorted(touched.values(), key=attrgetter("document_id"))
    tokens = sorted(
        (row for each in found for row in each.tokens), key=attrgetter("token", "field", "document_id")
    )
    for statement, values in (
        (_TOUCH_DOCUMENTS, [DOCUMENTS.parameters(document) for document in documents]),
        (_INSERT_TOKENS, [TOKENS.parameters(row) for row in tokens]),
    ):
        if values:
            connection.execute(statement, values)
    parts = [
        PARTS.parameters(part, submission_id=submission_id)
        for submission_id, each in publications.items()
        for part in each.parts
    ]
    insert_many(connection, tables.part, parts)
    details = [DETAILS.parameters(row) for each in found for row in each.details]
    insert_many(connection, tables.details, details)
    insert_many(
        connection, tables.instance, [INSTANCES.parameters(row) for each in found for row in each.instances]
    )


def _deprecate(connection: Connection, publications: Mapping[UUID, Publication]) -> None:
    """Documents that others take the place of, in the order of their keys."""
    rows = sorted(
        (document, found.finished_at) for found in publications.values() for document in found.deprecated
    )
    if rows:
        state = DocumentState.DEPRECATED.value
        connection.execute(SET_STATE, [{"b_id": each, "b_state": state, "b_at": at} for each, at in rows])


def _adopt(connection: Connection, publications: Mapping[UUID, Publication]) -> None:
    rows = [
        {"b_id": submission_id, "b_blob": blob_id, "b_version": version}
        for submission_id, each in publications.items()
        for blob_id, version in each.adopted
    ]
    if rows and connection.execute(_ADOPT, rows).rowcount != len(rows):
        raise ValueError("an adopted blob is not one of this submission's")
