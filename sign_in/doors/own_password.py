"""A person's own password: another in its place, from a session that is fresh, by whoever knows the present
one.
"""

from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import AccountRows
from sign_in.accounts.devices import Devices
from sign_in.accounts.passwords import Passwords
from sign_in.accounts.tries import Tries
from sign_in.doors.own_account import OwnAccount
from sign_in.doors.password import WrongPassword
from sign_in.doors.visitor import Visitor
from sign_in.sending import Carrier, own_password_changed, tell
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore


class OwnPassword:
    """`code` is that of the asking browser's session cookie."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        passwords: Passwords,
        sessions: Sessions,
        own: OwnAccount,
        carrier: Carrier,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._passwords, self._sessions, self._own = store, passwords, sessions, own
        self._carrier, self._clock = carrier, clock
        self._rows, self._devices, self._tries = AccountRows(keys), Devices(keys), Tries(keys)

    def check(self, code: str | None) -> None:
        """Raises `SignedOut` or `SignInAgain`."""
        with self._own.changing(code):
            pass

    def change(self, code: str | None, present: str, new: str, visitor: Visitor) -> None:
        """The new one counts from now on; all other sessions end, and other browsers are met anew. Raises
        `WrongPassword`, `TooManyTries`, `Conflict`, as `Passwords.choose`, and as `check`.
        """
        with self._own.changing(code) as (tx, account, session_id):
            whose = self._tries.of_device(f"change {account.account_id}", session_id.bytes)
            self._tries.count(tx, whose, int(self._clock() * 1000))
        if not self._passwords.holds(present, account.password):
            self._own.note(DoorEvent.FIRST_STEP_WRONG, account, visitor, account.ins)
            raise WrongPassword
        hashed = self._passwords.choose(new, beside=account.identifier)
        with self._own.changing(code) as (tx, _, session_id):
            self._rows.change(tx, account, password=hashed)
            self._tries.forgive(tx, whose)
            self._devices.forget_all(tx, account.account_id, but=self._sessions.device_of(tx, session_id))
            self._sessions.end(tx, account.account_id, but=session_id)
            self._own.keep(tx, DoorEvent.CHOSEN, account)
        self._own.note(DoorEvent.CHOSEN, account, visitor)
        tell(self._carrier, own_password_changed(account), "a changed password")
