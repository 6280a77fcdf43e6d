"""A new address for codes, until its own code proves it: kept beside the browser that gave it.

A letter's code or a fresh session says whose it may become; the address of before counts until then.
"""

from dataclasses import replace

from keyvault.credentials.account_keys import AccountKeys, Named
from records.people.contacts import kind_of
from sign_in.accounts.account import Account, AccountRows, AccountState
from sign_in.accounts.entries import Entries, Entry, NoCode
from sign_in.store import AccountTransaction


class NewContacts:
    """Entries like those of a sign-in, under names that no cookie leads to: their codes sign nobody in."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys, self._entries, self._rows = keys, Entries(keys), AccountRows(keys)

    def begin(
        self, tx: AccountTransaction, account: Account, contact: str, by: str, browser: str, now_ms: int
    ) -> str:
        """The code to be sent to `contact`. `by`: the session that asks, empty for a letter's code."""
        entry = Entry(account.account_id, account.version, "", contact, by)
        return self._entries.begin(tx, self._place(browser), entry, now_ms)

    def waiting(self, tx: AccountTransaction, browser: str, now_ms: int) -> tuple[Entry, Account]:
        """What this browser began, of an account that was not changed since. Raises `NoCode`."""
        entry = self._entries.waiting(tx, self._place(browser), now_ms)
        account = self._rows.of_id(tx, entry.account_id, lock=True)
        if account is None or account.state is not AccountState.ACTIVE or account.version != entry.version:
            raise NoCode
        return entry, account

    def is_code(self, tx: AccountTransaction, browser: str, code: str, now_ms: int) -> bool:
        """As `Entries.is_code`."""
        return self._entries.is_code(tx, self._place(browser), code, now_ms)

    def _place(self, browser: str) -> str:
        return self._keys.name(Named.CONTACT, browser).hex()


def at(account: Account, contact: str) -> Account:
    """The account as it would be."""
    return replace(account, kind=kind_of(contact), contact=contact)


def is_same(account: Account, contact: str) -> bool:
    """`contact` in the one form in which it is kept."""
    return account.contact.casefold() == contact.casefold()
