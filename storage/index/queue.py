"""The queue: a submission's row holds its state, a lease its worker. It is right without any broker."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal, select, update

from records.errors import Conflict
from records.vocabulary.codes import SubmissionState
from storage.index import tables
from storage.index.mapping import BLOBS, PARTS, SUBMISSIONS
from storage.index.turns import Claim, by_turn
from storage.index.uploads import insert_blobs
from storage.index_ports import NO_ALLOWANCE
from storage.rows import Blob, PartVerdict, Submission
from storage.transactions import Database, repeated

COUNT_CAP = 10_000

_SUBMISSION = tables.submission.c
_THIS = _SUBMISSION.submission_id == bindparam("b_id")
_HELD = (
    _THIS & (_SUBMISSION.worker == bindparam("b_worker")) & (_SUBMISSION.state == SubmissionState.VALIDATING)
)
_DUE = {
    SubmissionState.RECEIVED: _SUBMISSION.not_before <= bindparam("now"),
    # a worker that died leaves its submission in this state until its lease ends
    SubmissionState.VALIDATING: _SUBMISSION.lease_until <= bindparam("now"),
}


def _due(state: SubmissionState) -> ColumnElement[bool]:
    # written out: a parameter would not tell the planner that the index of these alone will do
    return (_SUBMISSION.state == literal(state.value, literal_execute=True)) & _DUE[state]


def _waiting(state: SubmissionState) -> Select[int]:
    capped = select(literal(1)).select_from(tables.submission).where(_due(state)).limit(COUNT_CAP)
    return select(func.count()).select_from(capped.subquery())


_SELECT = select(*SUBMISSIONS.columns).where(_THIS)
_SELECT_LOCKED = _SELECT.with_for_update()
_ANY_DUE = tuple(
    select(literal(1)).select_from(tables.submission).where(_due(state)).limit(1) for state in _DUE
)
# what another worker is just taking is passed over, not waited for
_OLDEST_OF = tuple(
    select(*SUBMISSIONS.columns)
    .where(_due(state), _SUBMISSION.depositor_token == bindparam("depositor"))
    .order_by(_SUBMISSION.received_at)
    .limit(1)
    .with_for_update(skip_locked=True)
    for state in _DUE
)
_WAITING = tuple(_waiting(state) for state in _DUE)
_TAKE = (
    update(tables.submission)
    .where(_THIS)
    .values(
        state=SubmissionState.VALIDATING,
        worker=bindparam("b_worker"),
        lease_until=bindparam("b_until"),
        attempts=_SUBMISSION.attempts + 1,
    )
)
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
_PLAN = update(tables.submission).where(_THIS).values(plan=bindparam("b_plan"))
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


class Queue:
    """The workers' part of the index up to publication (see `storage.index_ports`)."""

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

    def waiting(self, now: int) -> int:
        with self._database.reading() as connection:
            return sum(connection.execute(count, {"now": now}).scalar_one() for count in _WAITING)

    def claim_next(
        self, worker: str, now: int, until: int, *, allowance_ms: int = NO_ALLOWANCE, beside: bool = False
    ) -> Submission | None:
        claim = Claim(now, allowance_ms, beside)
        # idle workers ask often: the question alone must not take the writers' turn
        with self._database.reading() as connection:
            if not (by_turn(connection, claim) if beside else _any_due(connection, now)):
                return None
        with self._database.writing() as connection:
            for depositor in by_turn(connection, claim):
                if found := _oldest_of(connection, depositor, now):
                    return _take(connection, found.submission_id, worker, until)
        return None

    def claim(self, submission_id: UUID, worker: str, now: int, until: int) -> Submission | None:
        with self._database.writing() as connection:
            found = locked(connection, submission_id)
            if found is None or not _is_due(found, now):
                return None
            return _take(connection, submission_id, worker, until)

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
            insert_blobs(connection, submission_id, blobs)
            connection.execute(_PLAN, {"b_id": submission_id, "b_plan": plan})


def locked(connection: Connection, submission_id: UUID) -> Submission | None:
    """The submission, kept from other writers until the transaction ends."""
    row = connection.execute(_SELECT_LOCKED, {"b_id": submission_id}).first()
    return SUBMISSIONS.value(row) if row else None


def validated(connection: Connection, submission_id: UUID) -> Submission:
    """The submission, locked, while it is being validated; otherwise Conflict `lease_lost`."""
    found = locked(connection, submission_id)
    if found is None or found.state != SubmissionState.VALIDATING:
        raise _lease_lost()
    return found


def held(connection: Connection, submission_id: UUID, worker: str) -> Submission:
    """The submission, locked, while this worker holds its lease; otherwise Conflict `lease_lost`."""
    found = validated(connection, submission_id)
    if found.worker != worker:
        raise _lease_lost()
    return found


def _lease_lost() -> Conflict:
    return Conflict("Another worker has this submission; leave it to that one.", code="lease_lost")


def _any_due(connection: Connection, now: int) -> bool:
    return any(connection.execute(query, {"now": now}).first() for query in _ANY_DUE)


def _oldest_of(connection: Connection, depositor: bytes, now: int) -> Submission | None:
    values = {"now": now, "depositor": depositor}
    rows = [row for query in _OLDEST_OF if (row := connection.execute(query, values).first())]
    return min(SUBMISSIONS.values(rows), key=lambda found: found.received_at, default=None)


def _is_due(found: Submission, now: int) -> bool:
    if found.state == SubmissionState.RECEIVED:
        return found.not_before <= now
    return found.state == SubmissionState.VALIDATING and found.lease_until <= now


def _take(connection: Connection, submission_id: UUID, worker: str, until: int) -> Submission | None:
    connection.execute(_TAKE, {"b_id": submission_id, "b_worker": worker, "b_until": until})
    return locked(connection, submission_id)
