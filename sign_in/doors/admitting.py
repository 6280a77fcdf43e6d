"""The end of every door for patients: a session of this browser, and word to the holder of a new device."""

from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys, Named
from records.text.base64url import b64
from records.vocabulary.codes import Role
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account
from sign_in.accounts.devices import Devices, Met
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.sending import Carrier, new_device, tell
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountTransaction
from sign_in.tokens.proven import Means, Proven
from sign_in.watching.events import Noted, Witness


class Admitting:
    """Lets a person in whom a door has recognised."""

    def __init__(
        self,
        keys: AccountKeys,
        sessions: Sessions,
        carrier: Carrier,
        witness: Witness,
        clock: Callable[[], float],
    ) -> None:
        self._keys, self._sessions, self._carrier, self._clock = keys, sessions, carrier, clock
        self._witness = witness
        self._devices = Devices(keys)

    def admit(
        self, tx: AccountTransaction, account: Account, visitor: Visitor, means: Means, leads_to: str
    ) -> tuple[Admitted, Met]:
        now = int(self._clock())
        self._sessions.leave(tx, visitor.session)
        met = self._devices.meet(tx, account.account_id, visitor.device, visitor.label, now * 1000)
        session = self._sessions.begin(tx, account.account_id, met, self._proven(account, means, now))
        return Admitted(session, met.secret, leads_to), met

    def tell(self, account: Account, met: Met, visitor: Visitor) -> None:
        """Once it is kept. Who cannot be told is signed in all the same, and sees the device in the list."""
        who = self._keys.pseudonym(account.identifier)
        self._witness.note(Noted(DoorEvent.SIGNED_IN, who, visitor.address))
        if met.is_new:
            self._witness.note(Noted(DoorEvent.NEW_DEVICE, who, visitor.address))
            tell(self._carrier, new_device(account), "a new device")

    def _proven(self, account: Account, means: Means, now: int) -> Proven:
        return proven_holder(self._keys, account, means, now)


def proven_holder(keys: AccountKeys, account: Account, means: Means, now: int) -> Proven:
    """The patient whose account it is (`now`: unix seconds)."""
    subject = f"ins-hmac:{b64(keys.name(Named.SUBJECT, account.ins))}"
    return Proven(Role.PATIENT, subject, {"ins": account.ins}, means, now)
