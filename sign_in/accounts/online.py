"""Accounts that somebody asked for online: an identifier on a screen, and nothing yet that is anybody's.

Any number may stand for one person, whoever asked: none ends another, and the letter to the person's own
postal address decides which of them becomes the account (docs/adr/0042-who-opens-accounts.md).
"""

from dataclasses import asdict, dataclass, field
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.people.contacts import ContactKind
from sign_in.accounts.account import name_of_identifier
from sign_in.store import AccountTransaction, Row

LIFE_MS = 30 * 86_400_000
"""Longer than a letter waits to be printed and its code serves after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAccount:
    """`ins` is `matricule|oid`; codes will go to `contact`."""

    identifier: str = field(repr=False)
    ins: str = field(repr=False)
    kind: ContactKind
    contact: str = field(repr=False)
    language: str


class AskedAccounts:
    """In their table, by the name of their identifier."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def add(self, tx: AccountTransaction, asked: AskedAccount, now_ms: int) -> None:
        name = name_of_identifier(self._keys, asked.identifier)
        self.sweep(tx, now_ms)
        tx.insert_new(
            "asked_account",
            {
                "asked_account": name,
                "person_id": self.person_id(asked.ins),
                "expires": now_ms + LIFE_MS,
                "sealed": self._keys.seal(Sealed.ASKED, name, asdict(asked)),
            },
        )

    def of_identifier(self, tx: AccountTransaction, identifier: str, now_ms: int) -> AskedAccount | None:
        row = tx.get("asked_account", asked_account=name_of_identifier(self._keys, identifier))
        return self._opened(row) if row is not None and row["expires"] > now_ms else None

    def ins_of(self, tx: AccountTransaction, person_id: UUID, now_ms: int) -> str | None:
        """Whose account was asked for; None where nobody asks any more."""
        rows = tx.find("asked_account", person_id=person_id, expires__gt=now_ms, limit=1)
        return self._opened(rows[0]).ins if rows else None

    def end(self, tx: AccountTransaction, ins: str) -> None:
        """All of this person's."""
        tx.delete("asked_account", person_id=self.person_id(ins))

    def sweep(self, tx: AccountTransaction, now_ms: int) -> None:
        """Forgets whose number and address serve nobody any more."""
        tx.delete("asked_account", expires__le=now_ms)

    def person_id(self, ins: str) -> UUID:
        """What stands for a person who has no account, beside letters."""
        return UUID(bytes=self._keys.name(Named.PERSON, ins)[:16])

    def _opened(self, row: Row) -> AskedAccount:
        told = self._keys.open(Sealed.ASKED, row["asked_account"], row["sealed"])
        return AskedAccount(**(told | {"kind": ContactKind(told["kind"])}))
