"""The root wraps these keys: where each belongs, and how a vault is given its first."""

import secrets

from keyvault.crypto.signing import public_key
from keyvault.keys.secret_keys import DERIVING
from keyvault.keys.states import LIVE
from keyvault.roots.ports import Root
from keyvault.store import Row, VaultTransaction

INDEX, ACCOUNTABILITY, SYSTEM_CHAIN = "index", "accountability", "system-chain"
ROTATED = (ACCOUNTABILITY, SYSTEM_CHAIN)  # these take new versions; search tokens stand under the index key
SIGNING_USES = ("grant", "checkpoint", "certificate", "reception")


def secret_context(row: Row) -> bytes:
    """The context of a wrapped row of `secret`."""
    return b"coffre-secret-v1\x00" + str(row["name"]).encode() + b"\x00" + _be32(row["version"])


def shard_context(row: Row) -> bytes:
    """The context of a wrapped row of `shard`."""
    return b"coffre-shard-v1\x00" + _be32(row["shard_id"]) + _be32(row["version"])


def day_context(row: Row) -> bytes:
    """The context of a wrapped row of `day_key`."""
    return b"coffre-day-key-v1\x00" + str(row["day"]).encode()


def create_secrets(tx: VaultTransaction, root: Root, shards: int) -> None:
    """Draw every key that hangs under the root; done once, by `coffre init`."""
    names = (INDEX, ACCOUNTABILITY, SYSTEM_CHAIN, *(f"sign-{use}" for use in SIGNING_USES))
    first = dict.fromkeys(ROTATED, DERIVING)
    named = [{"name": name, "version": first.get(name, 1), "state": LIVE} for name in names]
    numbered = [{"shard_id": shard_id, "version": 1, "state": LIVE} for shard_id in range(shards)]
    keys = [secrets.token_bytes(32) for _ in (*named, *numbered)]
    contexts = [*map(secret_context, named), *map(shard_context, numbered)]
    wraps = root.wrap_many(list(zip(keys, contexts, strict=True)))
    for row, key, wrap in zip(named, keys, wraps, strict=False):
        public = public_key(key) if str(row["name"]).startswith("sign-") else None
        tx.insert("secret", {**row, "wrap": wrap, "public": public})
    tx.insert(
        "shard", *({**row, "wrap": wrap} for row, wrap in zip(numbered, wraps[len(named) :], strict=True))
    )


def _be32(number: int) -> bytes:
    return number.to_bytes(4, "big")
