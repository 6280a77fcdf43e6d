"""Choose whose submission is claimed next: that of the waiting depositor whose structure has the fewest in
workers' hands, then whose files cost the least CPU lately. Those past the day's allowance come last.

Everything follows from the submissions' own rows and leases, so a worker that dies leaves nothing to mend.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, bindparam, literal, select

from records.vocabulary.codes import SubmissionState
from storage.index import tables
from storage.index.cpu_uses import CpuOfStructure, cpu_of

MOST_DEPOSITORS = 64
"""So many are compared; where more wait, those that follow a random place."""

_SUBMISSION = tables.submission.c


def _in_state(state: SubmissionState) -> ColumnElement[bool]:
    # written out: a parameter would not tell the planner that the index of these alone will do
    return _SUBMISSION.state == literal(state.value, literal_execute=True)


_RECEIVED = _in_state(SubmissionState.RECEIVED)


def _next_depositor(condition: ColumnElement[bool]) -> ScalarSelect[bytes]:
    token = _SUBMISSION.depositor_token
    return select(token).where(_RECEIVED, condition).order_by(token).limit(1).scalar_subquery()


_FIRST = _next_depositor(_SUBMISSION.depositor_token >= bindparam("start"))
# from depositor to depositor by the index, whatever each has waiting
_WALK = select(_FIRST.label("token"), literal(1).label("number")).cte("walk", recursive=True)
_WALK = _WALK.union_all(
    select(_next_depositor(_SUBMISSION.depositor_token > _WALK.c.token), _WALK.c.number + 1).where(
        _WALK.c.token.is_not(None), _WALK.c.number < bindparam("most")
    )
)
_OLDEST_OF = (
    select(_SUBMISSION.received_at)
    .where(
        _RECEIVED, _SUBMISSION.depositor_token == _WALK.c.token, _SUBMISSION.not_before <= bindparam("now")
    )
    .order_by(_SUBMISSION.received_at)
    .limit(1)
    .scalar_subquery()
)
_WAITING = select(_WALK.c.token.label("depositor_token"), _OLDEST_OF.label("received_at")).where(
    _WALK.c.token.is_not(None)
)
_IN_HAND = select(_SUBMISSION.depositor_token, _SUBMISSION.received_at, _SUBMISSION.lease_until).where(
    _in_state(SubmissionState.VALIDATING)
)
_STRUCTURES = select(tables.depositor.c.depositor_token, tables.depositor.c.structure_token).where(
    tables.depositor.c.depositor_token.in_(bindparam("tokens", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The conditions of a claim. `beside`: only for structures of which no worker has anything in hand."""

    now: int
    allowance_ms: int
    beside: bool


def by_turn(connection: Connection, claim: Claim) -> Sequence[bytes]:
    """Depositors with a submission that is due, whose turn it is first."""
    held = connection.execute(_IN_HAND).all()
    due = _due(connection, held, claim.now)
    if len(due) == 1 and not claim.beside:
        return list(due)
    running = [row.depositor_token for row in held if row.lease_until > claim.now]
    structures = _structures(connection, {*due, *running}) if due else {}
    in_hand = Counter(structures.get(token, token) for token in running)
    used = cpu_of(connection, {structures.get(token, token) for token in due}, claim.now)

    def turn(token: bytes) -> tuple[bool, int, int, int]:
        structure = structures.get(token, token)
        cpu = used.get(structure, CpuOfStructure())
        return cpu.today_ms > claim.allowance_ms, in_hand[structure], cpu.lately_ms, due[token]

    free = (token for token in due if not (claim.beside and in_hand[structures.get(token, token)]))
    return sorted(free, key=turn)


def _due(connection: Connection, held: Iterable[Any], now: int) -> dict[bytes, int]:
    """When the oldest of each was received, left behind by a worker that died or not yet begun."""
    due: dict[bytes, int] = {}
    left = [row for row in held if row.lease_until <= now]
    for row in (*_waiting(connection, now), *left):
        due[row.depositor_token] = min(row.received_at, due.get(row.depositor_token, row.received_at))
    return due


def _waiting(connection: Connection, now: int) -> list[Any]:
    found = _walk(connection, b"", now)
    if len(found) == MOST_DEPOSITORS:
        found = _walk(connection, secrets.token_bytes(32), now) or found
    return [row for row in found if row.received_at is not None]


def _walk(connection: Connection, start: bytes, now: int) -> list[Any]:
    return list(connection.execute(_WAITING, {"start": start, "most": MOST_DEPOSITORS, "now": now}))


def _structures(connection: Connection, tokens: Iterable[bytes]) -> Mapping[bytes, bytes]:
    """By depositor; a depositor of whom nothing was opened yet is not among them, and counts for itself."""
    rows = connection.execute(_STRUCTURES, {"tokens": sorted(tokens)})
    return {row.depositor_token: row.structure_token for row in rows}
