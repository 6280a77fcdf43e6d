"""The queue: a submission's row holds its state, a lease its worker. It is right without any broker."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal, select, update

from records.errors import Conflict
from records.vocabulary.codes import SubmissionState
from storage.engines.transactions import Database, repeated
from storage.index import tables
from storage.index.mapping import BLOBS, PARTS, SUBMISSIONS
from storage.index.uploads import insert_blobs
from storage.rows.submissions import Blob, PartVerdict, Submission

COUNT_CAP = 10_000

_SUBMISSION = tables.submission.c
_THIS = _SUBMISSION.submission_id == bindparam("b_id")
_HELD = (
    _THIS & (_SUBMISSION.worker == bindparam("b_worker")) & (_SUBMISSION.state == SubmissionState.VALIDATING)
)
DUE = {
    SubmissionState.RECEIVED: _SUBMISSION.not_before <= bindparam("now"),
    # a worker that died leaves its submission in this state until its lease ends
    SubmissionState.VALIDATING: _SUBMISSION.lease_until <= bindparam("now"),
}


def due(state: SubmissionState) -> ColumnElement[bool]:
    # written out: a parameter would not tell the planner that the index of these alone will do
    return (_SUBMISSION.state == literal(state.value, literal_execute=True)) & DUE[state]


def _waiting(state: SubmissionState) -> Select[int]:
    capped = select(literal(1)).select_from(tables.submission).where(due(state)).limit(COUNT_CAP)
    return select(func.count()).select_from(capped.subquery())


_SELECT = select(*SUBMISSIONS.columns).where(_THIS)
_SELECT_LOCKED = _SELECT.with_for_update()
_SELECT_ALL_LOCKED = (
    select(*SUBMISSIONS.columns)
    .where(_SUBMISSION.submission_id.in_(bindparam("ids", expanding=True)))
    .order_by(_SUBMISSION.submission_id)
    .with_for_update()
)
_WAITING = tuple(_waiting(state) for state in DUE)
_RENEW = update(tables.submission).where(_HELD).values(lease_until=bindparam("b_until"))
_POSTPONE = (
    update(tables.submission)
    .where(_HELD)
    .values(state=SubmissionState.RECEIVED, worker=None, lease_until=0, not_before=bindparam("b_not_before"))
)
_END_LEASES = (
    update(tables.submission)
    .where(_SUBMISSION.state == SubmissionState.VALIDATING)
    .values(state=SubmissionState.RECEIVED, worker=None, lease_until=0)
)
PLAN = update(tables.submission).where(_THIS).values(plan=bindparam("b_plan"))
_PARTS = (
    select(*PARTS.columns)
    .where(tables.part.c.submission_id == bindparam("b_id"))
    .order_by(tables.part.c.number)
)
_BLOBS = (
    select(*BLOBS.columns)
    .where(tables.blob.c.submission_id == bindparam("b_id"))
    .order_by(tables.blob.c.blob_id, tables.blob.c.version)
)

_BLOBS_OF = (
    select(*BLOBS.columns, tables.blob.c.submission_id)
    .where(tables.blob.c.submission_id.in_(bindparam("ids", expanding=True)))
    .order_by(tables.blob.c.blob_id, tables.blob.c.version)
)


class Queue:
    """The workers' part of the index up to publication (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submission(self, submission_id: UUID) -> Submission | None:
        with self._database.reading() as connection:
            row = connection.execute(_SELECT, {"b_id": submission_id}).first()
        return SUBMISSIONS.value(row) if row else None

    def parts(self, submission_id: UUID) -> list[PartVerdict]:
        with self._database.reading() as connection:
            return PARTS.values(connection.execute(_PARTS, {"b_id": submission_id}))

    def blobs(self, submission_id: UUID) -> list[Blob]:
        with self._database.reading() as connection:
            return BLOBS.values(connection.execute(_BLOBS, {"b_id": submission_id}))

    def blobs_of(self, submission_ids: Collection[UUID]) -> dict[UUID, list[Blob]]:
        found: dict[UUID, list[Blob]] = {each: [] for each in submission_ids}
        with self._database.reading() as connection:
            for row in connection.execute(_BLOBS_OF, {"ids": list(found)}):
                found[row.submission_id].append(BLOBS.value(row[:-1]))
        return found

    def waiting(self, now: int) -> int:
        with self._database.reading() as connection:
            return sum(connection.execute(count, {"now": now}).scalar_one() for count in _WAITING)

    def renew(self, submission_id: UUID, worker: str, until: int) -> bool:
        with self._database.writing() as connection:
            values = {"b_id": submission_id, "b_worker": worker, "b_until": until}
            return connection.execute(_RENEW, values).rowcount == 1

    def postpone(self, submission_id: UUID, worker: str, not_before: int) -> bool:
        with self._database.writing() as connection:
            values = {"b_id": submission_id, "b_worker": worker, "b_not_before": not_before}
            return connection.execute(_POSTPONE, values).rowcount == 1

    def end_leases(self) -> int:
        with self._database.writing() as connection:
            return connection.execute(_END_LEASES).rowcount

    @repeated
    def add_blobs(self, submission_id: UUID, worker: str, blobs: Collection[Blob], plan: bytes) -> None:
        with self._database.writing() as connection:
            found = held(connection, submission_id, worker)
            if found.plan == plan:
                return
            if found.plan is not None:
                raise Conflict("This submission has a plan already; follow that one.", code="plan_exists")
            insert_blobs(connection, {submission_id: blobs})
            connection.execute(PLAN, {"b_id": submission_id, "b_plan": plan})


def locked(connection: Connection, submission_id: UUID) -> Submission | None:
    """The submission, kept from other writers until the transaction ends."""
    row = connection.execute(_SELECT_LOCKED, {"b_id": submission_id}).first()
    return SUBMISSIONS.value(row) if row else None


def validated(connection: Connection, submission_id: UUID) -> Submission:
    """The submission, locked, while it is being validated; otherwise Conflict `lease_lost`."""
    found = locked(connection, submission_id)
    if found is None or found.state != SubmissionState.VALIDATING:
        raise lease_lost()
    return found


def held(connection: Connection, submission_id: UUID, worker: str) -> Submission:
    """The submission, locked, while this worker holds its lease; otherwise Conflict `lease_lost`."""
    found = validated(connection, submission_id)
    if found.worker != worker:
        raise lease_lost()
    return found


def locked_all(connection: Connection, submission_ids: Collection[UUID]) -> list[Submission]:
    """Those that are there, locked in order of their ids."""
    return SUBMISSIONS.values(connection.execute(_SELECT_ALL_LOCKED, {"ids": list(submission_ids)}))


def held_all(connection: Connection, submission_ids: Collection[UUID], worker: str) -> list[Submission]:
    """Submissions, locked, while this worker holds the lease of all; otherwise Conflict `lease_lost`."""
    found = locked_all(connection, submission_ids)
    held = [each for each in found if each.state == SubmissionState.VALIDATING and each.worker == worker]
    if len(held) != len(submission_ids):
        raise lease_lost()
    return found


def lease_lost() -> Conflict:
    return Conflict("Another worker has this submission; leave it to that one.", code="lease_lost")
