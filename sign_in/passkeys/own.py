"""A person's own passkeys: seen, made, named and removed from a session that is fresh.

An account has its password for good, so that to remove the last passkey shuts nobody out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys
from records.errors import Refused
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account
from sign_in.doors.own_account import OwnAccount
from sign_in.doors.visitor import Visitor
from sign_in.passkeys.ceremonies import challenge_of_making, made, making
from sign_in.passkeys.challenges import Challenges, Use
from sign_in.passkeys.passkey import Passkey, Passkeys, read_label
from sign_in.passkeys.relying_party import RelyingParty
from sign_in.sending import Carrier, new_passkey, tell
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore

SHOWN_LETTERS = 4
"""Of the identifier, in the lists that authenticators and their clouds show: enough to tell a couple's two
passkeys apart, and neither name nor number, nor what signs in.
"""


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
        own: OwnAccount,
        carrier: Carrier,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._party, self._sessions, self._own = store, party, sessions, own
        self._carrier, self._clock = carrier, clock
        self._passkeys, self._challenges = Passkeys(keys), Challenges(keys)

    def show(self, code: str | None) -> ShownPasskeys:
        """Raises `SignedOut` or `NoAccount`."""
        with self._store.reading() as tx:
            account, session_id = self._own.of(tx, code, NoAccount)
            found = self._passkeys.all(tx, account.account_id)
            is_fresh = self._sessions.is_fresh(tx, session_id)
        named = [(self._passkeys.name(each.credential).hex(), each) for each in found]
        return ShownPasskeys(named, self._making(account, session_id, found) if is_fresh else None)

    def add(self, code: str | None, text: str, label: str, visitor: Visitor) -> None:
        """Raises `PasskeyRefused`, `ChallengeLapsed`, `Conflict`, `Invalid`, and as `OwnAccount.changing`."""
        read = read_label(label)
        with self._own.changing(code, NoAccount) as (tx, account, session_id):
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
            self._own.keep(tx, DoorEvent.PASSKEY_ADDED, account)
        self._own.note(DoorEvent.PASSKEY_ADDED, account, visitor)
        tell(self._carrier, new_passkey(account), "a new passkey")

    def rename(self, code: str | None, name: str, label: str) -> None:
        """Raises `NotFound` "no_passkey", `Invalid` "bad_label", `Conflict`, and as `OwnAccount.changing`."""
        read = read_label(label)
        with self._own.changing(code, NoAccount) as (tx, account, _):
            self._passkeys.change(tx, self._passkeys.own(tx, account.account_id, name), label=read)

    def remove(self, code: str | None, name: str, visitor: Visitor) -> None:
        """Raises `NotFound` "no_passkey", and as `OwnAccount.changing`."""
        with self._own.changing(code, NoAccount) as (tx, account, _):
            self._passkeys.remove(tx, self._passkeys.own(tx, account.account_id, name))
            self._own.keep(tx, DoorEvent.PASSKEY_REMOVED, account)
        self._own.note(DoorEvent.PASSKEY_REMOVED, account, visitor)

    def _making(self, account: Account, session_id: UUID, known: list[Passkey]) -> str:
        challenge = self._challenges.draw(Use.MAKING, str(session_id), self._now_ms())
        handle = self._passkeys.handle(account.account_id)
        shown = f"Dossier …{account.identifier[-SHOWN_LETTERS:]}"
        return making(self._party, handle, shown, [each.credential for each in known], challenge)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
