"""The door of identifier, password and one-time code (R4).

Who has no account, or another password, is answered alike: same words, status and work, and nobody gets a
message.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keyvault.credentials.account_keys import AccountKeys
from records.errors import CoffreError, Refused
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState, as_read
from sign_in.accounts.devices import Devices
from sign_in.accounts.entries import Entries, Entry, NoCode, WrongCode
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.tries import TooManyTries, Tries, Whose
from sign_in.doors.admitting import Admitting
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.passkeys.passkey import Passkeys
from sign_in.sending import Carrier, sign_in_code
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness

log = logging.getLogger("coffre.sign_in")


class WrongPassword(Refused):
    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("Identifier and password do not go together: check both.")


class PasswordDoor:
    """Two steps: `knock` with identifier and password, `enter` with the code that was sent."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        passwords: Passwords,
        carrier: Carrier,
        admitting: Admitting,
        witness: Witness,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._passwords, self._keys, self._witness = store, passwords, keys, witness
        self._carrier, self._admitting, self._clock = carrier, admitting, clock
        self._rows, self._entries, self._tries = AccountRows(keys), Entries(keys), Tries(keys)
        self._devices, self._passkeys = Devices(keys), Passkeys(keys)

    def knock(self, identifier: str, password: str, visitor: Visitor, leads_to: str = "/") -> None:
        """Sends a code where the password is right, unless a passkey is to come. Raises `WrongPassword`,
        `TooManyTries`, CoffreError "sign_in_busy" or "message_not_sent".
        """
        told = as_read(identifier)
        with self._noting_pauses(told, visitor), self._store.writing() as tx:
            account = self._rows.of_identifier(tx, told)
            counted, at = self._counted(tx, told, account, visitor)
        kept = account.password if account is not None and account.state is AccountState.ACTIVE else None
        if not self._passwords.holds(password, kept) or account is None:
            self._note(DoorEvent.FIRST_STEP_WRONG, told, visitor, account)
            raise WrongPassword
        self._note(DoorEvent.FIRST_STEP, told, visitor)
        entry = Entry(account.account_id, account.version, leads_to)
        with self._store.writing() as tx:  # in the order of counting: no two requests wait for each other
            self._tries.take_back_all(tx, at, self._now_ms())
            self._tries.forgive(tx, counted)
            waits_for_passkey = bool(self._passkeys.usable(tx, account.account_id))
            if waits_for_passkey:  # nothing is sent yet
                self._entries.begin_without_code(tx, visitor.browser, entry, self._now_ms())
        if waits_for_passkey:
            return
        with self._noting_pauses(told, visitor), self._store.writing() as tx:
            self._tries.count(tx, self._codes_for(tx, account, visitor), self._now_ms())
            code = self._entries.begin(tx, visitor.browser, entry, self._now_ms())
        self._send(account, code)

    def send_code(self, visitor: Visitor) -> None:
        """To who has a passkey, and not at hand. Raises `NoCode`, `TooManyTries`, CoffreError
        "message_not_sent".
        """
        with self._store.writing() as tx:
            entry = self._entries.waiting(tx, visitor.browser, self._now_ms())
            account = self._unchanged(tx, entry)
            self._tries.count(tx, self._codes_for(tx, account, visitor), self._now_ms())
            code = self._entries.begin(tx, visitor.browser, entry, self._now_ms())
        self._send(account, code)

    def enter(self, code: str, visitor: Visitor) -> Admitted:
        """Signs in. Raises `WrongCode`, `NoCode` or `TooManyTries`."""
        with self._store.writing() as tx:
            now = self._now_ms()
            entry = self._entries.waiting(tx, visitor.browser, now)
            account = self._unchanged(tx, entry)
            device = self._devices.known(tx, account.account_id, visitor.device) or b""
            whose = self._tries.of_device(f"code {account.account_id}", device)
            self._tries.count(tx, whose, now)
            is_right = self._entries.is_code(tx, visitor.browser, code, now)
            if is_right:
                self._tries.forgive(tx, whose)
                self._tries.forgive(tx, self._codes_for(tx, account, visitor))
                admitted, met = self._admitting.admit(tx, account, visitor, Means.TWO_FACTORS, entry.leads_to)
        if not is_right:  # outside: what was counted stays
            self._note(DoorEvent.CODE_WRONG, account.identifier, visitor, account)
            raise WrongCode
        self._admitting.tell(account, met, visitor)
        return admitted

    def _unchanged(self, tx: AccountTransaction, entry: Entry) -> Account:
        """The account, as it was when its password was right. Raises `NoCode`."""
        account = self._rows.of_id(tx, entry.account_id, lock=True)
        if account is None or account.state is not AccountState.ACTIVE or account.version != entry.version:
            raise NoCode
        return account

    def _codes_for(self, tx: AccountTransaction, account: Account, visitor: Visitor) -> Whose:
        device = self._devices.known(tx, account.account_id, visitor.device) or b""
        return self._tries.of_codes(account.account_id, device)

    @contextmanager
    def _noting_pauses(self, identifier: str, visitor: Visitor) -> Iterator[None]:
        try:
            yield
        except TooManyTries:
            self._note(DoorEvent.PAUSED, identifier, visitor)
            raise

    def _note(
        self, event: DoorEvent, identifier: str, visitor: Visitor, failed_at: Account | None = None
    ) -> None:
        whose = failed_at.ins if failed_at is not None else None
        self._witness.note(Noted(event, self._keys.pseudonym(identifier), visitor.address, whose))

    def _counted(
        self, tx: AccountTransaction, identifier: str, account: Account | None, visitor: Visitor
    ) -> tuple[Whose, list[Whose]]:
        """One more try, before it is judged: whose of the account, and whose of the address."""
        now = self._now_ms()
        self._tries.forget(tx, now)
        device = None if account is None else self._devices.known(tx, account.account_id, visitor.device)
        if device is None:
            whose, at = self._tries.of_identifier(identifier), self._tries.of_address(visitor.address)
        else:  # a stranger at the same address keeps it out no more than one elsewhere
            whose, at = self._tries.of_device(identifier, device), []
        self._tries.count_all(tx, [*at, whose], now)
        return whose, at

    def _send(self, account: Account, code: str) -> None:
        try:
            self._carrier.carry(sign_in_code(account, code))
        except CoffreError as error:
            log.warning("a code could not be sent", extra={"code": error.code})
            raise

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
