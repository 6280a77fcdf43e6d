"""A person's own sessions and devices: seen, and ended."""

from dataclasses import dataclass
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys
from records.errors import Refused
from sign_in.accounts.account import AccountRows
from sign_in.accounts.devices import Device, Devices
from sign_in.sessions.sessions import OpenSession, Sessions
from sign_in.store import AccountStore


class SignedOut(Refused):
    code = "signed_out"

    def __init__(self) -> None:
        super().__init__("You are not signed in: sign in first.")


@dataclass(frozen=True, slots=True)
class Shown:
    """`here`: the session that asks. Devices are new that were first used after `new_since` (ms). `is_told`:
    the person is written to when a new one comes; of professionals nobody knows an address.
    """

    here: UUID
    sessions: list[OpenSession]
    devices: list[Device]
    new_since: int
    is_told: bool

    def label(self, session: OpenSession) -> str:
        return next((device.label for device in self.devices if device.name == session.device), "")


class OwnSessions:
    """`code` is that of the asking browser's session cookie."""

    def __init__(self, store: AccountStore, keys: AccountKeys, sessions: Sessions) -> None:
        self._store, self._sessions, self._devices = store, sessions, Devices(keys)
        self._rows = AccountRows(keys)

    def show(self, code: str | None) -> Shown:
        """Raises `SignedOut`."""
        with self._store.reading() as tx:
            found = self._sessions.account_of(tx, code)
            if found is None:
                raise SignedOut
            account_id, here = found
            sessions, devices = self._sessions.all(tx, account_id), self._devices.all(tx, account_id)
            is_told = self._rows.of_id(tx, account_id) is not None
            return Shown(here, sessions, devices, self._sessions.new_since(), is_told)

    def end(self, code: str | None, session_id: UUID | None) -> None:
        """Ends one of the person's sessions, or all but the one that asks. Raises `SignedOut`."""
        with self._store.writing() as tx:
            found = self._sessions.account_of(tx, code)
            if found is None:
                raise SignedOut
            account_id, here = found
            if session_id is None:
                self._sessions.end(tx, account_id, but=here)
            else:
                self._sessions.end_one(tx, account_id, session_id)
