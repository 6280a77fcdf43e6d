"""The door of patients who come by a provider of identities (FranceConnect) that they have linked themselves.

The provider tells no INS, and traits alone are two people's too often: whose account it is was shown once,
from a session of that account. Whoever proves the same subject again may enter it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys
from records.errors import CoffreError
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.linked import LinkedIdentities
from sign_in.doors.admitting import Admitting, proven_holder
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.federation.provider import FederationRefused
from sign_in.passkeys.own import SignInAgain
from sign_in.sending import Carrier, identity_linked
from sign_in.sessions.own import SignedOut
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness
from sign_in.watching.outbox import Outbox

log = logging.getLogger("coffre.sign_in")


class LinkedIdentityDoor:
    """`code` is that of the asking browser's session cookie, `subject` what the provider calls somebody."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        issuer: str,
        sessions: Sessions,
        admitting: Admitting,
        carrier: Carrier,
        witness: Witness,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._keys, self._sessions, self._admitting = store, keys, sessions, admitting
        self._carrier, self._witness, self._clock = carrier, witness, clock
        self._outbox = outbox
        self._rows, self._linked, self._issuer = AccountRows(keys), LinkedIdentities(keys), issuer

    def enter(self, subject: str, visitor: Visitor, leads_to: str) -> Admitted:
        """Signs in. Raises `FederationRefused` "federation_not_linked"."""
        with self._store.writing() as tx:
            account_id = self._linked.holder(tx, self._issuer, subject)
            account = None if account_id is None else self._rows.of_id(tx, account_id, lock=True)
            if account is None or account.state is not AccountState.ACTIVE:
                raise FederationRefused(
                    "No account is linked to this identity. Sign in by another way and link it.",
                    code="federation_not_linked",
                )
            admitted, met = self._admitting.admit(tx, account, visitor, Means.FRANCE_CONNECT, leads_to)
        self._note(DoorEvent.SIGNED_IN, account, visitor)
        if met.is_new:
            self._note(DoorEvent.NEW_DEVICE, account, visitor)
        self._admitting.tell(account, met)
        return admitted

    def refused(self, visitor: Visitor) -> None:
        """What somebody brought back signs nobody in."""
        self._witness.note(Noted(DoorEvent.PROVIDER_REFUSED, "", visitor.address))

    def is_linked(self, code: str | None) -> bool:
        """Raises `SignedOut`, for whoever has no account as well."""
        with self._store.reading() as tx:
            account, _ = self._account(tx, code)
            return self._linked.is_linked(tx, account.account_id)

    def begin(self, code: str | None) -> str:
        """The session that links an identity. Raises `SignedOut` or `SignInAgain`."""
        with self._changing(code) as (_, _, session_id):
            return str(session_id)

    def link(self, code: str | None, began: str, subject: str, visitor: Visitor) -> None:
        """For the session that `began`. Raises `FederationRefused`, `Conflict`, and as `begin`."""
        with self._changing(code) as (tx, account, session_id):
            if str(session_id) != began:
                raise FederationRefused(
                    "This answer does not belong to this session. Begin again.", code="federation_state"
                )
            now_ms = int(self._clock() * 1000)
            self._linked.link(tx, account.account_id, self._issuer, subject, now_ms)
            self._keep(tx, DoorEvent.IDENTITY_LINKED, account)
        self._note(DoorEvent.IDENTITY_LINKED, account, visitor)
        try:
            self._carrier.carry(identity_linked(account))
        except CoffreError as error:
            log.warning("a linked identity could not be told", extra={"code": error.code})

    def unlink(self, code: str | None, visitor: Visitor) -> None:
        """Raises as `begin`."""
        with self._changing(code) as (tx, account, _):
            self._linked.unlink(tx, account.account_id)
            self._keep(tx, DoorEvent.IDENTITY_UNLINKED, account)
        self._note(DoorEvent.IDENTITY_UNLINKED, account, visitor)

    def _keep(self, tx: AccountTransaction, event: DoorEvent, account: Account) -> None:
        """For the log of the person who is signed in."""
        self._outbox.arrived(tx, event, proven_holder(self._keys, account, Means.SESSION, int(self._clock())))

    @contextmanager
    def _changing(self, code: str | None) -> Iterator[tuple[AccountTransaction, Account, UUID]]:
        with self._store.writing() as tx:
            account, session_id = self._account(tx, code)
            if not self._sessions.is_fresh(tx, session_id):
                raise SignInAgain
            yield tx, account, session_id

    def _account(self, tx: AccountTransaction, code: str | None) -> tuple[Account, UUID]:
        found = self._sessions.account_of(tx, code)
        account = None if found is None else self._rows.of_id(tx, found[0])
        if found is None or account is None or account.state is not AccountState.ACTIVE:
            raise SignedOut
        return account, found[1]

    def _note(self, event: DoorEvent, account: Account, visitor: Visitor) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(account.identifier), visitor.address))
