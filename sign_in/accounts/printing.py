"""Letters that were asked for, as the host prints them: each code is drawn at its printing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.letters import LetterCode, Letters
from sign_in.accounts.online import AskedAccounts
from sign_in.accounts.purposes import Purpose
from sign_in.sending import Carrier, account_asked, tell
from sign_in.store import AccountStore, AccountTransaction
from sign_in.watching.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Printed:
    """A letter for the person of this INS; without a code where it only says what happened."""

    ins: str = field(repr=False)
    purpose: Purpose
    code: LetterCode | None = field(repr=False)


class Printing:
    """Draws codes of letters. Whoever asks online for an account never learns here that there is one: its
    holder is told by message, in the letter's place and as seldom.
    """

    def __init__(
        self,
        store: AccountStore,
        rows: AccountRows,
        letters: Letters,
        asked: AskedAccounts,
        carrier: Carrier,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._rows, self._letters, self._asked = store, rows, letters, asked
        self._carrier, self._outbox, self._clock = carrier, outbox, clock

    def all(self, write: Callable[[Sequence[Printed]], None]) -> None:
        """Each once; who is told by message is written to. `write` comes before anything is kept: where it
        raises no code was drawn and nobody is told, and the next time prints them.
        """
        printed: list[Printed] = []
        holders: list[Account] = []
        with self._store.writing() as tx:
            now = int(self._clock() * 1000)
            for place, purpose in self._letters.asked(tx, now):
                if purpose is Purpose.ONLINE:
                    found, holder = self._online(tx, place, now)
                    holders += [holder] if holder is not None else []
                else:
                    found = self._of_account(tx, place, purpose, now)
                printed += [found] if found is not None else []
            write(printed)
        for each in holders:
            tell(self._carrier, account_asked(each), "an account that was asked for")

    def is_kept(self, ins: str, purpose: Purpose, code: str | None) -> bool:
        """Whether a letter that was written for the person of this INS was kept here as well: its code
        serves, or, of one without, it is not to be printed any more.
        """
        with self._store.reading() as tx:
            place = self._place(tx, ins, purpose)
            return place is not None and self._letters.is_drawn(
                tx, place, purpose, code, int(self._clock() * 1000)
            )

    def _place(self, tx: AccountTransaction, ins: str, purpose: Purpose) -> UUID | None:
        if purpose is Purpose.ONLINE:
            return self._asked.person_id(ins)
        account = self._rows.of_person(tx, ins)
        return account.account_id if account is not None else None

    def _online(self, tx: AccountTransaction, place: UUID, now: int) -> tuple[Printed | None, Account | None]:
        """The letter, or the holder who has an account already."""
        ins = self._asked.ins_of(tx, place, now)
        if ins is None:
            self._letters.end(tx, place, Purpose.ONLINE)
            return None, None
        code = self._letters.draw(tx, place, Purpose.ONLINE, now)
        self._outbox.asked(tx, DoorEvent.ACCOUNT_ASKED, ins)
        holder = self._rows.of_person(tx, ins)
        if holder is None or holder.state is AccountState.NEW:
            return Printed(ins, Purpose.ONLINE, code), None
        return None, holder  # the code is nobody's: while it lasts nobody is told again

    def _of_account(self, tx: AccountTransaction, place: UUID, purpose: Purpose, now: int) -> Printed | None:
        account = self._rows.of_id(tx, place)
        if account is not None and purpose is Purpose.OPENED:
            self._letters.end(tx, place, purpose)
            return Printed(account.ins, purpose, None)
        code = self._letters.draw(tx, place, purpose, now)  # nobody's, where nobody has an account
        if account is None or (purpose is Purpose.RECOVERY and account.state is AccountState.NEW):
            return None
        if purpose is Purpose.RECOVERY:
            self._outbox.asked(tx, DoorEvent.LETTER_ASKED, account.ins)
        return Printed(account.ins, purpose, code)
