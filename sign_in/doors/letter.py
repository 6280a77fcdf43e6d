"""The door of a letter: a first visit with consent, and a new password for who has lost theirs.

Identifier and code came by two channels; together they choose a password. Nobody is signed in by them: the
first sign-in proves the address that codes are sent to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from keyvault.credentials.account_keys import AccountKeys
from records.errors import Invalid, Refused
from records.people.contacts import kind_of, read_contact
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState, as_read
from sign_in.accounts.devices import Devices
from sign_in.accounts.letters import Letters
from sign_in.accounts.linked import LinkedIdentities
from sign_in.accounts.new_contacts import NewContacts, at, is_same
from sign_in.accounts.online import AskedAccount, AskedAccounts
from sign_in.accounts.opening import address_of, make_room
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.purposes import Purpose
from sign_in.accounts.tries import Tries
from sign_in.doors.admitting import proven_holder
from sign_in.doors.visitor import Visitor
from sign_in.passkeys.passkey import Passkeys
from sign_in.sending import Carrier, contact_code, password_changed, tell
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness
from sign_in.watching.outbox import Outbox


class WrongLetter(Refused):
    code = "wrong_letter"

    def __init__(self) -> None:
        super().__init__(
            "Identifier and code of the letter do not go together, or the code was used: check both."
        )


class WrongContact(Invalid):
    code = "wrong_contact"

    def __init__(self) -> None:
        super().__init__(
            "This is not the address or telephone given when the account was asked for online: give the "
            "same, or ask for the account anew. The code of the letter stays good."
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """`device`: the secret for the cookie of this browser. `asks_contact`: a code left for a new address, and
    proves it.
    """

    device: str = field(repr=False)
    asks_contact: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    account: Account = field(repr=False)
    was_here: bool
    device: str = field(repr=False)
    to_prove: tuple[Account, str] | None = field(repr=False)


class LetterDoor:
    """Chooses a password by the code of a letter."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        passwords: Passwords,
        sessions: Sessions,
        carrier: Carrier,
        witness: Witness,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._passwords, self._sessions = store, passwords, sessions
        self._keys, self._witness, self._outbox = keys, witness, outbox
        self._carrier, self._clock = carrier, clock
        self._rows, self._letters, self._tries = AccountRows(keys), Letters(keys), Tries(keys)
        self._devices, self._passkeys = Devices(keys), Passkeys(keys)
        self._linked, self._asked = LinkedIdentities(keys), AskedAccounts(keys)
        self._new_contacts = NewContacts(keys)

    def choose(
        self, identifier: str, code: str, password: str, visitor: Visitor, contact: str = ""
    ) -> Chosen:
        """The password counts from now on; every session of before ends, and no stranger's tries keep this
        browser out. Whoever calls has shown what the holder agrees to. `contact`: of an account asked for
        online, the one given then, so that nobody is led to confirm what a stranger asked for; of any other,
        a new one to which a code leaves (`ContactDoor` takes it). Raises `WrongLetter`, `WrongContact`,
        `TooManyTries`, `Invalid` "bad_contact" or "no_carrier", or as `Passwords.choose`.
        """
        told = as_read(identifier)
        # of the account nothing is counted: nobody guesses such a code, and nobody keeps its holder waiting
        with self._store.writing() as tx:
            self._tries.count_all(tx, self._tries.of_address(visitor.address), self._now_ms())
        hashed = self._passwords.choose(password, beside=told)  # before the code is used up
        try:
            kept = self._chosen(told, code, hashed, visitor, contact)
        except WrongLetter:
            self._note(DoorEvent.LETTER_WRONG, told, visitor)
            raise
        self._note(DoorEvent.CHOSEN, told, visitor)
        if kept.was_here:
            tell(self._carrier, password_changed(kept.account), "a changed password")
        if kept.to_prove is not None:
            tell(self._carrier, contact_code(*kept.to_prove), "the code of a new contact")
        return Chosen(kept.device, asks_contact=kept.to_prove is not None)

    def _chosen(self, told: str, code: str, hashed: str, visitor: Visitor, contact: str) -> _Kept:
        with self._store.writing() as tx:
            account = self._rows.of_identifier(tx, told)
            is_online = account is None
            if account is None:
                account = self._confirmed(tx, told, code, contact)
            elif not self._used(tx, account.account_id, code):
                raise WrongLetter
            was_here = account.state is AccountState.ACTIVE
            account = self._changed(tx, account, hashed, visitor)
            device = self._devices.expect(
                tx, account.account_id, visitor.device, visitor.label, self._now_ms()
            )
            to_prove = None if is_online else self._to_prove(tx, account, contact, visitor)
            who = proven_holder(self._keys, account, Means.LETTER, self._now_ms() // 1000)
            self._outbox.arrived(tx, DoorEvent.CHOSEN, who)
        return _Kept(account, was_here, device, to_prove)

    def _changed(self, tx: AccountTransaction, account: Account, hashed: str, visitor: Visitor) -> Account:
        """With its new password, and without every way in of before."""
        self._asked.end(tx, account.ins)
        self._letters.end(tx, self._asked.person_id(account.ins), Purpose.ONLINE)
        changes = {"state": AccountState.ACTIVE, "password": hashed}
        account = self._rows.change(tx, account, terms_at=account.terms_at or self._now_ms(), **changes)
        self._tries.take_back_all(tx, self._tries.of_address(visitor.address), self._now_ms())
        self._tries.forgive(tx, self._tries.of_codes(account.account_id, b""))
        self._tries.forgive(tx, self._tries.of_new_contacts(account.account_id))
        self._sessions.end(tx, account.account_id)
        self._devices.forget_all(tx, account.account_id)
        self._passkeys.remove_all(tx, account.account_id)  # whoever was in may have made one
        self._linked.unlink(tx, account.account_id)
        return account

    def _to_prove(
        self, tx: AccountTransaction, account: Account, contact: str, visitor: Visitor
    ) -> tuple[Account, str] | None:
        """The account as it would be at a new address, and the code for that. Raises as `address_of`, and
        then the letter's code was not used.
        """
        if not contact.strip():
            return None
        address = address_of(self._carrier, kind_of(contact), contact)
        if is_same(account, address):
            return None
        return at(account, address), self._new_contacts.begin(
            tx, account, address, "", visitor.browser, self._now_ms()
        )

    def _used(self, tx: AccountTransaction, place: UUID, code: str) -> bool:
        return self._letters.use(tx, place, code, self._now_ms()) is not None

    def _confirmed(self, tx: AccountTransaction, told: str, code: str, contact: str) -> Account:
        """The account that this identifier was asked online for: the code is the person's, whoever asked."""
        asked = self._asked.of_identifier(tx, told, self._now_ms())
        if asked is None or not self._used(tx, self._asked.person_id(asked.ins), code):
            raise WrongLetter
        if not _is_given(asked, contact):
            raise WrongContact
        make_room(tx, self._rows, self._letters, asked.ins)
        account = Account(
            account_id=uuid4(),
            state=AccountState.NEW,
            identifier=asked.identifier,
            ins=asked.ins,
            kind=asked.kind,
            contact=asked.contact,
            language=asked.language,
        )
        self._rows.add(tx, account, self._now_ms())
        by = proven_holder(self._keys, account, Means.LETTER, self._now_ms() // 1000)
        self._outbox.opened(tx, by, account.ins)
        return account

    def _note(self, event: DoorEvent, identifier: str, visitor: Visitor) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(identifier), visitor.address))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _is_given(asked: AskedAccount, contact: str) -> bool:
    try:
        return read_contact(asked.kind, contact).casefold() == asked.contact.casefold()
    except Invalid:
        return False
