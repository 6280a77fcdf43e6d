"""Browsers that somebody has signed in with, or is expected with: their holder is told of a new one.

Expected is one whose user gave a code that only the holder gets. It opens nothing: its tries count apart.
"""

import re
import secrets
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named, Sealed
from records.errors import Invalid
from records.text.base64url import b64, unb64
from sign_in.store import AccountTransaction, Row

_LONGEST_LABEL = 60
KEPT = 50
"""Of one account, the last used: whoever takes a private window each time is met anew each time."""
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_NEVER = 0
"""When somebody first signed in with a browser that is only expected."""
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Device:
    name: bytes = field(repr=False)
    label: str
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Met:
    """`secret` is for the browser's cookie, the same for as long as it keeps it."""

    name: bytes = field(repr=False)
    secret: str = field(repr=False)
    is_new: bool


def label_of(user_agent: str) -> str:
    """What a person calls it: no version, and nothing that a stranger wrote."""
    found = [
        next((said for sign, said in table if re.search(sign, user_agent)), "")
        for table in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, found))[:_LONGEST_LABEL]


class Devices:
    """Devices in their table, each of one account."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def known(self, tx: AccountTransaction, account_id: UUID, secret: str | None) -> bytes | None:
        """The name of a device of this account."""
        if not secret:
            return None
        name = self._name(account_id, secret)
        return name if tx.get("device", device=name) is not None else None

    def meet(
        self, tx: AccountTransaction, account_id: UUID, secret: str | None, label: str, now_ms: int
    ) -> Met:
        """Somebody has just signed in with it."""
        name = self.known(tx, account_id, secret)
        if name is None or secret is None:
            return self._add(tx, account_id, secret, label, now_ms, first_at=now_ms)
        is_first = bool(tx.update("device", {"first_at": now_ms}, device=name, first_at=_NEVER))
        tx.update("device", {"last_at": now_ms}, device=name)
        return Met(name, secret, is_new=is_first)

    def expect(
        self, tx: AccountTransaction, account_id: UUID, secret: str | None, label: str, now_ms: int
    ) -> str:
        """Its tries count apart from now on; the secret for its cookie. It is new still to its holder."""
        if secret is not None and self.known(tx, account_id, secret) is not None:
            return secret
        return self._add(tx, account_id, secret, label, now_ms, first_at=_NEVER).secret

    def _add(
        self,
        tx: AccountTransaction,
        account_id: UUID,
        secret: str | None,
        label: str,
        now_ms: int,
        *,
        first_at: int,
    ) -> Met:
        drawn = secret if secret and _is_drawn(secret) else b64(secrets.token_bytes(32))
        name = self._name(account_id, drawn)
        sealed = self._keys.seal(Sealed.DEVICE, name, {"label": label})
        row = {"account_id": account_id, "sealed": sealed, "first_at": first_at, "last_at": now_ms}
        tx.insert_new("device", {"device": name} | row)
        for last in tx.find("device", account_id=account_id, order="-last_at")[KEPT:]:
            tx.delete("device", device=last["device"])
        return Met(name, drawn, is_new=True)

    def all(self, tx: AccountTransaction, account_id: UUID) -> list[Device]:
        """Those that somebody signed in with, the last used first."""
        rows = tx.find("device", account_id=account_id, first_at__gt=_NEVER, order="-last_at")
        return [self._opened(row) for row in rows]

    def forget_all(self, tx: AccountTransaction, account_id: UUID, but: bytes | None = None) -> None:
        """`but`: the name of one that stays."""
        for row in tx.find("device", account_id=account_id):
            if row["device"] != but:
                tx.delete("device", device=row["device"])

    def _opened(self, row: Row) -> Device:
        label = self._keys.open(Sealed.DEVICE, row["device"], row["sealed"])["label"]
        return Device(row["device"], label, row["first_at"], row["last_at"])

    def _name(self, account_id: UUID, secret: str) -> bytes:
        return self._keys.name(Named.DEVICE, account_id.bytes, secret)


def _is_drawn(secret: str) -> bool:
    """Whether it has the form of one of ours, which nobody guesses."""
    try:
        unb64(secret, 32)
    except Invalid:
        return False
    return True
