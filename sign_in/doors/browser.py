"""The door of a browser that nobody knows yet, while strangers try an account without end.

Their tries keep such a browser waiting at the password. A code by message, to the address that codes go to,
makes it one that is expected: its tries count apart, which no stranger takes away (docs/adr/0048).
"""

from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.errors import Refused
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import AccountRows, as_read
from sign_in.accounts.devices import Devices
from sign_in.accounts.letters import Letters
from sign_in.accounts.tries import Tries
from sign_in.doors.visitor import Visitor
from sign_in.store import AccountStore
from sign_in.watching.events import Noted, Witness


class WrongBrowserCode(Refused):
    code = "wrong_browser_code"

    def __init__(self) -> None:
        super().__init__(
            "Identifier and code of the message do not go together, or the code was used: check both."
        )


class BrowserDoor:
    """Nobody is signed in by it."""

    def __init__(
        self, store: AccountStore, keys: AccountKeys, witness: Witness, clock: Callable[[], float]
    ) -> None:
        self._store, self._keys, self._witness, self._clock = store, keys, witness, clock
        self._rows, self._letters = AccountRows(keys), Letters(keys)
        self._tries, self._devices = Tries(keys), Devices(keys)

    def expect(self, identifier: str, code: str, visitor: Visitor) -> str:
        """The secret for the cookie of this browser. Raises `WrongBrowserCode` or `TooManyTries`."""
        told, now = as_read(identifier), int(self._clock() * 1000)
        # of the account nothing is counted: nobody guesses such a code
        with self._store.writing() as tx:
            self._tries.count_all(tx, self._tries.of_address(visitor.address), now)
        with self._store.writing() as tx:
            place = self._rows.place_of(tx, told)
            if self._letters.spend_message(tx, place, code, now):
                self._tries.take_back_all(tx, self._tries.of_address(visitor.address), now)
                return self._devices.expect(tx, place, visitor.device, visitor.label, now)
        self._witness.note(Noted(DoorEvent.LETTER_WRONG, self._keys.pseudonym(told), visitor.address))
        raise WrongBrowserCode
