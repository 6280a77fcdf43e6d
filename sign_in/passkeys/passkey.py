"""Passkeys in their table: found by the name of their id, sealed to it and to their account."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.errors import Conflict, Invalid, NotFound
from records.text.base64url import b64, unb64
from sign_in.store import AccountTransaction, Row

LONGEST_LABEL = 60
MOST = 20
"""Of one account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """`public` is a COSE_Key (RFC 9052 section 7), `count` the authenticator's own counter, `version` that of
    the row. `verifies`: it asks for a PIN or a finger, and so serves alone. `doubtful_at` (ms): its counter
    went back; it serves no more.
    """

    account_id: UUID
    credential: bytes = field(repr=False)
    public: bytes = field(repr=False)
    count: int
    verifies: bool
    label: str = field(repr=False)
    made_at: int
    used_at: int | None = None
    doubtful_at: int | None = None
    version: int = 1


_OWN_COLUMNS = ("account_id", "made_at", "version")
_BINARY = ("credential", "public")


class Passkeys:
    """Passkeys of all accounts."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def handle(self, account_id: UUID) -> bytes:
        """What an authenticator keeps for an account: it says nothing of the person."""
        return self._keys.name(Named.HANDLE, account_id.bytes)

    def name(self, credential: bytes) -> bytes:
        return self._keys.name(Named.PASSKEY, credential)

    def of_credential(self, tx: AccountTransaction, credential: bytes) -> Passkey | None:
        row = tx.get("passkey", passkey=self.name(credential))
        return None if row is None else self._opened(row)

    def all(self, tx: AccountTransaction, account_id: UUID) -> list[Passkey]:
        """The last made first."""
        return [self._opened(row) for row in tx.find("passkey", account_id=account_id, order="-made_at")]

    def usable(self, tx: AccountTransaction, account_id: UUID) -> list[Passkey]:
        """Those that sign in."""
        return [each for each in self.all(tx, account_id) if each.doubtful_at is None]

    def add(self, tx: AccountTransaction, passkey: Passkey) -> None:
        """Raises `Conflict` "passkey_known" or "passkeys_many"."""
        if len(tx.find("passkey", account_id=passkey.account_id, limit=MOST)) == MOST:
            raise Conflict(f"There are {MOST} passkeys already: remove one first.", code="passkeys_many")
        if not tx.insert_new("passkey", self._row(passkey) | {"passkey": self.name(passkey.credential)}):
            raise Conflict("This passkey is known already.", code="passkey_known")

    def change(self, tx: AccountTransaction, passkey: Passkey, **changes: Any) -> None:
        """Raises `Conflict` "passkey_changed" where it was used or removed meanwhile."""
        after = replace(passkey, version=passkey.version + 1, **changes)
        where = {"passkey": self.name(passkey.credential), "uses": passkey.version}
        if not tx.update("passkey", self._row(after), **where):
            raise Conflict("This passkey was used a moment ago: try again.", code="passkey_changed")

    def own(self, tx: AccountTransaction, account_id: UUID, name: str) -> Passkey:
        """One of this account, by its name in hexadecimal. Raises `NotFound` "no_passkey"."""
        for each in self.all(tx, account_id):
            if self.name(each.credential).hex() == name:
                return each
        raise NotFound("There is no such passkey any more.", code="no_passkey")

    def remove(self, tx: AccountTransaction, passkey: Passkey) -> None:
        tx.delete("passkey", passkey=self.name(passkey.credential), account_id=passkey.account_id)

    def remove_all(self, tx: AccountTransaction, account_id: UUID) -> None:
        tx.delete("passkey", account_id=account_id)

    def _row(self, passkey: Passkey) -> dict[str, Any]:
        told = {name: value for name, value in asdict(passkey).items() if name not in _OWN_COLUMNS}
        told |= {name: b64(told[name]) for name in _BINARY}
        place = _place(self.name(passkey.credential), passkey.account_id)
        return {
            "account_id": passkey.account_id,
            "made_at": passkey.made_at,
            "uses": passkey.version,
            "sealed": self._keys.seal(Sealed.PASSKEY, place, told, passkey.version),
        }

    def _opened(self, row: Row) -> Passkey:
        place = _place(row["passkey"], row["account_id"])
        told = self._keys.open(Sealed.PASSKEY, place, row["sealed"], row["uses"])
        told |= {name: unb64(told[name]) for name in _BINARY}
        return Passkey(account_id=row["account_id"], made_at=row["made_at"], version=row["uses"], **told)


def read_label(text: str) -> str:
    """What its holder calls it. Raises `Invalid` "bad_label"."""
    label = " ".join(text.split())
    if not 0 < len(label) <= LONGEST_LABEL or not label.isprintable():
        raise Invalid(f"A name is 1 to {LONGEST_LABEL} letters.", code="bad_label")
    return label


def _place(name: bytes, account_id: UUID) -> bytes:
    """A row that is moved to another account does not open there."""
    return name + account_id.bytes
