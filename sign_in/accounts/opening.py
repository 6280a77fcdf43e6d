"""Open an account for a record: identifier and first code never leave by one channel (R4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
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
    in_groups,
    new_code,
)
from sign_in.accounts.letters import LetterCode, Letters, Purpose
from sign_in.sending import Carrier, first_code
from sign_in.store import AccountStore
from sign_in.tokens.proven import Means, Proven
from sign_in.watching.outbox import Outbox

HOST = Proven(Role.OPERATOR, "host", {}, Means.COMMAND, 0)
"""Whoever has the command line of the sign-in."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`identifier` is handed to the person by whoever opened the account. `letter` is to be printed and sent
    by post; None where the first code has left for the person's own telephone or mailbox.
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
        by_letter: bool,
        by: Proven,
        language: str = FRENCH,
    ) -> Opened:
        """`by` opens it. Raises `Conflict` "account_exists", `Invalid` "bad_contact" or "no_carrier"."""
        address = read_contact(kind, contact)
        if not self._carrier.carries(kind):
            raise Invalid(
                f"Nothing leaves for an address of this kind here ({kind.value}): give another, or set "
                "COFFRE_NOTICES_URL.",
                code="no_carrier",
            )
        account = Account(
            account_id=uuid4(),
            state=AccountState.NEW,
            identifier=new_code(IDENTIFIER_LETTERS),
            ins=ins.value,
            kind=kind,
            contact=address,
            language=language,
        )
        with self._store.writing() as tx:
            self._rows.add(tx, account, self._now_ms())
            self._outbox.opened(tx, by, account.ins)
            letter = self._letters.draw(tx, account.account_id, Purpose.FIRST_VISIT, self._now_ms())
        identifier = in_groups(account.identifier, 5)
        if by_letter:
            return Opened(identifier, letter)
        self._carrier.carry(first_code(account, letter.code))
        return Opened(identifier, None)

    def identifier_of(self, ins: INS) -> str | None:
        """To be handed over again to a person who lost it; None where there is no account."""
        with self._store.reading() as tx:
            account = self._rows.of_person(tx, ins.value)
        is_there = account is not None and account.state is not AccountState.CLOSED
        return in_groups(account.identifier, 5) if account is not None and is_there else None

    def asked_letters(self) -> list[tuple[str, LetterCode]]:
        """Draws the codes of letters that were asked for: (INS of the recipient, code)."""
        with self._store.writing() as tx:
            now = self._now_ms()
            found = [(self._rows.of_id(tx, each), purpose) for each, purpose in self._letters.asked(tx, now)]
            return [
                (account.ins, self._letters.draw(tx, account.account_id, purpose, now))
                for account, purpose in found
                if account is not None and account.state is not AccountState.CLOSED
            ]

    def letter(self, ins: INS) -> LetterCode:
        """A code for a letter to the holder of an account: the one of before ends. Raises `NotFound`
        "no_account".
        """
        with self._store.writing() as tx:
            account = self._rows.of_person(tx, ins.value)
            if account is None or account.state is AccountState.CLOSED:
                raise NotFound("This person has no account: open one.", code="no_account")
            is_new = account.state is AccountState.NEW
            purpose = Purpose.FIRST_VISIT if is_new else Purpose.RECOVERY
            return self._letters.draw(tx, account.account_id, purpose, self._now_ms())

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
