"""The patient's choices: each is one transaction with its event, effective at the next call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.envelope import Branch
from keyvault.keys.cards import store_card
from keyvault.keys.record_keys import set_branch
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.moving_choices import move_authorisations, moving
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.reader.holder.authorising import authorisation_json, by_holder, change_authorisation
from keyvault.verbs.reader.holder.choices import card_choices
from keyvault.verbs.reader.holder.ending import Ending, end_every_choice, end_more, left_by_withdrawal
from records.card import changes
from records.card.card import Card, Emergency
from records.card.changes import protects
from records.choices.authorisations import Scope
from records.choices.authorising import Given
from records.notices import NOTICE_OF_CHANGE
from records.people.actors import Actor
from records.vocabulary.codes import Action, ReasonCode, RecordState


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """One of the holder's choices. `professional` is a national number, `structure` that of a structure to
    block or to take no deposits from, `kind` the class or type of documents that are not taken; `until` is
    unix seconds, None = one year.
    """

    action: Action
    professional: str | None = None
    structure: str | None = None
    kind: str | None = None
    until: int | None = None
    permanent: bool = False
    scope: Scope | None = None
    emergency: Emergency | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The card's choices after the change, or the document's labels."""

    choices: dict[str, Any]


def _set_emergency(card: Card, wanted: CardChange, now: int) -> Card:
    assert wanted.emergency is not None
    return changes.set_emergency(card, wanted.emergency)


def _block(card: Card, wanted: CardChange) -> Card:
    if wanted.structure is not None:
        return changes.block_structure(card, wanted.structure)
    return changes.block(card, wanted.professional or "")


def _unblock(card: Card, wanted: CardChange) -> Card:
    if wanted.structure is not None:
        return changes.unblock_structure(card, wanted.structure)
    return changes.unblock(card, wanted.professional or "")


_CHANGES: Mapping[Action, Callable[[Card, CardChange, int], Card]] = {
    Action.BLOCK: lambda card, wanted, now: _block(card, wanted),
    Action.UNBLOCK: lambda card, wanted, now: _unblock(card, wanted),
    Action.NAME_ATTENDING: lambda card, wanted, now: changes.name_attending(
        card, wanted.professional or "", now
    ),
    Action.REMOVE_ATTENDING: lambda card, wanted, now: changes.remove_attending(
        card, wanted.professional or ""
    ),
    Action.SET_EMERGENCY: _set_emergency,
    Action.WITHDRAW_CONSENT: lambda card, wanted, now: changes.withdraw_consent(card),
    Action.GIVE_CONSENT: lambda card, wanted, now: changes.give_consent(card, now),
    Action.REFUSE_DEPOSITS: lambda card, wanted, now: changes.refuse_deposits(
        card, kind=wanted.kind, structure=wanted.structure
    ),
    Action.ADMIT_DEPOSITS: lambda card, wanted, now: changes.admit_deposits(
        card, kind=wanted.kind, structure=wanted.structure
    ),
}
OF_ONE_PROFESSIONAL = frozenset({Action.AUTHORISE, Action.REVOKE})
"""These change a row of their own, and not the card."""
CARD_CHANGES = frozenset(_CHANGES) | OF_ONE_PROFESSIONAL


class ChangingVerbs:
    """`change_card`, for the reader process on behalf of the holder."""

    _vault: Vault

    def change_card(self, call: Call, record_id: UUID, wanted: CardChange) -> Changed | Denied:
        """Apply one change of the card. Doing it twice is the same as once.

        While the record is suspended only what takes rights away is applied (R14).
        """
        if wanted.action not in CARD_CHANGES or (wanted.action is Action.SET_EMERGENCY) != bool(
            wanted.emergency
        ):
            raise ValueError("a change of the card names what it changes")
        actor = caller(self._vault, call, "change_card", record_id=record_id, wanted=wanted)
        if wanted.action is Action.GIVE_CONSENT:
            denied = self._end_what_is_left(call, actor, record_id)
            if denied is not None:
                return denied
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, wanted.action, record_id=record_id)
            if isinstance(found, Denied):
                return found
            if wanted.action in OF_ONE_PROFESSIONAL:
                return Changed(self._about_one(transaction, found, wanted))
            present, card = _before_and_after(found, wanted, transaction.now)
            if found.record.card.state is not RecordState.ACTIVE and not protects(present, card):
                return refuse_change(self._vault, transaction, found, ReasonCode.RECORD_SUSPENDED)
            left = self._keep_card(transaction, found, wanted, card, is_new=card != present)
        self._go_on_ending(call, actor, record_id, left)
        return Changed(_choices(card))

    def _keep_card(
        self, transaction: Transaction, found: Attempt, wanted: CardChange, card: Card, *, is_new: bool
    ) -> Ending | None:
        """Seal the changed card, tell its holder where it `is_new`, and log it; answers what a withdrawal of
        consent has left to end.
        """
        opened = found.record.card
        told = moving(found.actor, found.public_id, found.permit.reason)
        move_authorisations(transaction, opened, found.record.chain, told)
        version, digest = store_card(transaction.rows, opened, card)
        self._set_branches(transaction, found, card)
        if is_new:
            queue_notice(transaction, opened, kind=NOTICE_OF_CHANGE[wanted.action])
        details = {"card_version": version, "card_digest": digest.hex(), **_told(wanted)}
        if wanted.action is Action.WITHDRAW_CONSENT:
            return end_every_choice(transaction, found, details)
        transaction.append(found.record.chain, found.event(details=details))
        return None

    def _end_what_is_left(self, call: Call, actor: Actor, record_id: UUID) -> Denied | None:
        """Before consent is given again: of a withdrawal that was cut off nothing may come to life."""
        with self._vault.transaction() as transaction:
            action = Action.GIVE_CONSENT
            found = attempt(self._vault, transaction, call, actor, action, record_id=record_id)
            if isinstance(found, Denied):
                return found
            left = left_by_withdrawal(transaction.rows, found)
        return self._go_on_ending(call, actor, record_id, left)

    def _go_on_ending(self, call: Call, actor: Actor, record_id: UUID, left: Ending | None) -> Denied | None:
        """One transaction after another; who is refused meanwhile has withdrawn all the same."""
        while left is not None:
            with self._vault.transaction() as transaction:
                action = Action.WITHDRAW_CONSENT
                found = attempt(self._vault, transaction, call, actor, action, record_id=record_id)
                if isinstance(found, Denied):
                    return found
                left = end_more(transaction, found, left)
        return None

    def _about_one(self, transaction: Transaction, found: Attempt, wanted: CardChange) -> dict[str, Any]:
        """Authorise or revoke; answers what is now given to this professional."""
        given = None
        if wanted.action is Action.AUTHORISE:
            consented = by_holder(found, transaction.now)
            given = Given(
                consent=consented, until=wanted.until, permanent=wanted.permanent, scope=wanted.scope
            )
        changed = change_authorisation(transaction, found, wanted.professional or "", given)
        if changed is not None:
            queue_notice(transaction, found.record.card, kind=NOTICE_OF_CHANGE[wanted.action])
        shown = authorisation_json(changed) if changed is not None else None
        return {"authorisations": [shown] if shown else []}

    def _set_branches(self, transaction: Transaction, found: Attempt, card: Card) -> None:
        row, keyring = found.record.row, self._vault.keyring
        set_branch(transaction.rows, keyring, row, Branch.BRIS_DE_GLACE, card.emergency.bris_de_glace)
        set_branch(transaction.rows, keyring, row, Branch.CENTRE_15, card.emergency.centre_15)


def _before_and_after(found: Attempt, wanted: CardChange, now: int) -> tuple[Card, Card]:
    """Authorisations of a card of an earlier label count for neither: they go into rows of their own."""
    opened = found.record.card
    assert opened.card is not None
    present = replace(opened.card, authorisations=())
    return present, _CHANGES[wanted.action](present, wanted, now)


def refuse_change(
    vault: Vault,
    transaction: Transaction,
    found: Attempt,
    reason: ReasonCode,
    document_id: UUID | None = None,
) -> Denied:
    """Refuse, with a line, what was permitted to this actor and not as the record or a document is."""
    named = str(document_id) if document_id else None
    action = found.request.action
    return refuse(vault, transaction, found.call, found.actor, action, found.record, reason, named)


def _told(wanted: CardChange) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if wanted.professional:
        told["professional"] = wanted.professional
    if wanted.structure:
        told["structure"] = wanted.structure
    if wanted.kind:
        told["kind"] = wanted.kind
    if wanted.emergency:
        told["bris_de_glace"] = wanted.emergency.bris_de_glace
        told["centre_15"] = wanted.emergency.centre_15
    return told


def _choices(card: Card) -> dict[str, Any]:
    return card_choices(card, ("blocks", "blocked_structures", "attending", "refusals", "emergency"))
