"""Rows of jobs on adopted content: their queue, the rows they hide or replace, the lists they start with."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    literal,
    select,
    tuple_,
    update,
)

from records.errors import Conflict
from records.vocabulary.codes import SUBMISSION_TRANSITIONS, SubmissionState, check_transition
from storage.engines.transactions import Database
from storage.index import tables
from storage.index.mapping import BLOBS, SUBMISSIONS
from storage.index.waking import RECEIVED, notify
from storage.rows.documents import GrownStudy
from storage.rows.publications import Removal
from storage.rows.submissions import Blob, PartVerdict, QuarantinedPart, Submission
from storage.sql.conflicts import insert_new

LIST_AT_ONCE = 1000
NOBODY = bytes(32)
"""The depositor of a job: no credential has this token."""

_SUBMISSION = tables.submission.c
_BLOB = tables.blob.c
_PART = tables.part.c
_CLAIM = tables.part_claim.c
_DOCUMENT = tables.document.c
_DETAILS = tables.details.c
_INSTANCE = tables.instance.c

_QUEUE = insert_new(tables.submission)
_RETIRE = (
    update(tables.blob)
    .where(_BLOB.blob_id == bindparam("b_blob"), _BLOB.version == bindparam("b_version"))
    .values(state="retired")
)
_DROP_DETAILS = delete(tables.details).where(
    _DETAILS.document_id == bindparam("b_document"), _DETAILS.submission_id == bindparam("b_submission")
)
_DROP_INSTANCES = delete(tables.instance).where(
    _INSTANCE.submission_id == bindparam("b_submission"), _INSTANCE.document_id == bindparam("b_document")
)
_OF_DOCUMENT: BindParameter[UUID] = bindparam("b_document")
_DROP_DOCUMENT = delete(tables.document).where(_DOCUMENT.document_id == _OF_DOCUMENT)
_SET_STATE = (
    update(tables.document)
    .where(_DOCUMENT.document_id == _OF_DOCUMENT)
    .values(state=bindparam("b_state"), updated_at=bindparam("b_at"))
)
_FREE = delete(tables.part_claim).where(
    _CLAIM.part_token == bindparam("b_token"), _CLAIM.document_id == _OF_DOCUMENT
)
_JUDGE = (
    update(tables.part)
    .where(_PART.submission_id == bindparam("b_id"), _PART.number == bindparam("b_number"))
    .values(
        outcome=bindparam("b_outcome"),
        code=bindparam("b_code"),
        reason=bindparam("b_reason"),
        document_id=bindparam("b_document"),
    )
)
_STATE_OF = select(_SUBMISSION.state).where(_SUBMISSION.submission_id == bindparam("b_id")).with_for_update()
_OUTCOMES = select(_PART.outcome).where(_PART.submission_id == bindparam("b_id"))
_MOVE = (
    update(tables.submission)
    .where(_SUBMISSION.submission_id == bindparam("b_id"))
    .values(state=bindparam("b_state"))
)
# written out: parameters would not tell the planner that the indexes of these alone will do
_IS_QUARANTINED = _PART.outcome == literal("quarantined", literal_execute=True)
_IS_RETIRED = _BLOB.state == literal("retired", literal_execute=True)
_HAS_GROWN = _DETAILS.row_version > literal(1, literal_execute=True)
_RETIRED = select(*BLOBS.columns).where(_IS_RETIRED).limit(LIST_AT_ONCE)
_QUARANTINED = (
    select(
        _PART.submission_id,
        _PART.number,
        _PART.code,
        _PART.reason,
        _SUBMISSION.received_at,
        _INSTANCE.document_id,
        _DOCUMENT.record_id,
        _INSTANCE.blob_id,
        _INSTANCE.version,
        _INSTANCE.offset,
        _INSTANCE.length,
    )
    .select_from(tables.part)
    .join(tables.submission, _SUBMISSION.submission_id == _PART.submission_id)
    .join(
        tables.instance, (_INSTANCE.submission_id == _PART.submission_id) & (_INSTANCE.part == _PART.number)
    )
    .join(tables.document, _DOCUMENT.document_id == _INSTANCE.document_id)
    .where(_IS_QUARANTINED)
    .order_by(_PART.submission_id, _PART.number)
    .limit(bindparam("limit"))
)
_QUARANTINED_AFTER = _QUARANTINED.where(
    tuple_(_PART.submission_id, _PART.number)
    > tuple_(
        bindparam("after_id", type_=_PART.submission_id.type),
        bindparam("after_number", type_=_PART.number.type),
    )
)
# its submissions name the months that are read
_QUARANTINED_DOCUMENT = _QUARANTINED.where(
    _INSTANCE.document_id == _OF_DOCUMENT,
    _PART.submission_id.in_(select(_DETAILS.submission_id).where(_DETAILS.document_id == _OF_DOCUMENT)),
)


def _grown(*, one_record: bool) -> Select[Any]:
    """Studies by how long they have been quiet; only those that ever had a second row are looked at."""
    grown = select(_DETAILS.document_id).where(_HAS_GROWN).distinct()
    rows = tables.details.alias("of_document")
    submissions = (
        select(func.count())
        .select_from(rows)
        .where(rows.c.document_id == _DOCUMENT.document_id)
        .correlate(tables.document)
        .scalar_subquery()
    )
    found = select(
        _DOCUMENT.document_id, _DOCUMENT.record_id, submissions.label("submissions"), _DOCUMENT.updated_at
    ).where(
        _DOCUMENT.document_id.in_(grown),
        _DOCUMENT.kind == "study",
        _DOCUMENT.state == "approved",
        _DOCUMENT.updated_at <= bindparam("quiet_since"),
        submissions >= bindparam("least"),
    )
    if one_record:
        found = found.where(_DOCUMENT.record_id == bindparam("record_id"))
    return found.order_by(_DOCUMENT.updated_at, _DOCUMENT.document_id).limit(bindparam("limit"))


_GROWN = {one_record: _grown(one_record=one_record) for one_record in (False, True)}


class Maintenance:
    """The part of the index for work on what was adopted (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue_job(self, job_id: UUID, kind: str, at: int) -> bool:
        row = Submission(
            submission_id=job_id,
            depositor_token=NOBODY,
            state=SubmissionState.RECEIVED.value,
            received_at=at,
            sealed_envelope=None,
            kind=kind,
        )
        with self._database.writing() as connection:
            if connection.execute(_QUEUE, SUBMISSIONS.parameters(row)).rowcount != 1:
                return False
            notify(connection, RECEIVED, job_id)
        return True

    def quarantined(
        self, *, after: tuple[UUID, int] | None = None, limit: int | None = None
    ) -> list[QuarantinedPart]:
        values: dict[str, object] = {"limit": limit or LIST_AT_ONCE}
        if after is not None:
            values |= {"after_id": after[0], "after_number": after[1]}
        statement = _QUARANTINED if after is None else _QUARANTINED_AFTER
        with self._database.reading() as connection:
            return [_quarantined(row) for row in connection.execute(statement, values)]

    def quarantined_document(self, document_id: UUID) -> QuarantinedPart | None:
        with self._database.reading() as connection:
            values = {"b_document": document_id, "limit": 1}
            row = connection.execute(_QUARANTINED_DOCUMENT, values).first()
        return _quarantined(row) if row else None

    def grown_studies(
        self, *, least: int, quiet_since: int, record_id: UUID | None = None, limit: int = LIST_AT_ONCE
    ) -> list[GrownStudy]:
        values: dict[str, object] = {"least": least, "quiet_since": quiet_since, "limit": limit}
        if record_id is not None:
            values["record_id"] = record_id
        with self._database.reading() as connection:
            rows = connection.execute(_GROWN[record_id is not None], values)
            return [GrownStudy(**row._mapping) for row in rows]

    def retired_blobs(self) -> list[Blob]:
        with self._database.reading() as connection:
            return BLOBS.values(connection.execute(_RETIRED))


def remove(connection: Connection, removal: Removal, at: int) -> None:
    """Takes out of sight what a job replaced, in the transaction that publishes what stands in its place."""
    of_document = {"b_document": removal.document_id}
    pairs = [of_document | {"b_submission": each} for each in sorted(removal.submissions)]
    freed = [of_document | {"b_token": each} for each in sorted(removal.freed)]
    for statement, rows in (
        (_DROP_DETAILS, pairs),
        (_DROP_INSTANCES, pairs),
        (_FREE, freed),
    ):
        if rows:
            connection.execute(statement, rows)
    retire(connection, removal.blobs)
    if removal.whole:
        connection.execute(_DROP_DOCUMENT, of_document)
    elif removal.state is not None:
        connection.execute(_SET_STATE, of_document | {"b_state": removal.state, "b_at": at})
    if removal.verdict is not None:
        _judge(connection, *removal.verdict)


def retire(connection: Connection, blobs: Collection[tuple[UUID, int]]) -> None:
    """No row leads to these objects any more; holders of older grants still read them."""
    rows = [{"b_blob": blob_id, "b_version": version} for blob_id, version in sorted(blobs)]
    if rows:
        connection.execute(_RETIRE, rows)


def _judge(connection: Connection, submission_id: UUID, part: PartVerdict) -> None:
    """Gives a part of an earlier submission its verdict, and the submission the state that follows."""
    of_this = {"b_id": submission_id}
    state = connection.execute(_STATE_OF, of_this).scalar()
    if state is None:
        raise Conflict("The submission of this part is gone.", code="submission_unknown")
    values = {
        "b_number": part.number,
        "b_outcome": part.outcome,
        "b_code": part.code,
        "b_reason": part.reason,
        "b_document": part.document_id,
    }
    connection.execute(_JUDGE, of_this | values)
    outcomes = set(connection.execute(_OUTCOMES, of_this).scalars())
    old, new = SubmissionState(state), _state_after(outcomes)
    if old is SubmissionState.QUARANTINED and new is not old:
        check_transition(SUBMISSION_TRANSITIONS, old, new)
        connection.execute(_MOVE, of_this | {"b_state": new.value})


def _state_after(outcomes: set[str]) -> SubmissionState:
    if outcomes & {"published", "duplicate"}:
        return SubmissionState.PUBLISHED
    waits = "quarantined" in outcomes
    return SubmissionState.QUARANTINED if waits else SubmissionState.DESTROYED


def _quarantined(row: Any) -> QuarantinedPart:
    return QuarantinedPart(**row._mapping)
