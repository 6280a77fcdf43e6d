"""What the patient decides: each change is one transaction with its event, effective at the next call."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from keyvault.cards import open_facts, seal_facts, store_card
from keyvault.context import Change, Vault
from keyvault.envelope import Branch
from keyvault.record_keys import set_branch
from keyvault.verbs.attempt import Attempt, Call, Denied, attempt, refuse
from keyvault.verbs.calling import caller
from records import consent
from records.consent import Card, Emergency
from records.documents import check_labels
from records.errors import NotFound
from records.policy import Deny, Facts, decide
from records.vocabulary.codes import Action, ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChange:
    """A change of the card. `professional` is a national number; `until` is unix seconds, None = one year."""

    action: Action
    professional: str | None = None
    until: int | None = None
    permanent: bool = False
    emergency: Emergency | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The card's choices after the change, or the document's labels."""

    choices: dict[str, Any]


def _authorise(card: Card, change: CardChange, now: int) -> Card:
    return consent.authorise(card, change.professional or "", now, change.until, permanent=change.permanent)


def _set_emergency(card: Card, change: CardChange, now: int) -> Card:
    assert change.emergency is not None
    return consent.set_emergency(card, change.emergency)


_CHANGES: Mapping[Action, Callable[[Card, CardChange, int], Card]] = {
    Action.AUTHORISE: _authorise,
    Action.REVOKE: lambda card, change, now: consent.revoke(card, change.professional or ""),
    Action.BLOCK: lambda card, change, now: consent.block(card, change.professional or ""),
    Action.UNBLOCK: lambda card, change, now: consent.unblock(card, change.professional or ""),
    Action.NAME_ATTENDING: lambda card, change, now: consent.name_attending(card, change.professional or ""),
    Action.REMOVE_ATTENDING: lambda card, change, now: consent.remove_attending(
        card, change.professional or ""
    ),
    Action.SET_EMERGENCY: _set_emergency,
}
CARD_CHANGES = frozenset(_CHANGES)


class ChangingVerbs:
    """`change_card` and labels, for the reader process on behalf of the holder."""

    _vault: Vault

    def change_card(self, call: Call, record_id: UUID, wanted: CardChange) -> Changed | Denied:
        """Apply one change of the card. Doing it twice is the same as once."""
        if wanted.action not in CARD_CHANGES or (wanted.action is Action.SET_EMERGENCY) != bool(
            wanted.emergency
        ):
            raise ValueError("a change of the card names what it changes")
        actor = caller(self._vault, call, "change_card", record_id=record_id, wanted=wanted)
        with self._vault.change() as change:
            found = attempt(self._vault, change, call, actor, wanted.action, record_id=record_id)
            if isinstance(found, Denied):
                return found
            opened = found.record.card
            assert opened.card is not None
            card = _CHANGES[wanted.action](opened.card, wanted, change.now)
            version, digest = store_card(change.tx, opened, card)
            self._set_branches(change, found, card)
            details = {"card_version": version, "card_digest": digest.hex(), **_told(wanted)}
            change.append(found.record.chain, found.happening(details=details))
            return Changed(_choices(card))

    def _set_branches(self, change: Change, found: Attempt, card: Card) -> None:
        row, keyring = found.record.row, self._vault.keyring
        set_branch(change.tx, keyring, row, Branch.BRIS_DE_GLACE, card.emergency.bris_de_glace)
        set_branch(change.tx, keyring, row, Branch.CENTRE_15, card.emergency.centre_15)

    def label(
        self, call: Call, record_id: UUID, document_id: UUID, labels: Sequence[str]
    ) -> Changed | Denied:
        """Give a document its labels. Raises `Invalid` for bad labels, `NotFound` for a hidden document."""
        actor = caller(
            self._vault, call, "label", record_id=record_id, document_id=document_id, labels=labels
        )
        with self._vault.change() as change:
            found = attempt(self._vault, change, call, actor, Action.LABEL, record_id=record_id)
            if isinstance(found, Denied):
                return found
            changed = self._label(change, found, document_id, labels)
        if changed is None:
            raise NotFound("There is no such document in this record.", code="no_such_document")
        return changed

    def _label(
        self, change: Change, found: Attempt, document_id: UUID, labels: Sequence[str]
    ) -> Changed | None:
        row = change.tx.get("document", document_id=document_id, record_id=found.record.row["record_id"])
        facts = open_facts(found.record.card, [row])[document_id] if row else None
        if row is None or facts is None or self._hidden(found, facts):
            reason = ReasonCode.NO_SUCH_DOCUMENT
            refuse(
                self._vault,
                change,
                found.call,
                found.actor,
                Action.LABEL,
                found.record,
                reason,
                str(document_id),
            )
            return None
        chosen = replace(facts, labels=check_labels(labels))
        columns = seal_facts(found.record.card, chosen, row["facts_version"] + 1)
        change.tx.update("document", columns, document_id=document_id, facts_version=row["facts_version"])
        told = sorted(label.value for label in chosen.labels)
        change.append(
            found.record.chain,
            found.happening(
                object_id=str(document_id),
                details={
                    "labels": ",".join(told),
                    "facts_version": columns["facts_version"],
                    "facts_digest": hashlib.sha256(bytes(columns["facts"])).hexdigest(),  # type: ignore[call-overload]
                },
            ),
        )
        return Changed({"labels": told})

    def _hidden(self, found: Attempt, facts: Any) -> bool:
        request = replace(found.request, action=Action.SEARCH)
        return isinstance(decide(request, Facts(found.record.facts, facts)), Deny)


def _told(wanted: CardChange) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if wanted.professional:
        told["professional"] = wanted.professional
    if wanted.emergency:
        told["bris_de_glace"] = wanted.emergency.bris_de_glace
        told["centre_15"] = wanted.emergency.centre_15
    return told


def _choices(card: Card) -> dict[str, Any]:
    everything = card.to_json()
    return {name: everything[name] for name in ("authorisations", "blocks", "attending", "emergency")}
