"""The table of issuers: rows sealed under a key of the vault (docs/formats.md section 9, ADR 34).

Each version has its event on chain 0, which names the digest of the sealed bytes; the first ones, which
whoever set the vault up has pinned, need none. Rows are never deleted: who is no longer accepted has ended.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from keyvault.credentials.issuers import Issuer, issuer_from_json, issuer_to_json
from keyvault.crypto.envelope import KeyvaultError
from keyvault.crypto.sealed_json import issuer_aad
from keyvault.keys.keyring import Keyring
from keyvault.keys.secret_keys import Use
from keyvault.keys.states import ISSUER_ACTIVE, ISSUER_ENDED, ISSUER_FIRST
from keyvault.store import Row, VaultRows, VaultTransaction
from records.errors import CoffreError

FRESH_MS = 1_000
"""How long what was read is believed: a copy of the vault follows the others within a second."""
NEVER = 0
"""A `not_after` before everything."""


@dataclass(frozen=True, slots=True)
class KeptIssuer:
    """An issuer as the vault keeps it; `first_seen` is when a credential of it first came (unix seconds)."""

    issuer: Issuer
    version: int = 0
    is_ended: bool = False
    first_seen: int | None = None

    def is_named(self, name: str, key: str | None) -> bool:
        return self.issuer.name == name and key in (None, self.issuer.key_id)

    @property
    def copied(self) -> dict[str, Any]:
        """What the row says in clear, for `coffre status`."""
        return {"state": ISSUER_ENDED if self.is_ended else ISSUER_ACTIVE, "first_seen": self.first_seen}

    @property
    def accepted_now(self) -> Issuer:
        """One that was ended stays so, even if the clock goes back."""
        return replace(self.issuer, not_after=NEVER) if self.is_ended else self.issuer


@dataclass(slots=True)
class KeptIssuers:
    """Reads the table, and keeps what it has opened. Threads may share it."""

    keyring: Keyring = field(repr=False)
    first: tuple[Issuer, ...]
    _read: dict[tuple[str, str | None], tuple[int, KeptIssuer]] = field(default_factory=dict, repr=False)
    _opened: dict[tuple[str, str], tuple[Row, KeptIssuer]] = field(default_factory=dict, repr=False)

    def seen_in(self, tx: VaultRows, now_ms: int, *, is_live: bool) -> "SeenIssuers":
        """For one verification. `is_live`: of a call, not of what was received earlier."""
        return SeenIssuers(self, tx, now_ms, is_live)

    def all(self, tx: VaultRows) -> list[KeptIssuer]:
        rows = [self._open(row) for row in tx.find("issuer", order=("name", "key_id"))]
        return rows or [KeptIssuer(each) for each in self.first]

    def of(self, tx: VaultRows, name: str, key: str | None, now_ms: int) -> KeptIssuer | None:
        """Raises `CoffreError` "issuer_rolled_back", `KeyvaultError` "unseal_failed" or "issuer_altered"."""
        read = self._read.get((name, key))
        if read is not None and 0 <= now_ms - read[0] < FRESH_MS:
            return read[1]
        found = self._find(tx, name, key)
        if found is not None:  # of names that nobody has, none is kept
            self._read[name, key] = (now_ms, found)
        return found

    def _find(self, tx: VaultRows, name: str, key: str | None) -> KeptIssuer | None:
        named = {"name": name} if key is None else {"name": name, "key_id": key}
        found = [self._open(row) for row in tx.find("issuer", limit=2, **named)]
        if not found:
            found = [each for each in self._pinned(tx, name) if key in (None, each.issuer.key_id)]
        return found[0] if len(found) == 1 else None

    def is_new(self, issuer: Issuer) -> bool:
        """Whether no credential of it has come yet, as far as this process has read."""
        known = self._opened.get((issuer.name, issuer.key_id))
        return known is not None and known[1].first_seen is None

    def see(self, tx: VaultTransaction, issuer: Issuer, now: int) -> dict[str, Any] | None:
        """Keep that a credential of it came; answers what its event tells, None where that was known."""
        place = {"name": issuer.name, "key_id": issuer.key_id}
        row = tx.get("issuer", lock=True, **place)
        kept = self._open(row) if row is not None else None
        if kept is None or kept.first_seen is not None:
            return None
        return self.keep(tx, replace(kept, first_seen=now))[1]

    def forget(self) -> None:
        """Read and open each row anew, at its next use."""
        self._read, self._opened = {}, {}

    def begin(self, tx: VaultTransaction, now: int) -> None:
        """Put the pinned ones into a table that holds none yet; `now` in unix seconds. May be repeated."""
        if tx.find("issuer", limit=1):
            return
        for issuer in self.first:
            # of two vaults that start at once, one is first
            tx.insert_new("issuer", self._row(KeptIssuer(issuer, version=ISSUER_FIRST, first_seen=now)))
        self._read = {}

    def keep(self, tx: VaultTransaction, kept: KeptIssuer) -> tuple[KeptIssuer, dict[str, Any]]:
        """Keep this as the next version; answers it, and what its event tells."""
        new = replace(kept, version=kept.version + 1)
        row = self._row(new)
        place = {"name": row["name"], "key_id": row["key_id"]}
        # in place of an update, so that a replay needs no earlier row
        tx.delete("issuer", **place)
        self._read = {}
        tx.insert("issuer", row)
        return new, {
            "issuer": row["name"],
            "issuer_key": row["key_id"],
            "issuer_version": new.version,
            "issuer_digest": issuer_digest(row["sealed"]),
        }

    def _row(self, kept: KeptIssuer) -> dict[str, Any]:
        name, key = kept.issuer.name, kept.issuer.key_id
        content = {
            "issuer": issuer_to_json(kept.issuer),
            "is_ended": kept.is_ended,
            "first_seen": kept.first_seen,
        }
        aad = issuer_aad(name, key, kept.version, is_hardware=kept.issuer.origin is not None)
        sealed = self.keyring.accountability.seal(Use.ISSUER, content, aad)
        place = {"name": name, "key_id": key, "version": kept.version}
        return place | kept.copied | {"sealed": sealed}

    def _pinned(self, tx: VaultRows, name: str) -> Iterator[KeptIssuer]:
        """Those of a vault that has not begun its table, since it is frozen."""
        found = [each for each in self.first if each.name == name]
        if found and not tx.find("issuer", limit=1):
            yield from (KeptIssuer(each) for each in found)

    def _content(self, row: Row) -> dict[str, Any]:
        """Of either shape: the row does not say which."""
        place = (row["name"], row["key_id"], row["version"])
        secrets = self.keyring.accountability
        try:
            return secrets.open(Use.ISSUER, row["sealed"], issuer_aad(*place))
        except KeyvaultError:
            return secrets.open(Use.ISSUER, row["sealed"], issuer_aad(*place, is_hardware=True))

    def _open(self, row: Row) -> KeptIssuer:
        place = (row["name"], row["key_id"])
        known = self._opened.get(place)
        if known is not None and known[0] == dict(row):
            return known[1]
        if known is not None and row["version"] < known[1].version:
            raise issuer_rolled_back()
        found = self._content(row)
        issuer = issuer_from_json(found["issuer"])
        kept = KeptIssuer(issuer, row["version"], found["is_ended"], found["first_seen"])
        if any(row[name] != value for name, value in kept.copied.items()):
            raise KeyvaultError("A row of the issuers was altered: restore it.", code="issuer_altered")
        self._opened[place] = (dict(row), kept)
        return kept


@dataclass(frozen=True, slots=True)
class SeenIssuers:
    """The table as one transaction sees it (`keyvault.credentials.issuers.Issuers`)."""

    kept: KeptIssuers
    tx: VaultRows
    now_ms: int
    is_live: bool

    def find(self, name: str, key: str | None) -> Issuer | None:
        found = self.kept.of(self.tx, name, key, self.now_ms)
        if found is None:
            return None
        return found.accepted_now if self.is_live else found.issuer


def issuer_digest(sealed: bytes) -> str:
    return hashlib.sha256(sealed).hexdigest()


def issuer_rolled_back() -> CoffreError:
    return CoffreError(
        "The table of issuers was put back to an earlier state: nobody of that issuer signs in until coffre "
        "audit verify has said which, and two operators have set it anew.",
        code="issuer_rolled_back",
    )
