"""End every authorisation and every team of a record, once its holder withdrew consent (R17, R18)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest

from keyvault.keys.choices import (
    LIVE,
    TOLD_AT_ONCE,
    keep_authorisations,
    keep_circle,
    open_authorisation,
    open_circle,
    told_together,
)
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from records.choices.authorising import revoke
from records.choices.teams import ended


def end_every_choice(transaction: Transaction, found: Attempt, told: Mapping[str, object]) -> None:
    """In the transaction that withdraws, with its events; the first has `told` besides. Given again, consent
    revives none of what ended.

    The record is locked. A member of a team loses it with the team, and its row is written for no more than
    that it is listed no longer.
    """
    for circles, members in zip_longest(_teams(transaction, found), _authorisations(transaction, found)):
        details = {**told, **(circles or {}), **(members or {})}
        transaction.append(found.record.chain, found.event(details=details))
        told = {}
    if told:
        transaction.append(found.record.chain, found.event(details=told))


def _teams(transaction: Transaction, found: Attempt) -> Iterator[Mapping[str, object]]:
    card, now = found.record.card, transaction.now
    for rows in _live(transaction, found, "circle", "circle_id"):
        over = [(ended(open_circle(card, each), now), each) for each in rows]
        yield told_together([keep_circle(transaction.rows, card, *each) for each in over], "circle")


def _authorisations(transaction: Transaction, found: Attempt) -> Iterator[Mapping[str, object]]:
    card, now = found.record.card, transaction.now
    for rows in _live(transaction, found, "authorisation", "person"):
        over = [replace(revoke(open_authorisation(card, each), now), archived=True) for each in rows]
        kept = keep_authorisations(transaction.rows, card, over, rows)
        yield {"professionals": " ".join(each.professional for each in over), **told_together(kept)}


def _live(transaction: Transaction, found: Attempt, table: str, key: str) -> Iterator[list[Row]]:
    """By as many as one event names; what was written before is live no more."""
    where = {"record_id": found.record.card.record_id, "state": LIVE}
    while rows := transaction.rows.find(table, order=key, limit=TOLD_AT_ONCE, **where):
        yield rows
