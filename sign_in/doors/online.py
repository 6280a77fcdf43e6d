"""The door at which a person asks for an account online: the identifier is shown, the code comes by letter.

Whoever asks proves nothing, so that nothing depends on whose number was typed: no account is looked for, none
is touched, no message leaves. The letter to the postal address that the host knows is the proof.
"""

from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.people.contacts import kind_of
from records.people.identity import INS
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import IDENTIFIER_LETTERS, in_groups, new_code
from sign_in.accounts.letters import Letters
from sign_in.accounts.online import AskedAccount, AskedAccounts
from sign_in.accounts.opening import address_of
from sign_in.accounts.purposes import Purpose
from sign_in.accounts.tries import TooManyTries, Tries
from sign_in.doors.visitor import Visitor
from sign_in.sending import Carrier
from sign_in.store import AccountStore
from sign_in.watching.events import Noted, Witness


class OnlineDoor:
    """Asks for accounts; `LetterDoor` opens them, with the letter's code."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        carrier: Carrier,
        witness: Witness,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._keys, self._carrier = store, keys, carrier
        self._witness, self._clock = witness, clock
        self._asked, self._letters, self._tries = AskedAccounts(keys), Letters(keys), Tries(keys)

    def ask(self, ins: INS, contact: str, language: str, visitor: Visitor) -> str:
        """The identifier, for the screen. Raises `Invalid` "bad_contact" or "no_carrier", `TooManyTries`."""
        kind = kind_of(contact)
        asked = AskedAccount(
            identifier=new_code(IDENTIFIER_LETTERS),
            ins=ins.value,
            kind=kind,
            contact=address_of(self._carrier, kind, contact),
            language=language,
        )
        try:
            self._keep(asked, visitor)
        except TooManyTries:
            self._note(DoorEvent.PAUSED, asked, visitor)
            raise
        self._note(DoorEvent.ACCOUNT_ASKED, asked, visitor)
        return in_groups(asked.identifier, 5)

    def _keep(self, asked: AskedAccount, visitor: Visitor) -> None:
        now = int(self._clock() * 1000)
        with self._store.writing() as tx:
            self._tries.forget(tx, now)
            self._tries.count_all(tx, self._tries.of_online(visitor.address), now)
            self._tries.count(tx, self._tries.of_online_person(visitor.address, asked.ins), now)
            self._asked.add(tx, asked, now)
            self._letters.ask(tx, self._asked.person_id(asked.ins), Purpose.ONLINE, now)

    def _note(self, event: DoorEvent, asked: AskedAccount, visitor: Visitor) -> None:
        self._witness.note(Noted(event, self._keys.pseudonym(asked.identifier), visitor.address))
