"""The door of a letter: a first visit with consent, and a new password for who has lost theirs.

Identifier and code came by two channels; together they choose a password. Nobody is signed in by them: the
first sign-in proves the address that codes are sent to.
"""

from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.errors import Refused
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState, as_read
from sign_in.accounts.devices import Devices
from sign_in.accounts.letters import Letters
from sign_in.accounts.linked import LinkedIdentities
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.tries import Tries
from sign_in.doors.admitting import proven_holder
from sign_in.doors.visitor import Visitor
from sign_in.passkeys.passkey import Passkeys
from sign_in.sending import Carrier, password_changed, tell
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness
from sign_in.watching.outbox import Outbox


class WrongLetter(Refused):
    code = "wrong_letter"

    def __init__(self) -> None:
        super().__init__(
            "Identifier and code of the letter do not go together, or the code was used: check both."
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
        self._linked = LinkedIdentities(keys)

    def choose(self, identifier: str, code: str, password: str, visitor: Visitor) -> None:
        """The password counts from now on; every session of before ends. Whoever calls has shown what the
        holder agrees to. Raises `WrongLetter`, `TooManyTries`, or as `Passwords.choose`.
        """
        told = as_read(identifier)
        # of the account nothing is counted: nobody guesses such a code, and nobody keeps its holder waiting
        with self._store.writing() as tx:
            self._tries.count(tx, self._tries.of_address(visitor.address), self._now_ms())
        hashed = self._passwords.choose(password, beside=told)  # before the code is used up
        try:
            account, was_here = self._chosen(told, code, hashed, visitor)
        except WrongLetter:
            self._note(DoorEvent.LETTER_WRONG, told, visitor)
            raise
        self._note(DoorEvent.CHOSEN, told, visitor)
        if was_here:
            tell(self._carrier, password_changed(account), "a changed password")

    def _chosen(self, told: str, code: str, hashed: str, visitor: Visitor) -> tuple[Account, bool]:
        """The account with its new password, and whether it had one before."""
        with self._store.writing() as tx:
            account = self._rows.of_identifier(tx, told)
            if account is None or account.state is AccountState.CLOSED:
                raise WrongLetter
            if self._letters.use(tx, account.account_id, code, self._now_ms()) is None:
                raise WrongLetter
            was_here = account.state is AccountState.ACTIVE
            changes = {"state": AccountState.ACTIVE, "password": hashed}
            account = self._rows.change(tx, account, terms_at=account.terms_at or self._now_ms(), **changes)
            self._tries.take_back(tx, self._tries.of_address(visitor.address), self._now_ms())
            self._tries.forgive(tx, self._tries.of_codes(account.account_id, b""))
            self._sessions.end(tx, account.account_id)
            self._devices.forget_all(tx, account.account_id)
            self._passkeys.remove_all(tx, account.account_id)  # whoever was in may have made one
            self._linked.unlink(tx, account.account_id)
            who = proven_holder(self._keys, account, Means.LETTER, self._now_ms() // 1000)
            self._outbox.arrived(tx, DoorEvent.CHOSEN, who)
        return account, was_here

    def ask(self, identifier: str, visitor: Visitor) -> None:
        """A letter leaves for who has an account; nobody learns whether that is so. Raises `TooManyTries`."""
        told = as_read(identifier)
        with self._store.writing() as tx:
            self._tries.count(tx, self._tries.of_address(visitor.address), self._now_ms())
            self._tries.count(tx, self._tries.of_identifier(f"asked {told}"), self._now_ms())
            account = self._rows.of_identifier(tx, told)
            if account is not None and account.state is AccountState.ACTIVE:
                self._letters.ask(tx, account.account_id, self._now_ms())
                self._outbox.asked(tx, DoorEvent.LETTER_ASKED, account.ins)
        self._note(DoorEvent.LETTER_ASKED, told, visitor)

    def _note(self, event: DoorEvent, identifier: str, visitor: Visitor) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(identifier), visitor.address))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
