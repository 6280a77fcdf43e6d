"""The door of a letter: a first visit with consent, and a new password for who has lost theirs.

Identifier and code came by two channels; together they choose a password. Nobody is signed in by them: the
first sign-in proves the address that codes are sent to.
"""

from collections.abc import Callable
from uuid import UUID, uuid4

from keyvault.credentials.account_keys import AccountKeys
from records.errors import Invalid, Refused
from records.people.contacts import read_contact
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState, as_read
from sign_in.accounts.devices import Devices
from sign_in.accounts.letters import Letters, Purpose
from sign_in.accounts.linked import LinkedIdentities
from sign_in.accounts.online import AskedAccount, AskedAccounts
from sign_in.accounts.opening import make_room
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.tries import Tries
from sign_in.doors.admitting import proven_holder
from sign_in.doors.visitor import Visitor
from sign_in.passkeys.passkey import Passkeys
from sign_in.sending import Carrier, password_changed, tell
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

    def choose(self, identifier: str, code: str, password: str, visitor: Visitor, contact: str = "") -> str:
        """The password counts from now on; every session of before ends. The secret for the cookie of this
        browser, whose tries count apart: no stranger's keep it out. Whoever calls has shown what the holder
        agrees to. `contact`: of an account asked for online, the one given then, so that nobody is led
        to confirm what a stranger asked for. Raises `WrongLetter`, `WrongContact`, `TooManyTries`, or as
        `Passwords.choose`.
        """
        told = as_read(identifier)
        # of the account nothing is counted: nobody guesses such a code, and nobody keeps its holder waiting
        with self._store.writing() as tx:
            self._tries.count(tx, self._tries.of_address(visitor.address), self._now_ms())
        hashed = self._passwords.choose(password, beside=told)  # before the code is used up
        try:
            account, was_here, device = self._chosen(told, code, hashed, visitor, contact)
        except WrongLetter:
            self._note(DoorEvent.LETTER_WRONG, told, visitor)
            raise
        self._note(DoorEvent.CHOSEN, told, visitor)
        if was_here:
            tell(self._carrier, password_changed(account), "a changed password")
        return device

    def _chosen(
        self, told: str, code: str, hashed: str, visitor: Visitor, contact: str
    ) -> tuple[Account, bool, str]:
        """The account with its new password, whether it had one before, and the secret of this browser."""
        with self._store.writing() as tx:
            account = self._rows.of_identifier(tx, told)
            if account is None:
                account = self._confirmed(tx, told, code, contact)
            elif not self._used(tx, account.account_id, code):
                raise WrongLetter
            self._asked.end(tx, account.ins)
            self._letters.end(tx, self._asked.person_id(account.ins), Purpose.ONLINE)
            was_here = account.state is AccountState.ACTIVE
            changes = {"state": AccountState.ACTIVE, "password": hashed}
            account = self._rows.change(tx, account, terms_at=account.terms_at or self._now_ms(), **changes)
            self._tries.take_back(tx, self._tries.of_address(visitor.address), self._now_ms())
            self._tries.forgive(tx, self._tries.of_codes(account.account_id, b""))
            self._sessions.end(tx, account.account_id)
            self._devices.forget_all(tx, account.account_id)
            device = self._devices.expect(
                tx, account.account_id, visitor.device, visitor.label, self._now_ms()
            )
            self._passkeys.remove_all(tx, account.account_id)  # whoever was in may have made one
            self._linked.unlink(tx, account.account_id)
            who = proven_holder(self._keys, account, Means.LETTER, self._now_ms() // 1000)
            self._outbox.arrived(tx, DoorEvent.CHOSEN, who)
        return account, was_here, device

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
