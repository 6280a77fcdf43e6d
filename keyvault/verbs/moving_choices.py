"""Move authorisations from a card of an earlier label to rows of their own: all of a record, or none."""

from dataclasses import replace
from uuid import uuid4

from keyvault.keys.cards import OpenedCard, store_card
from keyvault.keys.choices import authorisation_rows, keep_authorisations, person_of
from keyvault.log.appending import Chain, Event
from keyvault.transaction import Transaction
from records.card.card import Card
from records.choices.authorising import of_card
from records.people.actors import Actor
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode


def move_authorisations(
    transaction: Transaction, opened: OpenedCard, chain: Chain, told: Event
) -> Card | None:
    """Give each authorisation that stands on the card its row, with an event like `told`; the card without
    them is for the caller to seal in the same transaction.

    The record is locked. Where a professional has a row already, that counts, and stays.
    """
    card = opened.card
    if card is None or not card.authorisations:
        return card
    tx = transaction.rows
    given = {person_of(opened, each.professional): each for each in card.authorisations}
    numbers = [each.professional for each in card.authorisations]
    known = {row["person"] for row in authorisation_rows(tx, opened, numbers)}
    moved = [of_card(each, uuid4()) for person, each in given.items() if person not in known]
    for each, kept in zip(moved, keep_authorisations(tx, opened, moved), strict=True):
        details = {"professional": each.professional, **kept.told("authorisation")}
        transaction.append(chain, replace(told, details=details))
    return replace(card, authorisations=())


def settle(transaction: Transaction, opened: OpenedCard, chain: Chain, told: Event) -> Card:
    """Move them, and seal the card without them in the same transaction, with its event."""
    assert opened.card is not None
    if not opened.card.authorisations:
        return opened.card
    card = move_authorisations(transaction, opened, chain, told)
    assert card is not None
    version, digest = store_card(transaction.rows, opened, card)
    details = {"card_version": version, "card_digest": digest.hex()}
    transaction.append(chain, replace(told, details=details))
    return card


def moving(actor: Actor | None, record: object, reason: ReasonCode) -> Event:
    """The event of each row that is moved; it changes no right."""
    return Event.of(
        Action.MOVE_CHOICES,
        PurposeOfUse.MAINTENANCE,
        actor,
        permitted=reason,
        record=record,  # type: ignore[arg-type]
    )
