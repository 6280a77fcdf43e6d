"""Messages that somebody asked for who proved nothing: they leave beside the request, which tells nothing."""

import logging
from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.errors import CoffreError
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.letters import DueMessage, Letters
from sign_in.sending import Carrier, browser_code
from sign_in.store import AccountStore, AccountTransaction
from sign_in.watching.outbox import Outbox

log = logging.getLogger("coffre.sign_in")


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
        """The next of them, drawn when it is sent: what ends the process in between costs one code. Whether
        there was one; one that could not leave is due again later.
        """
        now = int(self._clock() * 1000)
        with self._store.reading() as tx:
            due = self._letters.next_message(tx, now)
        if due is None:
            return False
        with self._store.writing() as tx:
            drawn = self._drawn(tx, due, now)
        if drawn is not None:
            self._carry(due, *drawn)
        return True

    def _drawn(self, tx: AccountTransaction, due: DueMessage, now: int) -> tuple[Account, str] | None:
        """The code of what nobody has an account for is drawn as well, and nobody's."""
        code, account = self._letters.draw_message(tx, due, now), self._rows.of_id(tx, due.account_id)
        if code is None or account is None or account.state is not AccountState.ACTIVE:
            return None
        if due.tries == 0:
            self._outbox.asked(tx, DoorEvent.BROWSER_ASKED, account.ins)
        return account, code

    def _carry(self, due: DueMessage, account: Account, code: str) -> None:
        try:
            self._carrier.carry(browser_code(account, code))
        except CoffreError as error:
            log.warning("a message that was asked for could not be sent", extra={"code": error.code})
            with self._store.writing() as tx:
                self._letters.put_back(tx, due, code, int(self._clock() * 1000))
