"""Take what is due from the queue: whose turn it is, and what else of the same depositor goes with it."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, literal, select, update

from records.vocabulary.codes import SubmissionState
from storage.engines.transactions import Database
from storage.index import tables
from storage.index.mapping import SUBMISSIONS
from storage.index.queue import DUE, due, locked
from storage.index.turns import Claim, by_turn
from storage.ports.index import NO_ALLOWANCE
from storage.rows.submissions import Sharing, Submission

_SUBMISSION = tables.submission.c
_ANY_DUE = tuple(
    select(literal(1)).select_from(tables.submission).where(due(state)).limit(1) for state in DUE
)
# what another worker is just taking is passed over, not waited for
_OLDEST_OF = tuple(
    select(*SUBMISSIONS.columns)
    .where(due(state), _SUBMISSION.depositor_token == bindparam("depositor"))
    .order_by(_SUBMISSION.received_at)
    .limit(1)
    .with_for_update(skip_locked=True)
    for state in DUE
)
# of the depositor whose turn it is: deposits that no worker tried yet
_FRESH_OF = (
    select(*SUBMISSIONS.columns)
    .where(
        due(SubmissionState.RECEIVED),
        _SUBMISSION.depositor_token == bindparam("depositor"),
        _SUBMISSION.attempts == 0,
        _SUBMISSION.kind == "deposit",
        _SUBMISSION.submission_id != bindparam("first"),
    )
    .order_by(_SUBMISSION.received_at, _SUBMISSION.submission_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_SIZES = (
    select(tables.blob.c.submission_id, func.sum(tables.blob.c.plaintext_size))
    .where(tables.blob.c.submission_id.in_(bindparam("ids", expanding=True)))
    .group_by(tables.blob.c.submission_id)
)
_TAKE = (
    update(tables.submission)
    .where(_SUBMISSION.submission_id.in_(bindparam("ids", expanding=True)))
    .values(
        state=SubmissionState.VALIDATING,
        worker=bindparam("b_worker"),
        lease_until=bindparam("b_until"),
        attempts=_SUBMISSION.attempts + 1,
    )
)


class Taking:
    """The part of the index by which workers take submissions (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim_some(
        self,
        worker: str,
        now: int,
        until: int,
        sharing: Sharing,
        *,
        allowance_ms: int = NO_ALLOWANCE,
        beside: bool = False,
    ) -> list[Submission]:
        claim = Claim(now, allowance_ms, beside)
        # idle workers ask often: the question alone must not take the writers' turn
        with self._database.reading() as connection:
            if not (by_turn(connection, claim) if beside else _any_due(connection, now)):
                return []
        with self._database.writing() as connection:
            for depositor in by_turn(connection, claim):
                if found := _oldest_of(connection, depositor, now):
                    return _take(connection, _with_more(connection, found, now, sharing), worker, until)
        return []

    def claim(self, submission_id: UUID, worker: str, now: int, until: int) -> Submission | None:
        with self._database.writing() as connection:
            found = locked(connection, submission_id)
            if found is None or not _is_due(found, now):
                return None
            return _take(connection, [found], worker, until)[0]


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


def _with_more(connection: Connection, found: Submission, now: int, sharing: Sharing) -> list[Submission]:
    """The submission whose turn it is, and fresh ones of its depositor that may be taken with it."""
    if sharing.most <= 1 or found.attempts or found.kind != "deposit":
        return [found]
    values = {"now": now, "depositor": found.depositor_token, "first": found.submission_id}
    rows = connection.execute(_FRESH_OF, values | {"most": sharing.most - 1})
    together = [found, *SUBMISSIONS.values(rows)]
    sizes = _sizes(connection, together) if len(together) > 1 else {}
    small = [each for each in together if sizes.get(each.submission_id, 0) <= sharing.largest]
    return small if found in small else [found]


def _sizes(connection: Connection, submissions: Sequence[Submission]) -> dict[UUID, int]:
    """Bytes of plaintext of each, where it has any."""
    rows = connection.execute(_SIZES, {"ids": [each.submission_id for each in submissions]})
    return {submission_id: int(size) for submission_id, size in rows}


def _take(connection: Connection, found: Sequence[Submission], worker: str, until: int) -> list[Submission]:
    ids = [each.submission_id for each in found]
    connection.execute(_TAKE, {"ids": ids, "b_worker": worker, "b_until": until})
    state = SubmissionState.VALIDATING.value
    return [
        replace(each, state=state, worker=worker, lease_until=until, attempts=each.attempts + 1)
        for each in found
    ]
