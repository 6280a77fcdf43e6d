"""Keys of one record: its record key by branch, and what hangs under it (docs/formats.md section 2)."""

import secrets
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.crypto.envelope import (
    Branch,
    KeyUse,
    unwrap_object_key,
    unwrap_record_key,
    wrap_object_key,
    wrap_record_key,
)
from keyvault.keys.keyring import Keyring
from keyvault.keys.states import LIVE
from keyvault.store import Row, VaultTransaction
from records.errors import CoffreError


@dataclass(frozen=True, slots=True)
class RecordKey:
    """An opened record key; whoever holds it opens the record's data keys."""

    record_id: UUID
    version: int
    key: bytes = field(repr=False)


def create_record_key(
    tx: VaultTransaction, keyring: Keyring, record_id: UUID, branches: tuple[Branch, ...]
) -> tuple[RecordKey, int, int]:
    """Draw a record key and wrap it once per branch; answers it with its shard and the shard's version."""
    shard_id = record_id.int % keyring.shard_count
    shard_version = _current_version(tx, keyring, shard_id)
    record_key = RecordKey(record_id, 1, secrets.token_bytes(32))
    for branch in branches:
        _wrap_branch(tx, keyring, record_key, branch, shard_id, shard_version)
    return record_key, shard_id, shard_version


def _current_version(tx: VaultTransaction, keyring: Keyring, shard_id: int) -> int:
    """The version that takes new records. Its row is held, so that no rotation retires it meanwhile."""
    for _ in range(2):
        version = keyring.newest_shard_version(shard_id)
        row = tx.get("shard", lock=True, shard_id=shard_id, version=version)
        if row is not None and row["state"] == LIVE:
            return version
        keyring.refresh()  # another process rotated this shard
    raise CoffreError(
        "This shard's rotation is not finished: run coffre vault rotate-shards.", code="shard_missing"
    )


def _wrap_branch(
    tx: VaultTransaction, keyring: Keyring, key: RecordKey, branch: Branch, shard_id: int, shard_version: int
) -> None:
    wrapped = wrap_record_key(
        keyring.shard(shard_id, shard_version),
        key.key,
        branch=branch,
        record_id=key.record_id,
        key_version=key.version,
        shard_version=shard_version,
    )
    tx.insert(
        "record_key",
        {
            "record_id": key.record_id,
            "branch": int(branch),
            "key_version": key.version,
            "shard_version": shard_version,
            "wrap": wrapped,
        },
    )


def open_record_key(tx: VaultTransaction, keyring: Keyring, record: Row, branch: Branch) -> RecordKey | None:
    """The record key through one branch, or None where the patient's opt-out deleted that branch."""
    row = tx.get("record_key", record_id=record["record_id"], branch=int(branch))
    if row is None:
        return None
    key = unwrap_record_key(
        keyring.shard(record["shard_id"], row["shard_version"]),
        row["wrap"],
        branch=branch,
        record_id=record["record_id"],
        key_version=row["key_version"],
        shard_version=row["shard_version"],
    )
    return RecordKey(record["record_id"], row["key_version"], key)


def care_key(tx: VaultTransaction, keyring: Keyring, record: Row) -> RecordKey:
    """The record key through the branch of ordinary care, which exists as long as the record does."""
    key = open_record_key(tx, keyring, record, Branch.CARE)
    if key is None:
        raise CoffreError(
            "This record has lost its key: restore the vault from its backup.", code="record_key_missing"
        )
    return key


def set_branch(tx: VaultTransaction, keyring: Keyring, record: Row, branch: Branch, allowed: bool) -> None:
    """Opt in: wrap the record key anew for the branch. Opt out: delete the wrap, which ends that way in."""
    present = tx.get("record_key", record_id=record["record_id"], branch=int(branch)) is not None
    if allowed and not present:
        key = care_key(tx, keyring, record)
        _wrap_branch(tx, keyring, key, branch, record["shard_id"], record["shard_version"])
    elif present and not allowed:
        tx.delete("record_key", record_id=record["record_id"], branch=int(branch))


def new_object_key(
    tx: VaultTransaction, record_key: RecordKey, use: KeyUse, object_id: UUID, version: int = 1
) -> bytes:
    """Draw a details, chain or card key and keep its wrap."""
    key = secrets.token_bytes(32)
    wrapped = wrap_object_key(
        record_key.key,
        key,
        use=use,
        record_id=record_key.record_id,
        key_version=record_key.version,
        object_id=object_id,
        version=version,
    )
    tx.insert(
        "wrapped_key",
        {
            "record_id": record_key.record_id,
            "use": int(use),
            "object_id": object_id,
            "version": version,
            "key_version": record_key.version,
            "wrap": wrapped,
        },
    )
    return key


def open_object_key(
    tx: VaultTransaction, record_key: RecordKey, use: KeyUse, object_id: UUID, version: int = 1
) -> bytes:
    """Open a details, chain or card key."""
    row = tx.get(
        "wrapped_key",
        record_id=record_key.record_id,
        use=int(use),
        object_id=object_id,
        version=version,
    )
    if row is None:
        raise _key_missing()
    return unwrap(record_key, use, row)


def open_newest_key(
    tx: VaultTransaction, record_key: RecordKey, use: KeyUse, object_id: UUID
) -> tuple[int, bytes]:
    """Open the newest version of a chain's key; answers it after that version's number."""
    where = {"record_id": record_key.record_id, "use": int(use), "object_id": object_id}
    rows = tx.find("wrapped_key", order="-version", limit=1, **where)
    if not rows:
        raise _key_missing()
    return rows[0]["version"], unwrap(record_key, use, rows[0])


def unwrap(record_key: RecordKey, use: KeyUse, row: Row) -> bytes:
    """Open one row of `wrapped_key`."""
    return unwrap_object_key(
        record_key.key,
        row["wrap"],
        use=use,
        record_id=record_key.record_id,
        key_version=row["key_version"],
        object_id=row["object_id"],
        version=row["version"],
    )


def _key_missing() -> CoffreError:
    return CoffreError("A key of this record is missing in the vault: run coffre check.", code="key_missing")
