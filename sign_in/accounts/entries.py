"""A browser on its way in: its password was right, and the code it was sent is still to come (R4).

Six digits, ten minutes, once, five tries; kept as a digest, and good in the browser alone that asked.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.errors import Invalid, Refused
from records.people.contacts import CODE_DIGITS, CODE_LIFE_S, CODE_TRIES
from sign_in.store import AccountTransaction

_NO_CODE = b""  # the digest of no code


class NoCode(Refused):
    code = "no_code"

    def __init__(self) -> None:
        super().__init__("There is no code to give, or it came too late: sign in again.")


class WrongCode(Invalid):
    code = "wrong_code"

    def __init__(self) -> None:
        super().__init__("This is not the code that was sent last: read it again.")


@dataclass(frozen=True, slots=True)
class Entry:
    """`version`: of the account whose password was right; one that was changed since has another. `leads_to`:
    the page that its browser came from. `contact`: the new address that the code went to, asked for `by` a
    session; empty where somebody signs in.
    """

    account_id: UUID
    version: int
    leads_to: str = field(repr=False)
    contact: str = field(default="", repr=False)
    by: str = field(default="", repr=False)


class Entries:
    """Entries in their table, by the name of the secret in their browser's cookie."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def begin(self, tx: AccountTransaction, browser: str, entry: Entry, now_ms: int) -> str:
        """The code that is to be sent; what this browser began before ends."""
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        name = self._name(browser)
        self._keep(tx, name, entry, self._digest(name, entry.account_id, code), now_ms)
        return code

    def begin_without_code(self, tx: AccountTransaction, browser: str, entry: Entry, now_ms: int) -> None:
        """A passkey is to come; a code may be asked for."""
        self._keep(tx, self._name(browser), entry, _NO_CODE, now_ms)

    def end(self, tx: AccountTransaction, browser: str) -> None:
        tx.delete("entry", entry=self._name(browser))

    def _keep(self, tx: AccountTransaction, name: bytes, entry: Entry, code: bytes, now_ms: int) -> None:
        tx.delete("entry", entry=name)
        tx.delete("entry", expires__le=now_ms)
        tx.insert_new(
            "entry",
            {
                "entry": name,
                "account_id": entry.account_id,
                "code": code,
                "tries": 0,
                "expires": now_ms + CODE_LIFE_S * 1000,
                "sealed": self._keys.seal(Sealed.ENTRY, name, _told(entry)),
            },
        )

    def shown(self, tx: AccountTransaction, browser: str, now_ms: int) -> Entry:
        """What this browser began, for a page that changes nothing of it. Raises `NoCode`."""
        return self._found(tx, browser, now_ms, lock=False)

    def waiting(self, tx: AccountTransaction, browser: str, now_ms: int) -> Entry:
        """What this browser began; nobody else goes on with it before this transaction ends. Raises
        `NoCode`.
        """
        return self._found(tx, browser, now_ms, lock=True)

    def _found(self, tx: AccountTransaction, browser: str, now_ms: int, *, lock: bool) -> Entry:
        name = self._name(browser)
        row = tx.get("entry", lock=lock, entry=name)
        if row is None or row["expires"] <= now_ms or row["tries"] >= CODE_TRIES:
            raise NoCode
        told = self._keys.open(Sealed.ENTRY, name, row["sealed"])
        asked = (told.get("contact", ""), told.get("by", ""))
        return Entry(row["account_id"], told.get("version", 0), told["leads_to"], *asked)

    def has_code(self, tx: AccountTransaction, browser: str) -> bool:
        """Whether a code was sent to who began in this browser."""
        row = tx.get("entry", entry=self._name(browser))
        return row is not None and row["code"] != _NO_CODE

    def is_code(self, tx: AccountTransaction, browser: str, code: str, now_ms: int) -> bool:
        """Whether it is the code that was sent; it ends with the right one, a wrong one counts. Raises
        `NoCode`.
        """
        name, entry = self._name(browser), self.waiting(tx, browser, now_ms)
        row = tx.get("entry", entry=name)
        assert row is not None
        given = self._digest(name, entry.account_id, "".join(code.split()))
        if hmac.compare_digest(given, row["code"]):
            tx.delete("entry", entry=name)
            return True
        tx.update("entry", {"tries": row["tries"] + 1}, entry=name)
        return False

    def _name(self, browser: str) -> bytes:
        return self._keys.name(Named.ENTRY, browser)

    def _digest(self, name: bytes, account_id: UUID, code: str) -> bytes:
        return self._keys.name(Named.CODE, name, account_id.bytes, code)


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "leads_to": entry.leads_to,
        "contact": entry.contact,
        "by": entry.by,
    }
