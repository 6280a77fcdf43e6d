"""What the root opens once, when the vault starts: shard keys, the index key, audit keys, signing keys.

After the start no request ever calls the root (docs/architecture.md, Figures: an HSM or KMS answers
too slowly, and one call per request would make it the bottleneck and the bill).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from keyvault.roots.ports import Root
from keyvault.signing import key_id, public_key, sign
from keyvault.store import VaultStore, VaultTransaction
from records.errors import CoffreError

INDEX, ACCOUNTABILITY, SYSTEM_CHAIN = "index", "accountability", "system-chain"
SIGNING_USES = ("grant", "checkpoint", "certificate", "reception")
LIVE = "live"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key with one use; its private half never leaves this object."""

    use: str
    key_id: str
    public: bytes
    sign: Callable[[bytes], bytes] = field(repr=False)


def _secret_context(name: str, version: int) -> bytes:
    return b"coffre-secret-v1\x00" + name.encode() + b"\x00" + version.to_bytes(4, "big")


def _shard_context(shard_id: int, version: int) -> bytes:
    return b"coffre-shard-v1\x00" + shard_id.to_bytes(4, "big") + version.to_bytes(4, "big")


def create_secrets(tx: VaultTransaction, root: Root, shards: int) -> None:
    """Draw every key that hangs under the root; done once, by `coffre init`."""
    names = (INDEX, ACCOUNTABILITY, SYSTEM_CHAIN, *(f"sign-{use}" for use in SIGNING_USES))
    for name in names:
        key = secrets.token_bytes(32)
        public = public_key(key) if name.startswith("sign-") else None
        wrap = root.wrap(key, _secret_context(name, 1))
        tx.insert("secret", {"name": name, "version": 1, "wrap": wrap, "public": public, "state": LIVE})
    for shard_id in range(shards):
        wrap = root.wrap(secrets.token_bytes(32), _shard_context(shard_id, 1))
        tx.insert("shard", {"shard_id": shard_id, "version": 1, "wrap": wrap, "state": LIVE})


class Keyring:
    """The opened keys of a running vault."""

    def __init__(self, store: VaultStore, root: Root) -> None:
        self._root = root
        self._secrets: dict[str, bytes] = {}
        self._signing: dict[str, SigningKey] = {}
        self._shards: dict[tuple[int, int], bytes] = {}
        with store.reading() as tx:
            for row in tx.find("secret", state=LIVE):
                self._open_secret(row["name"], row["version"], row["wrap"])
            for row in tx.find("shard", state=LIVE):
                context = _shard_context(row["shard_id"], row["version"])
                self._shards[row["shard_id"], row["version"]] = root.unwrap(row["wrap"], context)
        if not self._secrets or not self._shards:
            raise CoffreError("This vault holds no keys yet: run coffre init.", code="vault_empty")

    def __repr__(self) -> str:
        return f"Keyring({len(self._shards)} shards)"

    def _open_secret(self, name: str, version: int, wrap: bytes) -> None:
        key = self._root.unwrap(wrap, _secret_context(name, version))
        if not name.startswith("sign-"):
            self._secrets[name] = key
            return
        use, public = name.removeprefix("sign-"), public_key(key)
        self._signing[use] = SigningKey(use, key_id(public), public, lambda message: sign(key, message))

    @property
    def index_key(self) -> bytes:
        return self._secrets[INDEX]

    @property
    def accountability_key(self) -> bytes:
        return self._secrets[ACCOUNTABILITY]

    @property
    def system_chain_key(self) -> bytes:
        return self._secrets[SYSTEM_CHAIN]

    def signing(self, use: str) -> SigningKey:
        return self._signing[use]

    def public_keys(self) -> list[SigningKey]:
        """What `/audit/keys` publishes and clients pin."""
        return [self._signing[use] for use in SIGNING_USES]

    def shard(self, shard_id: int, version: int) -> bytes:
        try:
            return self._shards[shard_id, version]
        except KeyError:
            raise CoffreError(
                "The shard key of this record isn't open: restart the vault after a rotation.",
                code="shard_missing",
            ) from None

    @property
    def shard_count(self) -> int:
        return len({shard_id for shard_id, _ in self._shards})

    def newest_shard_version(self, shard_id: int) -> int:
        return max(version for shard, version in self._shards if shard == shard_id)

    def wrap_day_key(self, day: str, private: bytes) -> bytes:
        return self._root.wrap(private, b"coffre-day-key-v1\x00" + day.encode())

    def unwrap_day_key(self, day: str, wrap: bytes) -> bytes:
        return self._root.unwrap(wrap, b"coffre-day-key-v1\x00" + day.encode())
