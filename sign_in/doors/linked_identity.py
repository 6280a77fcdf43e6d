"""The door of patients who come by a provider of identities (FranceConnect) that they have linked themselves.

The provider tells no INS, and traits alone are two people's too often: whose account it is was shown once,
from a session of that account. Whoever proves the same subject again may enter it.
"""

import logging
from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import AccountRows, AccountState
from sign_in.accounts.linked import LinkedIdentities
from sign_in.doors.admitting import Admitting
from sign_in.doors.own_account import OwnAccount
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.federation.provider import FederationRefused
from sign_in.sending import Carrier, identity_linked, tell
from sign_in.store import AccountStore
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness

log = logging.getLogger("coffre.sign_in")


class LinkedIdentityDoor:
    """`code` is that of the asking browser's session cookie, `subject` what the provider calls somebody."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        issuer: str,
        own: OwnAccount,
        admitting: Admitting,
        carrier: Carrier,
        witness: Witness,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._own, self._admitting, self._carrier = store, own, admitting, carrier
        self._witness, self._clock = witness, clock
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
        self._admitting.tell(account, met, visitor)
        return admitted

    def refused(self, visitor: Visitor) -> None:
        """What somebody brought back signs nobody in."""
        self._witness.note(Noted(DoorEvent.PROVIDER_REFUSED, "", visitor.address))

    def is_linked(self, code: str | None) -> bool:
        """Raises `SignedOut`, for whoever has no account as well."""
        with self._store.reading() as tx:
            account, _ = self._own.of(tx, code)
            return self._linked.is_linked(tx, account.account_id)

    def begin(self, code: str | None) -> str:
        """The session that links an identity. Raises `SignedOut` or `SignInAgain`."""
        with self._own.changing(code) as (_, _, session_id):
            return str(session_id)

    def link(self, code: str | None, began: str, subject: str, visitor: Visitor) -> None:
        """For the session that `began`. Raises `FederationRefused`, `Conflict`, and as `begin`."""
        with self._own.changing(code) as (tx, account, session_id):
            if str(session_id) != began:
                raise FederationRefused(
                    "This answer does not belong to this session. Begin again.", code="federation_state"
                )
            now_ms = int(self._clock() * 1000)
            self._linked.link(tx, account.account_id, self._issuer, subject, now_ms)
            self._own.keep(tx, DoorEvent.IDENTITY_LINKED, account)
        self._own.note(DoorEvent.IDENTITY_LINKED, account, visitor)
        tell(self._carrier, identity_linked(account), "a linked identity")

    def unlink(self, code: str | None, visitor: Visitor) -> None:
        """Raises as `begin`."""
        with self._own.changing(code) as (tx, account, _):
            self._linked.unlink(tx, account.account_id)
            self._own.keep(tx, DoorEvent.IDENTITY_UNLINKED, account)
        self._own.note(DoorEvent.IDENTITY_UNLINKED, account, visitor)
