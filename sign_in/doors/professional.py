"""The end of the doors for professionals: a place to act from, then a session of this browser.

Between two requests who was recognised is a sealed row that serves once: the way from the name of cards to
that of people (`hand_over`, `receive`), and the choice of a place by who has several (`enter`, `choose`).
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.errors import Refused
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.devices import Devices, Met
from sign_in.doors.recognised import RecognisedProfessional, from_json, to_json
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.sessions.sessions import Sessions
from sign_in.store import AccountStore, AccountTransaction
from sign_in.watching.events import Noted, Witness

HANDOVER_MS = 60_000
CHOICE_MS = 10 * 60_000


class NothingWaits(Refused):
    code = "nothing_waits"

    def __init__(self) -> None:
        super().__init__("This sign-in took too long, or ended elsewhere. Begin again.")


class ProfessionalDoor:
    """Lets professionals in whom a card or a provider has recognised."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        sessions: Sessions,
        witness: Witness,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._keys, self._sessions, self._clock = store, keys, sessions, clock
        self._witness = witness
        self._devices = Devices(keys)

    def hand_over(self, who: RecognisedProfessional, state: str) -> str:
        """A code that brings `who` to the browser in which the sign-in of this `state` began."""
        code = secrets.token_urlsafe(32)
        with self._store.writing() as tx:
            self._keep(tx, self._of_code(code), who, {"state": state}, HANDOVER_MS)
        return code

    def receive(self, code: str, state: str) -> RecognisedProfessional:
        """Who was handed over by that code, once. Raises `NothingWaits`, also for another state."""
        with self._store.writing() as tx:
            found = self._taken(tx, self._of_code(code))
        if found is None or not hmac.compare_digest(found["state"].encode(), state.encode()):
            raise NothingWaits
        return from_json(found["who"])

    def enter(self, who: RecognisedProfessional, visitor: Visitor, leads_to: str) -> Admitted | None:
        """Signs in; None where he has to choose a place first."""
        with self._store.writing() as tx:
            if len(who.practices) > 1:
                self._keep(tx, self._of_browser(visitor), who, {"leads_to": leads_to}, CHOICE_MS)
                return None
            admitted, met = self._admit(tx, who, 0, visitor, leads_to)
        self._note(who, met, visitor)
        return admitted

    def refused(self, visitor: Visitor) -> None:
        """What he brought back from a provider signs nobody in."""
        self._witness.note(Noted(DoorEvent.PROVIDER_REFUSED, "", visitor.address))

    def waiting(self, visitor: Visitor) -> RecognisedProfessional:
        """Who has to choose in this browser. Raises `NothingWaits`."""
        with self._store.reading() as tx:
            found = self._opened(tx, self._of_browser(visitor))
        if found is None:
            raise NothingWaits
        return from_json(found["who"])

    def choose(self, visitor: Visitor, number: int) -> Admitted:
        """Signs in at the place of that number, from 0. Raises `NothingWaits`."""
        with self._store.writing() as tx:
            found = self._taken(tx, self._of_browser(visitor))
            who = None if found is None else from_json(found["who"])
            if found is None or who is None or not 0 <= number < len(who.practices):
                raise NothingWaits
            admitted, met = self._admit(tx, who, number, visitor, found["leads_to"])
        self._note(who, met, visitor)
        return admitted

    def _admit(
        self,
        tx: AccountTransaction,
        who: RecognisedProfessional,
        number: int,
        visitor: Visitor,
        leads_to: str,
    ) -> tuple[Admitted, Met]:
        account, now = self._account(who), int(self._clock())
        self._sessions.leave(tx, visitor.session)
        met = self._devices.meet(tx, account, visitor.device, visitor.label, now * 1000)
        session = self._sessions.begin(tx, account, met, who.acting(who.practices[number]))
        return Admitted(session, met.secret, leads_to), met

    def _note(self, who: RecognisedProfessional, met: Met, visitor: Visitor) -> None:
        """Once it is kept."""
        for event in (DoorEvent.SIGNED_IN, *([DoorEvent.NEW_DEVICE] if met.is_new else [])):
            self._witness.note(Noted(event, self._keys.pseudonym(who.subject), visitor.address))

    def _account(self, who: RecognisedProfessional) -> UUID:
        """What his sessions and devices are listed under; he has no account of ours."""
        return UUID(bytes=self._keys.name(Named.PERSON, who.subject)[:16])

    def _keep(
        self,
        tx: AccountTransaction,
        row: bytes,
        who: RecognisedProfessional,
        more: Mapping[str, str],
        life_ms: int,
    ) -> None:
        now = self._now_ms()
        tx.delete("entry", entry=row)
        tx.delete("entry", expires__le=now)
        sealed = self._keys.seal(Sealed.PROFESSIONAL, row, {"who": to_json(who), **more})
        tx.insert_new(
            "entry",
            {
                "entry": row,
                "account_id": self._account(who),
                "code": b"",
                "tries": 0,
                "expires": now + life_ms,
                "sealed": sealed,
            },
        )

    def _opened(self, tx: AccountTransaction, row: bytes, *, lock: bool = False) -> dict[str, Any] | None:
        found = tx.get("entry", lock=lock, entry=row)
        if found is None or found["expires"] <= self._now_ms():
            return None
        return self._keys.open(Sealed.PROFESSIONAL, row, found["sealed"])

    def _taken(self, tx: AccountTransaction, row: bytes) -> dict[str, Any] | None:
        found = self._opened(tx, row, lock=True)
        # whoever comes second with the same code finds nothing to delete
        return found if tx.delete("entry", entry=row) == 1 else None

    def _of_code(self, code: str) -> bytes:
        return self._keys.name(Named.ENTRY, "handover", code)

    def _of_browser(self, visitor: Visitor) -> bytes:
        return self._keys.name(Named.ENTRY, "choice", visitor.browser)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
