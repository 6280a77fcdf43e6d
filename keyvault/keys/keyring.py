"""The keys that the root opens when the vault starts: shard, index, audit, signing and day keys.

After the start no request ever calls the root (docs/architecture.md, figures: an HSM or KMS answers too
slowly, and one call per request would make it the bottleneck and the bill). It is called again, in one batch,
where a shard was rotated or a day key made by another process; a key that was destroyed leaves this memory
with it.
"""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from keyvault.crypto.signing import key_id, public_key, sign
from keyvault.keys.root_secrets import (
    ACCOUNTABILITY,
    INDEX,
    ROTATED,
    SIGNING_USES,
    SYSTEM_CHAIN,
    day_context,
    secret_context,
    shard_context,
)
from keyvault.keys.secret_keys import DERIVING, SecretKeys
from keyvault.keys.states import LIVE, NEVER_ROTATED, RETIRING, RUNNING, root_rotation
from keyvault.roots.ports import Root, RootError
from keyvault.store import Row, VaultStore, VaultTransaction
from records.errors import CoffreError


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key with one use; its private half never leaves this object."""

    use: str
    key_id: str
    public: bytes
    sign: Callable[[bytes], bytes] = field(repr=False)


class Keyring:
    """The opened keys of a running vault. Threads may share it."""

    def __init__(self, store: VaultStore, root: Root) -> None:
        """One batch of the root. Raises `CoffreError` "vault_empty", or what the root raises."""
        self._store = store
        self._root = root
        self._one_at_a_time = threading.Lock()
        self._secrets: dict[str, dict[int, bytes]] = {}
        self._signing: dict[str, SigningKey] = {}
        self._shards: dict[tuple[int, int], bytes] = {}
        self._newest: dict[int, int] = {}
        self._days: dict[str, bytes] = {}
        with store.reading() as tx:
            self._rotation = root_rotation(tx)
            named = _present(tx, "secret")
            numbered = _present(tx, "shard")
        if not named or not numbered:
            raise CoffreError("This vault holds no keys yet: run coffre init.", code="vault_empty")
        keys = self._opened(
            [(row["wrap"], secret_context(row)) for row in named]
            + [(row["wrap"], shard_context(row)) for row in numbered]
        )
        for row, key in zip(named, keys, strict=False):
            self._keep_secret(row["name"], row["version"], key)
        self._keep_shards(numbered, dict(zip(map(_place, numbered), keys[len(named) :], strict=True)))

    def __repr__(self) -> str:
        return f"Keyring({len(self._shards)} shards)"

    def _opened(self, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Opens what the store holds; where a rotation of the root explains a failure, says so."""
        try:
            return self._root.unwrap_many(items)
        except RootError as error:
            if error.code != "root_unwrap_failed":
                raise
            raise self._explained() or error from None

    def _explained(self) -> CoffreError | None:
        with self._store.reading() as tx:
            rotation = root_rotation(tx)
        if rotation.endswith(RUNNING):
            return CoffreError(
                "A rotation of the root was cut off: run coffre vault rotate-root again, to its end.",
                code="root_rotation_unfinished",
            )
        if rotation != self._rotation:
            return _rotated()
        if rotation == NEVER_ROTATED:
            return None
        return RootError(
            "The root of this vault was rotated: set COFFRE_VAULT_ROOT to the one it was rotated to.",
            code="root_unwrap_failed",
        )

    def _keep_secret(self, name: str, version: int, key: bytes) -> None:
        if not name.startswith("sign-"):
            self._secrets[name] = {**self._secrets.get(name, {}), version: key}
            return
        use, public = name.removeprefix("sign-"), public_key(key)
        self._signing[use] = SigningKey(use, key_id(public), public, lambda message: sign(key, message))

    @property
    def index_key(self) -> bytes:
        return self._secrets[INDEX][1]

    @property
    def accountability(self) -> SecretKeys:
        return self._versions(ACCOUNTABILITY)

    @property
    def system_chain(self) -> SecretKeys:
        return self._versions(SYSTEM_CHAIN)

    def _versions(self, name: str) -> SecretKeys:
        def reloaded() -> Mapping[int, bytes]:
            self.refresh()
            return self._secrets[name]

        return SecretKeys(self._secrets[name], reloaded)

    def signing(self, use: str) -> SigningKey:
        return self._signing[use]

    def public_keys(self) -> list[SigningKey]:
        """The public keys that `/audit/keys` publishes and clients pin."""
        return [self._signing[use] for use in SIGNING_USES]

    def shard(self, shard_id: int, version: int) -> bytes:
        """A shard key. Raises `CoffreError` "shard_missing" where this version was destroyed."""
        key = self._shards.get((shard_id, version))
        if key is None:
            self.refresh()
            key = self._shards.get((shard_id, version))
        if key is None:
            raise CoffreError(
                "The shard key of this record is gone: restore the vault from a backup that is consistent.",
                code="shard_missing",
            )
        return key

    def refresh(self) -> None:
        """Take the keys as they are now: the root opens the new ones, destroyed shard keys are forgotten."""
        with self._one_at_a_time:
            with self._store.reading() as tx:
                rows, named = _present(tx, "shard"), _present(tx, "secret")
            self._refresh_secrets([row for row in named if not self._knows(row)])
            unknown = [row for row in rows if _place(row) not in self._shards]
            found = dict(self._shards)
            if unknown:
                opened = self._opened([(row["wrap"], shard_context(row)) for row in unknown])
                found |= dict(zip(map(_place, unknown), opened, strict=True))
            self._keep_shards(rows, found)

    def _knows(self, row: Row) -> bool:
        return row["name"].startswith("sign-") or row["version"] in self._secrets[row["name"]]

    def _refresh_secrets(self, unknown: Sequence[Row]) -> None:
        if unknown:
            opened = self._opened([(row["wrap"], secret_context(row)) for row in unknown])
            for row, key in zip(unknown, opened, strict=True):
                self._keep_secret(row["name"], row["version"], key)

    def _keep_shards(self, rows: Sequence[Row], keys: Mapping[tuple[int, int], bytes]) -> None:
        self._shards = {_place(row): keys[_place(row)] for row in rows}
        self._newest = dict(sorted(self._shards))

    @property
    def shard_count(self) -> int:
        return len(self._newest)

    @property
    def root_kind(self) -> str:
        """The root's provider, without its place."""
        return self._root.name.partition(":")[0]

    def newest_shard_version(self, shard_id: int) -> int:
        return self._newest[shard_id]

    def wrap_shards(self, keys: Sequence[tuple[int, int, bytes]]) -> list[bytes]:
        """The wraps of new shard keys, each given with its shard and version, by one call of the root."""
        if not keys:
            return []
        placed = [(key, shard_context({"shard_id": shard, "version": number})) for shard, number, key in keys]
        return self._root.wrap_many(placed)

    def next_secrets(self) -> list[Row]:
        """New versions of the keys that take them, drawn and wrapped by one call of the root."""
        rows: list[dict[str, object]] = [
            {
                "name": name,
                "version": max(max(self._secrets[name]) + 1, DERIVING),
                "state": LIVE,
                "public": None,
            }
            for name in ROTATED
        ]
        wraps = self._root.wrap_many([(secrets.token_bytes(32), secret_context(row)) for row in rows])
        return [{**row, "wrap": wrap} for row, wrap in zip(rows, wraps, strict=True)]

    def wrap_day_key(self, day: str, private: bytes) -> bytes:
        """The wrap of a new day key. Raises `CoffreError` "root_rotated" where this root is a former one."""
        with self._store.reading() as tx:
            self.check_present(tx)
        return self._root.wrap(private, day_context({"day": day}))

    def check_present(self, tx: VaultTransaction) -> None:
        """Raises `CoffreError` "root_rotated" where this root is a former one."""
        if root_rotation(tx) != self._rotation:
            raise _rotated()

    def known_days(self, rows: Sequence[Row]) -> dict[str, bytes]:
        """Keys of the live rows of `day_key` that are open, by day; days not among the rows are forgotten."""
        days = {row["day"] for row in rows}
        if not self._days.keys() <= days:
            with self._one_at_a_time:
                self._days = {day: key for day, key in self._days.items() if day in days}
        return dict(self._days)

    def day_keys(self, rows: Sequence[Row]) -> dict[str, bytes]:
        """The private keys of the live rows of `day_key`, by day; the root opens the unknown in one batch."""
        self.known_days(rows)
        with self._one_at_a_time:
            unknown = [row for row in rows if row["day"] not in self._days]
            if unknown:
                opened = self._opened([(row["wrap"], day_context(row)) for row in unknown])
                self._days |= {row["day"]: key for row, key in zip(unknown, opened, strict=True)}
            return dict(self._days)


def _present(tx: VaultTransaction, table: str) -> list[Row]:
    return tx.find(table, state__in=[LIVE, RETIRING])


def _place(row: Row) -> tuple[int, int]:
    return row["shard_id"], row["version"]


def _rotated() -> CoffreError:
    return CoffreError("The root was rotated: restart this vault with its new root.", code="root_rotated")
