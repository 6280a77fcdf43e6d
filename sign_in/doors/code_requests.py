"""The door at which a letter or a message with a code is asked for.

Whoever asks proves nothing: what is done is the same, in the same time, for an identifier that nobody has,
and nothing leaves within the request. Of the identifier nothing is counted: what is under way already is not
sent again, so that no stranger asks in its holder's place.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from keyvault.credentials.account_keys import AccountKeys
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import AccountRows, as_read
from sign_in.accounts.letters import Letters
from sign_in.accounts.purposes import Purpose
from sign_in.accounts.tries import TooManyTries, Tries
from sign_in.doors.visitor import Visitor
from sign_in.store import AccountStore
from sign_in.watching.events import Noted, Witness

EVENTS: Mapping[Purpose, DoorEvent] = MappingProxyType(
    {Purpose.RECOVERY: DoorEvent.LETTER_ASKED, Purpose.BROWSER: DoorEvent.BROWSER_ASKED}
)
"""What may be asked for here, and the event that it is."""


class CodeRequestDoor:
    """The host prints letters (`Printing`); the process of the doors sends messages (`AskedMessages`)."""

    def __init__(
        self, store: AccountStore, keys: AccountKeys, witness: Witness, clock: Callable[[], float]
    ) -> None:
        self._store, self._keys, self._witness, self._clock = store, keys, witness, clock
        self._rows, self._letters, self._tries = AccountRows(keys), Letters(keys), Tries(keys)

    def ask(self, identifier: str, purpose: Purpose, visitor: Visitor) -> None:
        """Raises `TooManyTries`, of an address alone."""
        told, now = as_read(identifier), int(self._clock() * 1000)
        try:
            with self._store.writing() as tx:
                self._tries.forget(tx, now)
                self._tries.count_all(tx, self._tries.of_address(visitor.address), now)
                self._letters.ask(tx, self._rows.place_of(tx, told), purpose, now)
        except TooManyTries:
            self._note(DoorEvent.PAUSED, told, visitor)
            raise
        self._note(EVENTS[purpose], told, visitor)

    def _note(self, event: DoorEvent, identifier: str, visitor: Visitor) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(identifier), visitor.address))
