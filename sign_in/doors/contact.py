"""The door at which a patient says where codes go from now on: by a fresh session, or by a letter's code.

A new address counts once its own code was given back; the address of before is told.
"""

from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.people.contacts import kind_of
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows
from sign_in.accounts.entries import Entry, NoCode, WrongCode
from sign_in.accounts.new_contacts import NewContacts, at
from sign_in.accounts.opening import address_of
from sign_in.accounts.tries import Tries
from sign_in.doors.own_account import OwnAccount
from sign_in.doors.visitor import Visitor
from sign_in.sending import Carrier, contact_changed, contact_code, tell
from sign_in.sessions.own import SignedOut
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means


class ContactDoor:
    """`code` is that of the asking browser's session cookie, where it has one."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        own: OwnAccount,
        carrier: Carrier,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._own, self._carrier, self._clock = store, own, carrier, clock
        self._rows, self._tries, self._new = AccountRows(keys), Tries(keys), NewContacts(keys)

    def check(self, code: str | None, visitor: Visitor) -> None:
        """Whether this browser may ask. Raises `SignedOut` or `SignInAgain`."""
        with self._store.writing() as tx:
            self._whose(tx, code, visitor)

    def ask(self, contact: str, code: str | None, visitor: Visitor) -> None:
        """Sends a code to `contact`. Raises `Invalid` "bad_contact" or "no_carrier", `TooManyTries`,
        CoffreError "message_not_sent", and as `check`.
        """
        address, now = address_of(self._carrier, kind_of(contact), contact), self._now_ms()
        with self._store.writing() as tx:
            account, by = self._whose(tx, code, visitor)
            self._tries.count(tx, self._tries.of_new_contacts(account.account_id), now)
            drawn = self._new.begin(tx, account, address, by, visitor.browser, now)
        self._carrier.carry(contact_code(at(account, address), drawn))

    def enter(self, given: str, code: str | None, visitor: Visitor) -> bool:
        """Codes go to the new address from now on; whether a session asked for that. Raises `WrongCode`,
        `NoCode`, or `SignedOut` where the session that asked is over.
        """
        with self._store.writing() as tx:
            entry, account = self._new.waiting(tx, visitor.browser, self._now_ms())
            self._check_session(tx, entry, code)
            is_right = self._new.is_code(tx, visitor.browser, given, self._now_ms())
            if is_right:
                after = at(account, entry.contact)
                self._rows.change(tx, account, kind=after.kind, contact=after.contact)
                self._tries.forgive(tx, self._tries.of_new_contacts(account.account_id))
                means = Means.SESSION if entry.by else Means.LETTER
                self._own.keep(tx, DoorEvent.CONTACT_CHANGED, account, means)
        if not is_right:  # outside: what was counted stays
            self._own.note(DoorEvent.CODE_WRONG, account, visitor)
            raise WrongCode
        self._own.note(DoorEvent.CONTACT_CHANGED, account, visitor)
        tell(self._carrier, contact_changed(account), "a changed contact")
        return bool(entry.by)

    def _whose(self, tx: AccountTransaction, code: str | None, visitor: Visitor) -> tuple[Account, str]:
        """The account, and the session by which it is changed; none for who gave a letter's code here."""
        try:
            entry, account = self._new.waiting(tx, visitor.browser, self._now_ms())
        except NoCode:
            entry = None
        if entry is not None and not entry.by:
            return account, ""
        found, session_id = self._own.fresh(tx, code)
        return found, str(session_id)

    def _check_session(self, tx: AccountTransaction, entry: Entry, code: str | None) -> None:
        if entry.by and str(self._own.of(tx, code)[1]) != entry.by:
            raise SignedOut

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
