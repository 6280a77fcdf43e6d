"""Open an account for a record: identifier and first code never leave by one channel (R4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import uuid4

from records.errors import Invalid, NotFound
from records.people.contacts import ContactKind, read_contact
from records.people.identity import INS
from records.text.languages import FRENCH
from records.vocabulary.codes import Role
from sign_in.accounts.account import (
    IDENTIFIER_LETTERS,
    Account,
    AccountRows,
    AccountState,
    account_exists,
    in_groups,
    new_code,
)
from sign_in.accounts.letters import LetterCode, Letters
from sign_in.accounts.purposes import Purpose
from sign_in.sending import Carrier
from sign_in.sending import first_code as message_of
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means, Proven
from sign_in.watching.outbox import Outbox

HOST = Proven(Role.OPERATOR, "host", {}, Means.COMMAND, 0)
"""Whoever has the command line of the sign-in."""


class FirstCode(StrEnum):
    """How the first code leaves: never by whoever hands the identifier over."""

    MESSAGE = "message"
    LETTER = "letter"
    """Asked for; the host draws it and prints it."""
    PRINTED = "printed"
    """Drawn now, for a letter that the host prints itself."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`identifier` is handed to the person by whoever opened the account. `letter` is to be printed and sent
    by post, where that was asked for.
    """

    identifier: str = field(repr=False)
    letter: LetterCode | None = field(repr=False)


class Opening:
    """Opens accounts, and draws codes for letters."""

    def __init__(
        self,
        store: AccountStore,
        rows: AccountRows,
        letters: Letters,
        carrier: Carrier,
        outbox: Outbox,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._rows, self._letters, self._outbox = store, rows, letters, outbox
        self._carrier, self._clock = carrier, clock

    def open(
        self,
        ins: INS,
        kind: ContactKind,
        contact: str,
        *,
        first_code: FirstCode,
        by: Proven,
        language: str = FRENCH,
    ) -> Opened:
        """`by` opens it; one that nobody has visited yet is opened anew. Raises `Conflict` "account_exists",
        `Invalid` "bad_contact" or "no_carrier", CoffreError "message_not_sent".
        """
        account = Account(
            account_id=uuid4(),
            state=AccountState.NEW,
            identifier=new_code(IDENTIFIER_LETTERS),
            ins=ins.value,
            kind=kind,
            contact=address_of(self._carrier, kind, contact),
            language=language,
        )
        with self._store.writing() as tx:
            make_room(tx, self._rows, self._letters, account.ins)
            self._rows.add(tx, account, self._now_ms())
            self._outbox.opened(tx, by, account.ins)
            letter = self._draw(tx, account, first_code, by)
        if first_code is FirstCode.MESSAGE and letter is not None:
            self._carrier.carry(message_of(account, letter.code))
        printed = letter if first_code is FirstCode.PRINTED else None
        return Opened(in_groups(account.identifier, 5), printed)

    def _draw(
        self, tx: AccountTransaction, account: Account, first_code: FirstCode, by: Proven
    ) -> LetterCode | None:
        now = self._now_ms()
        if first_code is FirstCode.LETTER:
            self._letters.ask(tx, account.account_id, Purpose.FIRST_VISIT, now)
            return None
        if first_code is FirstCode.MESSAGE and by is not HOST:
            self._letters.ask(tx, account.account_id, Purpose.OPENED, now)
        return self._letters.draw(tx, account.account_id, Purpose.FIRST_VISIT, now)

    def identifier_of(self, ins: INS) -> str | None:
        """To be handed over again to a person who lost it; None where there is no account."""
        with self._store.reading() as tx:
            account = self._rows.of_person(tx, ins.value)
        return in_groups(account.identifier, 5) if account is not None else None

    def letter(self, ins: INS) -> LetterCode:
        """A code for a letter to the holder of an account: the one of before ends. Raises `NotFound`
        "no_account".
        """
        with self._store.writing() as tx:
            account = self._rows.of_person(tx, ins.value)
            if account is None:
                raise NotFound("This person has no account: open one.", code="no_account")
            is_new = account.state is AccountState.NEW
            purpose = Purpose.FIRST_VISIT if is_new else Purpose.RECOVERY
            return self._letters.draw(tx, account.account_id, purpose, self._now_ms())

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def address_of(carrier: Carrier, kind: ContactKind, contact: str) -> str:
    """Where codes will be sent. Raises `Invalid` "bad_contact" or "no_carrier"."""
    address = read_contact(kind, contact)
    if not carrier.carries(kind):
        raise Invalid(
            f"Nothing leaves for an address of this kind here ({kind.value}): give another, or set "
            "COFFRE_NOTICES_URL for mail, COFFRE_SMS_URL for telephones.",
            code="no_carrier",
        )
    return address


def make_room(tx: AccountTransaction, rows: AccountRows, letters: Letters, ins: str) -> None:
    """Removes an account that nobody has visited: there is nothing in it, and an address that was mistaken
    keeps nobody out. Raises `Conflict` "account_exists" where its holder was here, "account_changed" where
    its holder comes at this moment.
    """
    found = rows.of_person(tx, ins)
    if found is None:
        return
    if found.state is not AccountState.NEW:
        raise account_exists()
    letters.end_all(tx, found.account_id)
    rows.remove(tx, found)
