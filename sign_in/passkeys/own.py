"""A person's own passkeys: seen, made, named and removed from a session that is fresh.

Whoever has taken a session over makes no way in that outlasts it. An account has its password for good, so
that to remove the last passkey shuts nobody out.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys
from records.errors import CoffreError, Refused
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.doors.admitting import proven_holder
from sign_in.doors.visitor import Visitor
from sign_in.passkeys.ceremonies import challenge_of_making, made, making
from sign_in.passkeys.challenges import Challenges, Use
from sign_in.passkeys.passkey import Passkey, Passkeys, read_label
from sign_in.passkeys.relying_party import RelyingParty
from sign_in.sending import Carrier, new_passkey
from sign_in.sessions.own import SignedOut
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness
from sign_in.watching.outbox import Outbox

SHOWN_LETTERS = 4
"""Of the identifier, in the lists that authenticators and their clouds show: enough to tell a couple's two
passkeys apart, and neither name nor number, nor what signs in.
"""
log = logging.getLogger("coffre.sign_in")


class SignInAgain(Refused):
    code = "sign_in_again"

    def __init__(self) -> None:
        super().__init__("Sign in again to change your ways in.")


class NoAccount(Refused):
    code = "passkeys_of_accounts"

    def __init__(self) -> None:
        super().__init__("Passkeys belong to accounts of patients.")


@dataclass(frozen=True, slots=True)
class ShownPasskeys:
    """`making`: JSON for the browser, None where the session is not fresh. `passkeys` by their names."""

    passkeys: list[tuple[str, Passkey]] = field(repr=False)
    making: str | None = field(repr=False)


class OwnPasskeys:
    """`code` is that of the asking browser's session cookie."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        party: RelyingParty,
        sessions: Sessions,
        carrier: Carrier,
        witness: Witness,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._keys, self._party, self._sessions = store, keys, party, sessions
        self._carrier, self._witness, self._clock = carrier, witness, clock
        self._outbox = outbox
        self._rows, self._passkeys, self._challenges = AccountRows(keys), Passkeys(keys), Challenges(keys)

    def show(self, code: str | None) -> ShownPasskeys:
        """Raises `SignedOut` or `NoAccount`."""
        with self._store.reading() as tx:
            account, session_id = self._account(tx, code)
            found = self._passkeys.all(tx, account.account_id)
            is_fresh = self._sessions.is_fresh(tx, session_id)
        named = [(self._passkeys.name(each.credential).hex(), each) for each in found]
        return ShownPasskeys(named, self._making(account, session_id, found) if is_fresh else None)

    def add(self, code: str | None, text: str, label: str, visitor: Visitor) -> None:
        """Raises `PasskeyRefused`, `ChallengeLapsed`, `Conflict`, `Invalid`, and as `_changing`."""
        read = read_label(label)
        with self._changing(code) as (tx, account, session_id):
            challenge = challenge_of_making(text)
            found = made(self._party, text, challenge)
            self._challenges.spend(tx, challenge, Use.MAKING, str(session_id), self._now_ms())
            passkey = Passkey(
                account_id=account.account_id,
                credential=found.credential,
                public=found.public,
                count=found.count,
                verifies=found.verified,
                label=read,
                made_at=self._now_ms(),
            )
            self._passkeys.add(tx, passkey)
            self._keep(tx, DoorEvent.PASSKEY_ADDED, account)
        self._note(DoorEvent.PASSKEY_ADDED, account, visitor)
        self._tell(account)

    def rename(self, code: str | None, name: str, label: str) -> None:
        """Raises `NotFound` "no_passkey", `Invalid` "bad_label", `Conflict`, and as `_changing`."""
        read = read_label(label)
        with self._changing(code) as (tx, account, _):
            self._passkeys.change(tx, self._passkeys.own(tx, account.account_id, name), label=read)

    def remove(self, code: str | None, name: str, visitor: Visitor) -> None:
        """Raises `NotFound` "no_passkey", and as `_changing`."""
        with self._changing(code) as (tx, account, _):
            self._passkeys.remove(tx, self._passkeys.own(tx, account.account_id, name))
            self._keep(tx, DoorEvent.PASSKEY_REMOVED, account)
        self._note(DoorEvent.PASSKEY_REMOVED, account, visitor)

    def _keep(self, tx: AccountTransaction, event: DoorEvent, account: Account) -> None:
        """For the log of the person who is signed in."""
        who = proven_holder(self._keys, account, Means.SESSION, self._now_ms() // 1000)
        self._outbox.arrived(tx, event, who)

    @contextmanager
    def _changing(self, code: str | None) -> Iterator[tuple[AccountTransaction, Account, UUID]]:
        """Raises `SignedOut`, `NoAccount` or `SignInAgain`."""
        with self._store.writing() as tx:
            account, session_id = self._account(tx, code)
            if not self._sessions.is_fresh(tx, session_id):
                raise SignInAgain
            yield tx, account, session_id

    def _account(self, tx: AccountTransaction, code: str | None) -> tuple[Account, UUID]:
        found = self._sessions.account_of(tx, code)
        if found is None:
            raise SignedOut
        account = self._rows.of_id(tx, found[0])
        if account is None or account.state is not AccountState.ACTIVE:
            raise NoAccount
        return account, found[1]

    def _making(self, account: Account, session_id: UUID, known: list[Passkey]) -> str:
        challenge = self._challenges.draw(Use.MAKING, str(session_id), self._now_ms())
        handle = self._passkeys.handle(account.account_id)
        shown = f"Dossier …{account.identifier[-SHOWN_LETTERS:]}"
        return making(self._party, handle, shown, [each.credential for each in known], challenge)

    def _tell(self, account: Account) -> None:
        try:
            self._carrier.carry(new_passkey(account))
        except CoffreError as error:
            log.warning("a new passkey could not be told", extra={"code": error.code})

    def _note(self, event: DoorEvent, account: Account, visitor: Visitor) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(account.identifier), visitor.address))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
