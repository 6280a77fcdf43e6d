"""The account of whoever is signed in, for what changes the ways into it: from a session that is fresh alone.

Whoever has taken a session over makes no way in that outlasts it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys
from records.errors import CoffreError, Refused
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.doors.admitting import proven_holder
from sign_in.doors.visitor import Visitor
from sign_in.sessions.own import SignedOut
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness
from sign_in.watching.outbox import Outbox


class SignInAgain(Refused):
    code = "sign_in_again"

    def __init__(self) -> None:
        super().__init__("Sign in again to change your ways in.")


class OwnAccount:
    """`code` is that of the asking browser's session cookie."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        sessions: Sessions,
        witness: Witness,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._keys, self._sessions = store, keys, sessions
        self._witness, self._outbox, self._clock = witness, outbox, clock
        self._rows = AccountRows(keys)

    def of(
        self, tx: AccountTransaction, code: str | None, without: type[CoffreError] = SignedOut
    ) -> tuple[Account, UUID]:
        """The account and the session. Raises `SignedOut`, and `without` for who is in and has no account."""
        found = self._sessions.account_of(tx, code)
        if found is None:
            raise SignedOut
        account = self._rows.of_id(tx, found[0])
        if account is None or account.state is not AccountState.ACTIVE:
            raise without
        return account, found[1]

    @contextmanager
    def changing(
        self, code: str | None, without: type[CoffreError] = SignedOut
    ) -> Iterator[tuple[AccountTransaction, Account, UUID]]:
        """Raises as `of`, or `SignInAgain`."""
        with self._store.writing() as tx:
            yield tx, *self.fresh(tx, code, without)

    def fresh(
        self, tx: AccountTransaction, code: str | None, without: type[CoffreError] = SignedOut
    ) -> tuple[Account, UUID]:
        """As `of`. Raises `SignInAgain` as well."""
        account, session_id = self.of(tx, code, without)
        if not self._sessions.is_fresh(tx, session_id):
            raise SignInAgain
        return account, session_id

    def keep(
        self, tx: AccountTransaction, event: DoorEvent, account: Account, means: Means = Means.SESSION
    ) -> None:
        """For the log of the person whose account it is."""
        self._outbox.arrived(tx, event, proven_holder(self._keys, account, means, int(self._clock())))

    def note(
        self, event: DoorEvent, account: Account, visitor: Visitor, failed_at: str | None = None
    ) -> None:
        """Once it is kept. `failed_at`: the INS of who reads of this failure in the own log."""
        who = self._keys.pseudonym(account.identifier)
        self._witness.note(Noted(event, who, visitor.address, failed_at))
