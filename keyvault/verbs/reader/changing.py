"""The patient's choices: each is one transaction with its event, effective at the next call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.envelope import Branch
from keyvault.keys.cards import open_facts, store_card
from keyvault.keys.clocks import legal_now, set_clock
from keyvault.keys.document_facts import keep_labels
from keyvault.keys.record_keys import set_branch
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, Call, Denied, attempt, refuse
from keyvault.verbs.caller import caller
from keyvault.verbs.judging import facts_with_decoys
from keyvault.verbs.moving_choices import move_authorisations, moving
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.reader.authorising import authorisation_json, by_holder, change_authorisation
from keyvault.verbs.reader.choices import card_choices
from keyvault.verbs.reader.ending import end_every_choice
from keyvault.verbs.rows import copies_of
from records import consent
from records.announcing import Step, hidden_by_author
from records.choices.authorisations import Scope
from records.choices.authorising import Given
from records.consent import Card, Emergency, protects
from records.documents import HOLDERS_LABELS, DocumentFacts, check_labels, labels_by_holder
from records.errors import NotFound
from records.notices import NOTICE_OF_CHANGE, NoticeKind
from records.policy import Facts, Permit, decide
from records.vocabulary.codes import Action, Label, ReasonCode, RecordState, Role


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
    return consent.set_emergency(card, wanted.emergency)


def _block(card: Card, wanted: CardChange) -> Card:
    if wanted.structure is not None:
        return consent.block_structure(card, wanted.structure)
    return consent.block(card, wanted.professional or "")


def _unblock(card: Card, wanted: CardChange) -> Card:
    if wanted.structure is not None:
        return consent.unblock_structure(card, wanted.structure)
    return consent.unblock(card, wanted.professional or "")


_CHANGES: Mapping[Action, Callable[[Card, CardChange, int], Card]] = {
    Action.BLOCK: lambda card, wanted, now: _block(card, wanted),
    Action.UNBLOCK: lambda card, wanted, now: _unblock(card, wanted),
    Action.NAME_ATTENDING: lambda card, wanted, now: consent.name_attending(
        card, wanted.professional or "", now
    ),
    Action.REMOVE_ATTENDING: lambda card, wanted, now: consent.remove_attending(
        card, wanted.professional or ""
    ),
    Action.SET_EMERGENCY: _set_emergency,
    Action.WITHDRAW_CONSENT: lambda card, wanted, now: consent.withdraw_consent(card),
    Action.GIVE_CONSENT: lambda card, wanted, now: consent.give_consent(card, now),
    Action.REFUSE_DEPOSITS: lambda card, wanted, now: consent.refuse_deposits(
        card, kind=wanted.kind, structure=wanted.structure
    ),
    Action.ADMIT_DEPOSITS: lambda card, wanted, now: consent.admit_deposits(
        card, kind=wanted.kind, structure=wanted.structure
    ),
}
OF_ONE_PROFESSIONAL = frozenset({Action.AUTHORISE, Action.REVOKE})
"""These change a row of their own, and not the card."""
CARD_CHANGES = frozenset(_CHANGES) | OF_ONE_PROFESSIONAL
_ABSENT = ReasonCode.NO_SUCH_DOCUMENT


class ChangingVerbs:
    """`change_card` and labels, for the reader process on behalf of the holder."""

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
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, wanted.action, record_id=record_id)
            if isinstance(found, Denied):
                return found
            if wanted.action in OF_ONE_PROFESSIONAL:
                return Changed(self._about_one(transaction, found, wanted))
            opened = found.record.card
            assert opened.card is not None
            present = replace(opened.card, authorisations=())
            card = _CHANGES[wanted.action](present, wanted, transaction.now)
            if opened.state is not RecordState.ACTIVE and not protects(present, card):
                return self._refuse_change(transaction, found, ReasonCode.RECORD_SUSPENDED)
            told = moving(actor, found.public_id, found.permit.reason)
            move_authorisations(transaction, opened, found.record.chain, told)
            version, digest = store_card(transaction.rows, opened, card)
            self._set_branches(transaction, found, card)
            if card != present:
                queue_notice(transaction, opened, kind=NOTICE_OF_CHANGE[wanted.action])
            details = {"card_version": version, "card_digest": digest.hex(), **_told(wanted)}
            if wanted.action is Action.WITHDRAW_CONSENT:
                end_every_choice(transaction, found, details)
            else:
                transaction.append(found.record.chain, found.event(details=details))
            return Changed(_choices(card))

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

    def label(
        self, call: Call, record_id: UUID, document_id: UUID, labels: Sequence[str]
    ) -> Changed | Denied:
        """Give a document its labels, and those of the holder to the copies of it from other structures too.

        A professional of the author's side hides it from the patient and changes no other label. Raises
        `Invalid` for bad labels, `Refused` "label_not_entitled" for one that is not the caller's to give,
        `Conflict` "already_announced", `NotFound` for a hidden document. While the record is suspended labels
        can be added alone.
        """
        actor = caller(
            self._vault, call, "label", record_id=record_id, document_id=document_id, labels=labels
        )
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.LABEL, record_id=record_id)
            if isinstance(found, Denied):
                return found
            changed = self._label(transaction, found, document_id, labels)
        if changed is None:
            raise NotFound("There is no such document in this record.", code="no_such_document")
        return changed

    def _label(
        self, transaction: Transaction, found: Attempt, document_id: UUID, labels: Sequence[str]
    ) -> Changed | Denied | None:
        record_id = found.record.row["record_id"]
        row = transaction.rows.get("document", record_id=record_id, document_id=document_id)
        copies = copies_of(transaction.rows, record_id, [row] if row else [])
        facts = facts_with_decoys(found.record.card, copies)
        why = _ABSENT if row is None else _labelling_objection(found, facts[document_id])
        if row is None or why is not None:
            refused = self._refuse_change(transaction, found, why or _ABSENT, document_id)
            return None if why is _ABSENT and not refused.is_of_quota else refused
        present = facts[document_id].labels
        if found.actor.role is Role.PROFESSIONAL:
            return self._hide(transaction, found, row, present, labels)
        wanted = check_labels(labels, cumul_allowed=Label.INVISIBLE_PATIENT in present)
        chosen = labels_by_holder(present, wanted)
        suspended = found.record.facts.state is not RecordState.ACTIVE
        if suspended and not chosen >= present & HOLDERS_LABELS:
            return self._refuse_change(transaction, found, ReasonCode.RECORD_SUSPENDED, document_id)
        if chosen != present:
            queue_notice(transaction, found.record.card, kind=NoticeKind.LABELS_CHANGED, hourly=True)
        self._relabel(transaction, found, row, chosen)
        for copy in copies:
            if copy["document_id"] != document_id:
                hiding = {Label.INVISIBLE_PATIENT} & facts[copy["document_id"]].labels
                self._relabel(transaction, found, copy, chosen | hiding)
        return Changed({"labels": sorted(label.value for label in chosen)})

    def _hide(
        self,
        transaction: Transaction,
        found: Attempt,
        row: Row,
        present: frozenset[Label],
        labels: Sequence[str],
    ) -> Changed:
        """For the author's side: the document alone, from now on, with the clock that ends it."""
        rows, card = transaction.rows, found.record.card
        before = open_facts(card, [row])[row["document_id"]]
        after = hidden_by_author(before, present, labels, legal_now(rows, transaction.now))
        told = keep_labels(rows, card, row, after)
        if after != before:
            set_clock(rows, card, after, Step.NOTICE)
        transaction.append(found.record.chain, found.event(object_id=str(row["document_id"]), details=told))
        return Changed({"labels": sorted(after.labels | present)})

    def _relabel(self, transaction: Transaction, found: Attempt, row: Row, labels: frozenset[Label]) -> None:
        """Seal one document's labels, with the event that names them."""
        document_id = row["document_id"]
        facts = open_facts(found.record.card, [row])[document_id]
        told = keep_labels(transaction.rows, found.record.card, row, replace(facts, labels=labels))
        transaction.append(found.record.chain, found.event(object_id=str(document_id), details=told))

    def _refuse_change(
        self, transaction: Transaction, found: Attempt, reason: ReasonCode, document_id: UUID | None = None
    ) -> Denied:
        named = str(document_id) if document_id else None
        action = found.request.action
        return refuse(self._vault, transaction, found.call, found.actor, action, found.record, reason, named)


def _labelling_objection(found: Attempt, facts: DocumentFacts) -> ReasonCode | None:
    """Why the labels of a document are not this actor's to give: one that is not seen is not there."""
    decision = decide(found.request, Facts(found.record.facts, facts))
    if isinstance(decision, Permit):
        return None
    seen = replace(found.request, action=Action.SEARCH)
    if isinstance(decide(seen, Facts(found.record.facts, facts)), Permit):
        return decision.reason
    return _ABSENT


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
