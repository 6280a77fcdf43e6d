"""Claims on part tokens: the same bytes from the same depositor for the same record are kept once.

All of a submission's new tokens are claimed in one transaction, or none: two submissions with common parts
can never wait for one another.
"""

from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select, update

from records.errors import Conflict
from storage.engines.transactions import Database, repeated
from storage.index import tables
from storage.index.mapping import portions
from storage.index.queue import PLAN, held_all, validated
from storage.index.uploads import insert_blobs
from storage.rows.submissions import NewPlan, PartClaims, PartVerdict
from storage.sql.conflicts import insert_new

_CLAIM = tables.part_claim.c
_INSERT = insert_new(tables.part_claim)
# no lock: a claim with a document stays, and one without makes the caller wait in any case
_OF_TOKENS = select(_CLAIM.part_token, _CLAIM.submission_id, _CLAIM.document_id).where(
    _CLAIM.part_token.in_(bindparam("tokens", expanding=True))
)
_KEEP = (
    update(tables.part_claim)
    .where(_CLAIM.submission_id == bindparam("b_id"), _CLAIM.number == bindparam("b_number"))
    .values(document_id=bindparam("b_document"))
)
_FREE = delete(tables.part_claim).where(
    _CLAIM.submission_id == bindparam("b_id"), _CLAIM.document_id.is_(None)
)


class _TakenMeanwhile(Exception):  # noqa: N818  # never seen outside: it undoes the transaction
    pass


class Claims:
    """The recognition of duplicates (see `storage.ports.index`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeated
    def claim_parts(self, submission_id: UUID, part_tokens: Mapping[int, bytes]) -> PartClaims:
        try:
            return self._claim_parts(submission_id, part_tokens)
        except _TakenMeanwhile:
            return PartClaims(busy=True)

    def _claim_parts(self, submission_id: UUID, part_tokens: Mapping[int, bytes]) -> PartClaims:
        first, again = _first_numbers(part_tokens)
        with self._database.writing() as connection:
            validated(connection, submission_id)
            holders = _holders(connection, first)
            others = {
                token: document for token, (owner, document) in holders.items() if owner != submission_id
            }
            if None in others.values():
                return PartClaims(busy=True)
            new = [
                {"part_token": token, "submission_id": submission_id, "number": first[token]}
                for token in sorted(first.keys() - holders.keys())  # so that no two wait for one another
            ]
            if new and connection.execute(_INSERT, new).rowcount != len(new):
                raise _TakenMeanwhile
        duplicates = {first[token]: document for token, document in others.items() if document}
        return PartClaims(duplicates=duplicates, repeated=again)

    @repeated
    def add_plans(self, worker: str, plans: Collection[NewPlan]) -> frozenset[UUID]:
        with self._database.writing() as connection:
            fresh = held_all(connection, [plan.submission_id for plan in plans], worker)
            if any(each.plan is not None for each in fresh):
                raise Conflict("This submission has a plan already; follow that one.", code="plan_exists")
            new = _all_new(connection, plans)
            _claim(connection, new)
            insert_blobs(connection, {plan.submission_id: plan.blobs for plan in new})
            if new:
                connection.execute(PLAN, [{"b_id": p.submission_id, "b_plan": p.plan} for p in new])
        return frozenset(plan.submission_id for plan in new)


def _all_new(connection: Connection, plans: Iterable[NewPlan]) -> list[NewPlan]:
    """Those of whose tokens none is claimed, nor another part's, here or in one before."""
    tokens = {token for plan in plans for token in plan.part_tokens.values()}
    seen = set(_holders(connection, sorted(tokens)))
    new = []
    for plan in plans:
        own = set(plan.part_tokens.values())
        if len(own) == len(plan.part_tokens) and not own & seen:
            new.append(plan)
            seen |= own
    return new


def _claim(connection: Connection, plans: Iterable[NewPlan]) -> None:
    rows = [
        {"part_token": token, "submission_id": plan.submission_id, "number": number}
        for plan in plans
        for number, token in plan.part_tokens.items()
    ]
    rows.sort(key=itemgetter("part_token"))  # so that no two wait for one another
    if rows and connection.execute(_INSERT, rows).rowcount != len(rows):
        raise Conflict("Another submission claims the same bytes; look again.", code="study_busy")


def settle_claims(connection: Connection, parts: Mapping[UUID, Iterable[PartVerdict]]) -> None:
    """Gives published parts' claims their document, and frees the submissions' others."""
    published = [
        {"b_id": submission_id, "b_number": part.number, "b_document": part.document_id}
        for submission_id, found in parts.items()
        for part in found
        if part.outcome == "published" and part.document_id
    ]
    if published:
        connection.execute(_KEEP, published)
    connection.execute(_FREE, [{"b_id": submission_id} for submission_id in parts])


def _first_numbers(part_tokens: Mapping[int, bytes]) -> tuple[dict[bytes, int], dict[int, int]]:
    first: dict[bytes, int] = {}
    repeated: dict[int, int] = {}
    for number in sorted(part_tokens):
        lowest = first.setdefault(part_tokens[number], number)
        if lowest != number:
            repeated[number] = lowest
    return first, repeated


def _holders(connection: Connection, tokens: Iterable[bytes]) -> dict[bytes, tuple[UUID, UUID | None]]:
    return {
        row.part_token: (row.submission_id, row.document_id)
        for portion in portions(tokens)
        for row in connection.execute(_OF_TOKENS, {"tokens": portion})
    }
