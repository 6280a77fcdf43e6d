"""End every authorisation and every team of a record, once its holder withdrew consent (R17, R18).

The card refuses everybody from the first transaction on, which ends the teams, too. Authorisations end
behind it by the thousand: nobody else waits for the vault longer than one such transaction takes. Where that
is cut off, what is left is refused like everything else, and ends before consent can be given again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
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
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.reader.log.log_reading import LogFilter, find_lines
from records.choices.authorisations import Authorisation
from records.choices.authorising import revoke
from records.choices.teams import ended
from records.vocabulary.codes import Action, Outcome

AT_ONCE = 1_000
"""Authorisations that one transaction looks at."""
Told = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ending:
    """What is left of a withdrawal of `at` (unix seconds): authorisations given until then, from the one
    behind `after` on.
    """

    at: int
    after: bytes | None = None


def end_every_choice(transaction: Transaction, found: Attempt, told: Told) -> Ending | None:
    """In the transaction that withdraws, with its events; the first has `told` besides. Answers what is left.

    The record is locked. A member of a team loses it with the team, and its row is written for no more than
    that it is listed no longer.
    """
    members, left = _some_ended(transaction, found, Ending(transaction.now))
    for circles, professionals in zip_longest(_teams(transaction, found), members):
        details = {**told, **(circles or {}), **(professionals or {})}
        transaction.append(found.record.chain, found.event(details=details))
        told = {}
    if told:
        transaction.append(found.record.chain, found.event(details=told))
    return left


def end_more(transaction: Transaction, found: Attempt, ending: Ending) -> Ending | None:
    """Some of what is left, with their events, in a transaction of its own; answers what is still left."""
    members, left = _some_ended(transaction, found, ending)
    for details in members:
        transaction.append(found.record.chain, found.event(details=details))
    return left


def left_by_withdrawal(tx: VaultTransaction, found: Attempt) -> Ending | None:
    """What a withdrawal left that was cut off; nothing where consent counts, or all has ended."""
    opened = found.record.card
    if opened.card is None or opened.card.consent is not None:
        return None
    if not tx.find("authorisation", limit=1, record_id=opened.record_id, state=LIVE):
        return None
    wanted, before = LogFilter(actions=(Action.WITHDRAW_CONSENT,), outcome=Outcome.PERMIT), None
    while True:
        lines = find_lines(tx, found.record.chain, wanted, before, 1)
        for each in lines.lines:
            return Ending(int(datetime.fromisoformat(each.line["time"]).timestamp()))
        if lines.next_before is None:
            return None
        before = lines.next_before


def _teams(transaction: Transaction, found: Attempt) -> Iterator[Told]:
    card, now = found.record.card, transaction.now
    where = {"record_id": card.record_id, "state": LIVE}
    while rows := transaction.rows.find("circle", order="circle_id", limit=TOLD_AT_ONCE, **where):
        over = [(ended(open_circle(card, each), now), each) for each in rows]
        yield told_together([keep_circle(transaction.rows, card, *each) for each in over], "circle")


def _some_ended(transaction: Transaction, found: Attempt, ending: Ending) -> tuple[list[Told], Ending | None]:
    """What the events name, as many rows as one event may, and what is left."""
    told: list[Told] = []
    for _ in range(AT_ONCE // TOLD_AT_ONCE):
        behind = {} if ending.after is None else {"person__gt": ending.after}
        where = {"record_id": found.record.card.record_id, "state": LIVE, **behind}
        rows = transaction.rows.find("authorisation", order="person", limit=TOLD_AT_ONCE, **where)
        given = [open_authorisation(found.record.card, each) for each in rows]
        before = [each for each in given if not _given_after(each, ending.at)]
        if before:
            over = [replace(revoke(each, transaction.now), archived=True) for each in before]
            kept = keep_authorisations(transaction.rows, found.record.card, over, rows)
            told.append(
                {"professionals": " ".join(each.professional for each in over), **told_together(kept)}
            )
        if len(rows) < TOLD_AT_ONCE:
            return told, None
        ending = replace(ending, after=rows[-1]["person"])
    return told, ending


def _given_after(authorisation: Authorisation, at: int) -> bool:
    return any(each.since > at for each in authorisation.grounds)
