"""Messages that somebody asked for who proved nothing: they leave beside the request, which tells nothing."""

from collections.abc import Callable
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys
from records.errors import CoffreError
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.letters import Letters
from sign_in.sending import Carrier, browser_code
from sign_in.store import AccountStore, AccountTransaction
from sign_in.watching.outbox import Outbox

AT_ONCE = 100


class AskedMessages:
    """Any number of processes may send: each code is drawn by one of them."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        carrier: Carrier,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._carrier, self._outbox, self._clock = store, carrier, outbox, clock
        self._rows, self._letters = AccountRows(keys), Letters(keys)

    def send(self) -> bool:
        """Whether more may wait. Raises CoffreError "message_not_sent" where one could not leave: it is asked
        for still, and the others left.
        """
        now = int(self._clock() * 1000)
        with self._store.reading() as tx:
            places = self._letters.messages(tx, now, AT_ONCE)
        if not places:
            return False
        with self._store.writing() as tx:
            drawn = [each for place in places if (each := self._drawn(tx, place, now)) is not None]
        failed = [error for account, code in drawn if (error := self._sent(account, code)) is not None]
        if failed:
            raise failed[0]
        return len(places) == AT_ONCE

    def _drawn(self, tx: AccountTransaction, place: UUID, now: int) -> tuple[Account, str] | None:
        """The code of what nobody has an account for is drawn as well, and nobody's."""
        code, account = self._letters.draw_asked(tx, place, now), self._rows.of_id(tx, place)
        if code is None or account is None or account.state is not AccountState.ACTIVE:
            return None
        self._outbox.asked(tx, DoorEvent.BROWSER_ASKED, account.ins)
        return account, code

    def _sent(self, account: Account, code: str) -> CoffreError | None:
        try:
            self._carrier.carry(browser_code(account, code))
        except CoffreError as error:
            with self._store.writing() as tx:
                self._letters.put_back(tx, account.account_id, code)
            return error
        return None
