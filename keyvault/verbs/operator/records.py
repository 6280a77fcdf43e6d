"""The operator's verbs: open a record with its recorded consent, vouch for an identity that is issued."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid4

from keyvault.context import Vault
from keyvault.keys.cards import store_card
from keyvault.opened_records import DECOY, DECOY_ID, PERSON
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.new_records import new_record
from keyvault.verbs.operator.permission import denied, permit
from keyvault.verbs.preamble import Preamble
from records.card.card import Card
from records.card.consent import ConsentRecord, check_consent
from records.errors import Conflict, Refused
from records.people.actors import Actor
from records.people.identity import INS, INS_NIR_DEMO, Traits
from records.vocabulary.codes import Action, Environment, Outcome, ReasonCode

# never looked up: the decoy's row has no INS token
NOBODY = INS("190017500000030", INS_NIR_DEMO)


@dataclass(frozen=True, slots=True)
class OpenedAnew:
    """A record that now exists."""

    record_id: UUID
    public_id: UUID


def ensure_decoy(vault: Vault) -> None:
    """The record that stands in for every absent one, so that absence costs the same work."""
    # of two vaults that start at once, one makes it
    with suppress(Conflict), vault.transaction() as transaction:
        if transaction.rows.get("record", public_id=DECOY_ID) is not None:
            return
        opened, _, _ = new_record(
            vault, transaction.rows, kind=DECOY, ins=None, public_id=DECOY_ID, now_ms=transaction.now_ms
        )
        nobody = Card(NOBODY, Traits("-", "-", "1900-01-01", "U"), None)
        store_card(transaction.rows, opened, nobody)


class OperatingVerbs:
    """For the command line, with its five-minute operator token."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def open_record(
        self, call: Call, ins_text: str, traits: Traits, *, consent_by: str, consent_how: str
    ) -> OpenedAnew | Denied:
        """Open a person's record with the recorded consent (R17, R18); `consent_how` is one of
        `ConsentMeans`.

        Raises `Conflict` "record_exists", `Invalid` "bad_consent".
        """
        vault = self._vault
        actor, ins = vault.actor(call.token), vault.ins(ins_text)
        means = check_consent(consent_how)
        card = Card(ins, traits, ConsentRecord(consent_by, means.value, vault.now_ms() // 1000))
        try:
            opened = self._open(call, actor, card)
        except Conflict:  # another process was quicker: now the record is there
            opened = self._open(call, actor, card)
        if opened is None:
            raise Conflict("This person already has a record.", code="record_exists")
        return opened

    def _open(self, call: Call, actor: Actor, card: Card) -> OpenedAnew | Denied | None:
        """None where there is a record already, which then has a line about it."""
        vault = self._vault
        with vault.transaction() as transaction:
            present = vault.find_record(transaction.rows, card.ins.value)
            counted = vault.touched(present, card.ins.value)
            preamble = Preamble.of(call, actor, Action.OPEN_RECORD, counted)
            over = preamble.over_quota(transaction)
            if refused := denied(vault, transaction, preamble, over=over):
                return refused
            if present is not None:
                record = vault.open(transaction.rows, present, lock=True)
                reason = ReasonCode.RECORD_EXISTS
                refused = refuse(vault, transaction, call, actor, Action.OPEN_RECORD, record, reason)
                return refused if refused.is_of_quota else None
            return self._made(transaction, preamble, card)

    def _made(self, transaction: Transaction, preamble: Preamble, card: Card) -> OpenedAnew:
        """The record with its card, and the line about it."""
        public_id = uuid4()
        opened, _, chain = new_record(
            self._vault,
            transaction.rows,
            kind=PERSON,
            ins=card.ins,
            public_id=public_id,
            now_ms=transaction.now_ms,
        )
        version, digest = store_card(transaction.rows, opened, card)
        details = {
            "card_version": version,
            "card_digest": digest.hex(),
            "consent": card.consent.how if card.consent else None,
        }
        told = preamble.event(Outcome.PERMIT, ReasonCode.OPERATOR, record=public_id, details=details)
        transaction.append(chain, told)
        return OpenedAnew(opened.record_id, public_id)

    def issue_identity(self, call: Call, role: str) -> Denied | None:
        """Put on the log that an identity is issued; the command line signs it. Demo and test only."""
        vault = self._vault
        if vault.settings.environment is Environment.PRODUCTION:
            raise Refused(
                "Production has no demo authority: identities come from issuers that two operators added.",
                code="demo_only",
            )
        actor = vault.actor(call.token)
        with vault.transaction() as transaction:
            preamble = Preamble.of(call, actor, Action.ISSUE_IDENTITY)
            over = preamble.over_quota(transaction, [uuid4().bytes])  # each identity is one more
            if refused := denied(vault, transaction, preamble, over=over):
                return refused
            permit(vault, transaction, preamble, details={"role": role})
        return None
