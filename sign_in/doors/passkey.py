"""The door of passkeys: alone, or in place of the code after identifier and password.

Whoever asks is given the same whether or not there is an account, and an answer by a passkey that nobody has
is verified like any other.
"""

import hmac
from collections.abc import Callable

from keyvault.credentials.account_keys import AccountKeys
from records.vocabulary.door_events import DoorEvent
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.entries import Entries, NoCode
from sign_in.accounts.tries import TooManyTries, Tries
from sign_in.doors.admitting import Admitting
from sign_in.doors.visitor import Admitted, Visitor
from sign_in.passkeys.ceremonies import (
    NOBODYS_KEY,
    Answer,
    PasskeyRefused,
    Used,
    asking,
    read_answer,
    verified,
    went_back,
)
from sign_in.passkeys.challenges import Challenges, Use
from sign_in.passkeys.passkey import Passkey, Passkeys
from sign_in.passkeys.relying_party import RelyingParty
from sign_in.sending import Carrier, passkey_copied, tell
from sign_in.store import AccountStore, AccountTransaction
from sign_in.tokens.proven import Means
from sign_in.watching.events import Noted, Witness


class PasskeyDoor:
    """`ask`, `ask_second`: what a page hands to the browser; `enter`, `enter_second`: with its answer."""

    def __init__(
        self,
        store: AccountStore,
        keys: AccountKeys,
        party: RelyingParty,
        carrier: Carrier,
        admitting: Admitting,
        witness: Witness,
        clock: Callable[[], float],
    ) -> None:
        self._store, self._keys, self._party, self._witness = store, keys, party, witness
        self._carrier, self._admitting, self._clock = carrier, admitting, clock
        self._rows, self._entries, self._tries = AccountRows(keys), Entries(keys), Tries(keys)
        self._passkeys, self._challenges = Passkeys(keys), Challenges(keys)

    def ask(self, browser: str) -> str:
        """JSON for a browser; `browser`: the secret of its cookie."""
        challenge = self._challenges.draw(Use.ALONE, browser, self._now_ms())
        return asking(self._party, challenge, alone=True)

    def ask_second(self, visitor: Visitor) -> str | None:
        """JSON for a browser whose password was right; None where its account has no passkey, or wants a
        code.
        """
        with self._store.reading() as tx:
            try:
                entry = self._entries.shown(tx, visitor.browser, self._now_ms())
            except NoCode:
                return None
            if self._entries.has_code(tx, visitor.browser):
                return None
            known = [each.credential for each in self._passkeys.usable(tx, entry.account_id)]
        challenge = self._challenges.draw(Use.SECOND, visitor.browser, self._now_ms())
        return asking(self._party, challenge, alone=False, known=known) if known else None

    def enter(self, text: str, visitor: Visitor, leads_to: str) -> Admitted:
        """Signs in by a passkey alone. Raises `PasskeyRefused`, `ChallengeLapsed` or `TooManyTries`."""
        return self._enter(text, visitor, Use.ALONE, leads_to)

    def enter_second(self, text: str, visitor: Visitor) -> Admitted:
        """Signs in after a right password, to where the browser came from. Raises `NoCode` as well."""
        return self._enter(text, visitor, Use.SECOND, "/")

    def _enter(self, text: str, visitor: Visitor, use: Use, leads_to: str) -> Admitted:
        try:
            with self._store.writing() as tx:
                self._tries.count_all(tx, self._tries.of_address(visitor.address), self._now_ms())
        except TooManyTries:
            self._note(DoorEvent.PAUSED, "", visitor)
            raise
        try:
            answer = read_answer(text)
            with self._store.writing() as tx:
                passkey = self._passkeys.of_credential(tx, answer.credential)
                used = self._used(answer, passkey, alone=use is Use.ALONE)
                self._challenges.spend(tx, answer.challenge, use, visitor.browser, self._now_ms())
                account = self._holder(tx, passkey, answer, alone=use is Use.ALONE)
                assert passkey is not None
                if use is Use.SECOND:
                    leads_to = self._waiting_for(tx, account, visitor)
                is_copied = went_back(passkey.count, used.count)
                changes = {"doubtful_at": self._now_ms()} if is_copied else {"used_at": self._now_ms()}
                self._passkeys.change(tx, passkey, **changes, count=max(used.count, passkey.count))
                if not is_copied:
                    self._tries.take_back_all(tx, self._tries.of_address(visitor.address), self._now_ms())
                    self._entries.end(tx, visitor.browser)
                    admitted, met = self._admitting.admit(tx, account, visitor, Means.PASSKEY, leads_to)
        except PasskeyRefused:
            self._note(DoorEvent.PASSKEY_WRONG, "", visitor)
            raise
        if is_copied:  # outside: that it is in doubt stays
            self._note(DoorEvent.PASSKEY_CLONED, account.identifier, visitor, account.ins)
            tell(self._carrier, passkey_copied(account), "a copied passkey")
            raise PasskeyRefused
        self._admitting.tell(account, met, visitor)
        return admitted

    def _used(self, answer: Answer, passkey: Passkey | None, *, alone: bool) -> Used:
        """What the browser's authenticator said. Raises `PasskeyRefused`."""
        public = NOBODYS_KEY if passkey is None else passkey.public
        used = verified(self._party, answer, public, alone=alone)
        if passkey is None or passkey.doubtful_at is not None:
            raise PasskeyRefused
        return used

    def _holder(
        self, tx: AccountTransaction, passkey: Passkey | None, answer: Answer, *, alone: bool
    ) -> Account:
        """Raises `PasskeyRefused` where there is no account in use, or the authenticator made it for another.
        One that comes alone says whom it was made for (section 7.2, step 6).
        """
        # locked: who signs in while a letter's code chooses a password is signed in before or not at all
        account = None if passkey is None else self._rows.of_id(tx, passkey.account_id, lock=True)
        if account is None or account.state is not AccountState.ACTIVE:
            raise PasskeyRefused
        handle = self._passkeys.handle(account.account_id)
        given = answer.handle if alone else answer.handle or handle
        if given is None or not hmac.compare_digest(given, handle):
            raise PasskeyRefused
        return account

    def _waiting_for(self, tx: AccountTransaction, account: Account, visitor: Visitor) -> str:
        """Where this browser, whose password was right, came from. Raises `PasskeyRefused` for a passkey of
        another account, or where the password was changed meanwhile.
        """
        entry = self._entries.waiting(tx, visitor.browser, self._now_ms())
        if (entry.account_id, entry.version) != (account.account_id, account.version):
            raise PasskeyRefused
        return entry.leads_to

    def _note(
        self, event: DoorEvent, identifier: str, visitor: Visitor, failed_at: str | None = None
    ) -> None:
        who = self._keys.pseudonym(identifier) if identifier else ""
        self._witness.note(Noted(event, who, visitor.address, failed_at))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
