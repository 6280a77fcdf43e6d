"""The holder's contacts: an address is kept, proven by a code that is sent to it, replaced, removed.

Whoever was written to before is told when the address is another; an address that is not proven gets its code
and nothing else.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.contacts import (
    Code,
    Contact,
    forget_code,
    open_code,
    open_contact,
    store_code,
    store_contact,
)
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.notice_outbox import CONTACT, queue_notice
from keyvault.verbs.reader.lists.snapshot import Question, carry_out
from records.durations import HOUR_MS
from records.errors import Refused
from records.notices import NoticeKind
from records.people.contacts import CODES_A_DAY, CODES_AN_HOUR, ContactKind, read_contact
from records.vocabulary.codes import Action


@dataclass(frozen=True, slots=True)
class OwnContact:
    """`address` is proven since `since` (unix seconds), `pending` not yet. Of the code that was sent to it:
    how many tries are left, and until when it is good.
    """

    kind: ContactKind
    address: str | None = field(default=None, repr=False)
    since: int | None = None
    pending: str | None = field(default=None, repr=False)
    tries_left: int = 0
    code_until: int | None = None


@dataclass(frozen=True, slots=True)
class OwnContacts:
    """One of each kind, for the holder alone."""

    contacts: tuple[OwnContact, ...]


@dataclass(frozen=True, slots=True)
class NotConfirmed:
    """A code that proved nothing: "wrong_code", or "no_code" where none is good any more."""

    code: str
    tries_left: int = 0


class ContactingVerbs:
    """`contacts` and their changes, for the reader process on behalf of the holder."""

    _vault: Vault

    def contacts(self, call: Call, record_id: UUID) -> OwnContacts | Denied:
        actor = caller(self._vault, call, "contacts", record_id=record_id)

        def told(transaction: Transaction, found: Attempt, answer: OwnContacts) -> OwnContacts:
            transaction.append(found.record.chain, found.event())
            return answer

        asked = Question(call, actor, Action.READ_CONTACTS, record_id)
        return carry_out(self._vault, asked, _own, told)

    def put_contact(
        self, call: Call, record_id: UUID, kind: ContactKind, address: str
    ) -> OwnContacts | Denied:
        """Keep an address to be proven, and queue its code. Once more the same address: another code.

        Raises `Invalid` "bad_contact", and `Refused` "too_many_codes" where many were asked for of late.
        """
        arguments = {"record_id": record_id, "kind": kind, "address": address}
        actor = caller(self._vault, call, "put_contact", **arguments)
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.SET_CONTACT, record_id=record_id)
            if isinstance(found, Denied):
                return found
            self._put(transaction, found, kind, read_contact(kind, address))
            return _own(transaction.rows, found)

    def _put(self, transaction: Transaction, found: Attempt, kind: ContactKind, address: str) -> None:
        tx, card = transaction.rows, found.record.card
        present = open_contact(tx, card, kind)
        forget_code(tx, card, kind)
        if address == present.address:
            _keep(transaction, found, replace(present, pending=None))
            return
        self._count_code(transaction, record_id=card.record_id)
        if present.address is not None and address != present.pending:
            queue_notice(transaction, card, kind=NoticeKind.CONTACT_CHANGED)
        _keep(transaction, found, replace(present, pending=address))
        if kind is ContactKind.EMAIL:
            tx.delete("notice", record_id=card.record_id, recipient=CONTACT)
            queue_notice(transaction, card, kind=NoticeKind.CONTACT_CODE, recipient=CONTACT)

    def _count_code(self, transaction: Transaction, record_id: UUID) -> None:
        """Nobody has this Coffre write to a stranger again and again."""
        subject = self._vault.pseudonym(b"coffre-contact-codes-v1", record_id.bytes)
        counted = transaction.rows.count(subject, transaction.now_ms // HOUR_MS, 1)
        if counted["n"] > CODES_AN_HOUR or counted["n"] + counted["others"] > CODES_A_DAY:
            raise Refused(
                "Codes were asked for too often: wait an hour, and check the address.", code="too_many_codes"
            )

    def confirm_contact(
        self, call: Call, record_id: UUID, kind: ContactKind, code: str
    ) -> OwnContacts | NotConfirmed | Denied:
        """Prove an address by the code that was sent to it, which serves once; a wrong one uses up a try."""
        arguments = {"record_id": record_id, "kind": kind, "code": code}
        actor = caller(self._vault, call, "confirm_contact", **arguments)
        with self._vault.transaction() as transaction:
            found = attempt(
                self._vault, transaction, call, actor, Action.CONFIRM_CONTACT, record_id=record_id
            )
            if isinstance(found, Denied):
                return found
            present = open_contact(transaction.rows, found.record.card, kind)
            sent = open_code(transaction.rows, found.record.card, kind)
            if sent is None or present.pending is None or not sent.is_good(transaction.now):
                return _not_confirmed(transaction, found, NotConfirmed("no_code"))
            if not sent.is_of(code):
                return _wrong(transaction, found, kind, sent)
            _confirm(transaction, found, present)
            return _own(transaction.rows, found)

    def delete_contact(self, call: Call, record_id: UUID, kind: ContactKind) -> OwnContacts | Denied:
        """Keep no address any more; the one that was proven is told. Doing it twice is the same as once."""
        actor = caller(self._vault, call, "delete_contact", record_id=record_id, kind=kind)
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.DELETE_CONTACT, record_id=record_id)
            if isinstance(found, Denied):
                return found
            card = found.record.card
            present = open_contact(transaction.rows, card, kind)
            forget_code(transaction.rows, card, kind)
            _tell_former(transaction, found, present)
            _keep(transaction, found, Contact(kind, present.version))
            return _own(transaction.rows, found)


def _own(tx: VaultTransaction, found: Attempt) -> OwnContacts:
    return OwnContacts(tuple(_own_contact(tx, found, kind) for kind in ContactKind))


def _own_contact(tx: VaultTransaction, found: Attempt, kind: ContactKind) -> OwnContact:
    contact, code = open_contact(tx, found.record.card, kind), open_code(tx, found.record.card, kind)
    own = OwnContact(kind, contact.address, contact.since, contact.pending)
    if code is None or not code.is_good(found.request.now):
        return own
    return replace(own, tries_left=code.tries_left, code_until=code.until)


def _confirm(transaction: Transaction, found: Attempt, present: Contact) -> None:
    forget_code(transaction.rows, found.record.card, present.kind)
    _tell_former(transaction, found, present)
    proven = replace(present, address=present.pending, since=transaction.now, pending=None)
    _keep(transaction, found, proven)


def _tell_former(transaction: Transaction, found: Attempt, present: Contact) -> None:
    """One more message to the address that gets none from now on."""
    if present.kind is ContactKind.EMAIL and present.address is not None:
        kind, former = NoticeKind.CONTACT_CHANGED, present.address
        queue_notice(transaction, found.record.card, kind=kind, address=former)


def _keep(transaction: Transaction, found: Attempt, contact: Contact) -> None:
    kept, digest = store_contact(transaction.rows, found.record.card, contact)
    told = {"contact": kept.kind.value, "contact_version": kept.version, "contact_digest": digest}
    transaction.append(found.record.chain, found.event(details=told))


def _wrong(transaction: Transaction, found: Attempt, kind: ContactKind, sent: Code) -> NotConfirmed:
    left = sent.tries_left - 1
    store_code(transaction.rows, found.record.card, kind, replace(sent, tries_left=left))
    return _not_confirmed(transaction, found, NotConfirmed("wrong_code", left))


def _not_confirmed(transaction: Transaction, found: Attempt, answer: NotConfirmed) -> NotConfirmed:
    transaction.append(found.record.chain, found.event(details={"failed": answer.code}))
    return answer
