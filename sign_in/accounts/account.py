"""An account: what is known of a person who signs in, and its row, sealed and found by names."""

import secrets
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.errors import Conflict
from records.people.contacts import ContactKind
from sign_in.store import AccountTransaction, Row

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: none is taken for another
_READ_AS = str.maketrans("OIL", "011", " -.")
IDENTIFIER_LETTERS = 10


class AccountState(StrEnum):
    NEW = "new"
    """Opened; its holder has not been here yet, and has no password."""
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`ins` is `matricule|oid`. `password` is a hash, None until the first visit. `terms_at` (ms): when its
    holder agreed to how the account works.
    """

    account_id: UUID
    state: AccountState
    version: int = 1
    identifier: str = field(repr=False)
    ins: str = field(repr=False)
    kind: ContactKind
    contact: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    language: str = "fr"
    terms_at: int | None = None


_OWN_COLUMNS = ("account_id", "state", "version")


def new_code(letters: int) -> str:
    """Random letters of five bits each."""
    return "".join(secrets.choice(_LETTERS) for _ in range(letters))


def as_read(text: str) -> str:
    """A code as it was drawn, however somebody copied it from paper."""
    return text.upper().translate(_READ_AS)


def in_groups(code: str, size: int = 4) -> str:
    """As it is written on paper."""
    return "-".join(code[at : at + size] for at in range(0, len(code), size))


def account_exists() -> Conflict:
    return Conflict("This person has an account already: send a letter for it.", code="account_exists")


def _account_changed() -> Conflict:
    return Conflict("This account was changed a moment ago: try again.", code="account_changed")


def name_of_identifier(keys: AccountKeys, identifier: str) -> bytes:
    return keys.name(Named.IDENTIFIER, as_read(identifier))


class AccountRows:
    """Accounts in their table."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def of_identifier(self, tx: AccountTransaction, identifier: str) -> Account | None:
        return self._opened(tx.get("account", identifier=self._identifier(identifier)))

    def place_of(self, tx: AccountTransaction, identifier: str) -> UUID:
        """The id of its account, or what stands for one beside letters: whoever asks does as much for either,
        and none is opened.
        """
        name = self._identifier(identifier)
        row = tx.get("account", identifier=name)
        return UUID(bytes=name[:16]) if row is None else row["account_id"]

    def of_person(self, tx: AccountTransaction, ins: str) -> Account | None:
        return self._opened(tx.get("account", person=self._keys.name(Named.PERSON, ins)))

    def of_id(self, tx: AccountTransaction, account_id: UUID, *, lock: bool = False) -> Account | None:
        """`lock`: nobody changes it before the transaction ends."""
        return self._opened(tx.get("account", lock=lock, account_id=account_id))

    def add(self, tx: AccountTransaction, account: Account, now_ms: int) -> None:
        """Raises `Conflict` "account_exists"."""
        row = self._row(account) | {
            "identifier": self._identifier(account.identifier),
            "person": self._keys.name(Named.PERSON, account.ins),
            "created_at": now_ms,
        }
        if not tx.insert_new("account", row):
            raise account_exists()

    def remove(self, tx: AccountTransaction, account: Account) -> None:
        """Raises `Conflict` "account_changed" where somebody else changed it meanwhile."""
        if not tx.delete("account", account_id=account.account_id, version=account.version):
            raise _account_changed()

    def change(self, tx: AccountTransaction, account: Account, **changes: Any) -> Account:
        """Raises as `remove`."""
        after = replace(account, version=account.version + 1, **changes)
        if not tx.update("account", self._row(after), account_id=account.account_id, version=account.version):
            raise _account_changed()
        return after

    def _identifier(self, identifier: str) -> bytes:
        return name_of_identifier(self._keys, identifier)

    def _row(self, account: Account) -> dict[str, Any]:
        told = {name: value for name, value in asdict(account).items() if name not in _OWN_COLUMNS}
        place = account.account_id.bytes
        sealed = self._keys.seal(Sealed.ACCOUNT, place, told, account.version)
        return {name: getattr(account, name) for name in _OWN_COLUMNS} | {"sealed": sealed}

    def _opened(self, row: Row | None) -> Account | None:
        if row is None:
            return None
        place = row["account_id"].bytes
        told = self._keys.open(Sealed.ACCOUNT, place, row["sealed"], row["version"])
        told["kind"] = ContactKind(told["kind"])
        return Account(
            account_id=row["account_id"], state=AccountState(row["state"]), version=row["version"], **told
        )
