"""Authorise and revoke: each change about one professional is a new sealed version of one row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from keyvault.keys.choices import (
    LIVE,
    authorisation_row,
    keep_authorisations,
    open_authorisation,
    open_circles,
)
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.moving_choices import moving, settle
from records.card.card import Card
from records.card.consent import ConsentRecord
from records.choices.authorisations import Authorisation, DocumentKind, Scope
from records.choices.authorising import NO_CIRCLE, Given, authorise, of_card, revoke
from records.choices.circles import counting
from records.people.identity import check_rpps
from records.vocabulary.codes import ConsentMeans

PAGE = 100
LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class AuthorisationPage:
    """Authorisations that run or ran out, by an order of their own; `following` asks for the next ones."""

    authorisations: tuple[dict[str, Any], ...]
    following: bytes | None


def change_authorisation(
    transaction: Transaction,
    found: Attempt,
    professional: str,
    given: Given | None,
) -> Authorisation | None:
    """Authorise a professional as `given` says, or, without it, end every ground.

    None where there was nothing to end. Raises like `records.choices.authorising`.
    """
    settle_card(transaction, found)
    tx, card, now = transaction.rows, found.record.card, transaction.now
    row = authorisation_row(tx, card, professional)
    present = open_authorisation(card, row) if row is not None else None
    if given is not None:
        changed = replace(authorise(present, professional, given, now, uuid4()), archived=False)
    elif present is not None:
        changed = replace(revoke(present, now), archived=True)
    else:
        check_rpps(professional)
        transaction.append(found.record.chain, found.event(details={"professional": professional}))
        return None
    (kept,) = keep_authorisations(tx, card, [changed], [row] if row is not None else [])
    details = {"professional": professional, **_told(changed, given), **kept.told("authorisation")}
    transaction.append(found.record.chain, found.event(details=details))
    return changed


def by_holder(found: Attempt, now: int) -> ConsentRecord:
    """The consent that a holder gives by the own choice."""
    return ConsentRecord(found.actor.role.value, ConsentMeans.ONLINE.value, now)


def settle_card(transaction: Transaction, found: Attempt) -> Card:
    """Move what still stands on a card of an earlier label to rows, and seal the card without it."""
    told = moving(found.actor, found.public_id, found.permit.reason)
    return settle(transaction, found.record.card, found.record.chain, told)


def authorisations_page(
    tx: VaultTransaction, found: Attempt, after: bytes | None = None, most: int = PAGE
) -> AuthorisationPage:
    """A page of what a holder gave: rows in the order of their key, or those on an earlier card."""
    opened = found.record.card
    assert opened.card is not None
    if opened.card.authorisations:
        return _page_of_card(opened.card, after, most)
    beyond: dict[str, object] = {} if after is None else {"person__gt": after}
    rows = tx.find(
        "authorisation",
        order="person",
        limit=most + 1,
        record_id=opened.record_id,
        state=LIVE,
        **beyond,
    )
    given = [open_authorisation(opened, row) for row in rows[:most]]
    circles = sorted({each.circle for one in given for each in one.grounds if each.of_team})
    running = open_circles(tx, opened, circles) if circles else {}
    shown = [authorisation_json(each) for one in given if (each := counting(one, running)).grounds]
    return AuthorisationPage(
        tuple(each for each in shown if each), rows[most - 1]["person"] if len(rows) > most else None
    )


def _page_of_card(card: Card, after: bytes | None, most: int) -> AuthorisationPage:
    """Of a card of an earlier label, whose authorisations are moved at the next change."""
    start = int.from_bytes(after or b"\0")
    given = card.authorisations[start : start + most]
    shown = [authorisation_json(of_card(each, NO_CIRCLE)) for each in given]
    following = start + most if len(card.authorisations) > start + most else None
    return AuthorisationPage(
        tuple(each for each in shown if each), None if following is None else following.to_bytes(4)
    )


def authorisation_json(given: Authorisation) -> dict[str, Any] | None:
    """What the holder is shown of an authorisation; None where every ground has ended.

    The ground of its own says how it was given; one of a team alone adds nothing that can be chosen.
    """
    grounds = [each for each in given.grounds if each.ended is None]
    if not grounds:
        return None
    own = next((each for each in grounds if not each.of_team), None)
    ends = [each.until for each in grounds]
    shown = own or grounds[0]
    return {
        "professional": given.professional,
        "since": min(each.since for each in grounds),
        "until": None if None in ends else max(each for each in ends if each is not None),
        "scope": _scope([each.scope for each in grounds]).value,
        "kinds": kinds_json(shown.kinds),
        "consent": {"by": shown.consent.by, "how": shown.consent.how, "at": shown.consent.at},
        "teams": [str(each.circle) for each in grounds if each.of_team],
    }


def _scope(scopes: Sequence[Scope]) -> Scope:
    return Scope.ALL if Scope.ALL in scopes else Scope.CHOSEN


def _told(changed: Authorisation, given: Given | None) -> dict[str, Any]:
    own = changed.own
    if given is None or own is None:
        return {}
    return {"scope": own.scope.value, "until": own.until, "how": own.consent.how}


def kinds_json(kinds: Iterable[DocumentKind]) -> list[dict[str, Any]]:
    return [
        {"class": each.class_code, "domain": each.practice_setting}
        for each in sorted(kinds, key=lambda kind: (kind.class_code or "", kind.practice_setting or ""))
    ]
