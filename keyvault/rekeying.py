"""Rotation of a shard's key and of a record's key (formats.md section 2). Neither touches an object.

A shard rotates in three kinds of step, each a transaction of its own: a new version begins and the old one
retires; batches of records move; the old version is destroyed when no record is left under it. Killed
anywhere, it goes on where it was; meanwhile both versions open. Only branches that exist are moved: an
emergency that the patient closed stays closed.

The caller may give the transaction of the step that a restored vault must know of (`logged`), so that it
stands in the log with its replay: a new shard version, a record's new key. The moves are not in it: in a
restored vault the records are under the version that its backup holds, and rotate again.
"""

import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from keyvault.envelope import (
    Branch,
    KeyUse,
    branch_key,
    record_key_aad,
    unwrap,
    unwrap_object_key,
    wrap,
    wrap_object_key,
    wrap_record_key,
)
from keyvault.keyring import DESTROYED, LIVE, RETIRING, Keyring
from keyvault.record_keys import care_key
from keyvault.store import Row, VaultStore, VaultTransaction
from records.errors import NotFound

Writing = Callable[[], AbstractContextManager[VaultTransaction]]
RECORDS = 500  # a batch: some 1 500 wraps, well under a second of the store's time


@dataclass(frozen=True, slots=True)
class ShardRotated:
    """The shard's version now, and how many records this run moved to it."""

    shard_id: int
    version: int
    records: int


def rotate_shard(
    store: VaultStore,
    keyring: Keyring,
    shard_id: int,
    *,
    logged: Writing | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> ShardRotated:
    """Give a shard a new key and destroy the old one; `told` hears how many records moved, batch by batch.

    Run it again after an interruption. Raises `NotFound` "no_such_shard", `CoffreError` "shard_missing"
    where a record hangs under a version that was destroyed, or what the root raises.
    """
    version = _begin(store, logged or store.writing, keyring, shard_id)
    mover = _Mover(keyring, shard_id, version)
    records, last = 0, None
    while True:
        with store.writing() as tx:
            moved = mover.move(tx, last)
            if not moved:
                _destroy(tx, shard_id, version)
                break
        records, last = records + len(moved), moved[-1]
        told(records)
    keyring.refresh()
    return ShardRotated(shard_id, version, records)


def _begin(store: VaultStore, writing: Writing, keyring: Keyring, shard_id: int) -> int:
    """The version that records move to: the one an interrupted run began, or a new one."""
    with store.reading() as tx:
        rows = tx.find("shard", shard_id=shard_id, state__in=[LIVE, RETIRING], order="version")
    if not rows:
        raise NotFound("This vault has no such shard.", code="no_such_shard")
    newest = int(rows[-1]["version"])
    if len(rows) == 1:
        newest += 1
        row = {"shard_id": shard_id, "version": newest, "state": LIVE}
        wrapped = keyring.wrap_shard(shard_id, newest, secrets.token_bytes(32))
        with writing() as tx:
            # of two runs at once, the second finds the version there and helps the first
            if tx.insert_new("shard", {**row, "wrap": wrapped}):
                tx.update("shard", {"state": RETIRING}, shard_id=shard_id, version__lt=newest, state=LIVE)
    keyring.refresh()
    return newest


def _destroy(tx: VaultTransaction, shard_id: int, version: int) -> None:
    tx.update("shard", {"wrap": b"", "state": DESTROYED}, shard_id=shard_id, version__lt=version)


class _Mover:
    """Moves record keys to one shard version; derives each version's branch keys once."""

    def __init__(self, keyring: Keyring, shard_id: int, version: int) -> None:
        self._keyring = keyring
        self._shard_id = shard_id
        self._version = version
        self._branch_keys: dict[tuple[int, int], bytes] = {}

    def move(self, tx: VaultTransaction, after: UUID | None) -> list[UUID]:
        """One batch in `tx`; answers its records, none at the end."""
        beyond: dict[str, object] = {} if after is None else {"record_id__gt": after}
        rows = tx.find(
            "record",
            shard_id=self._shard_id,
            shard_version__lt=self._version,
            order="record_id",
            limit=RECORDS,
            **beyond,
        )
        ids = [row["record_id"] for row in rows]
        # the records first: whoever changes a record's branches holds its row
        tx.update("record", {"shard_version": self._version}, record_id__in=ids)
        keys = tx.find("record_key", record_id__in=ids)
        moved = [self._moved(row) for row in keys]
        tx.delete("record_key", record_id__in=ids)
        tx.insert("record_key", *moved)
        return ids

    def _moved(self, row: Row) -> dict[str, Any]:
        branch, record, version = Branch(row["branch"]), row["record_id"], row["key_version"]
        old = record_key_aad(branch, record, version, row["shard_version"])
        new = record_key_aad(branch, record, version, self._version)
        key = unwrap(self._branch_key(row["shard_version"], branch), row["wrap"], old)
        wrapped = wrap(self._branch_key(self._version, branch), key, new)
        return {**row, "shard_version": self._version, "wrap": wrapped}

    def _branch_key(self, version: int, branch: Branch) -> bytes:
        if (version, branch) not in self._branch_keys:
            shard = self._keyring.shard(self._shard_id, version)
            self._branch_keys[version, branch] = branch_key(shard, branch)
        return self._branch_keys[version, branch]


def rotate_record_key(
    store: VaultStore, keyring: Keyring, record_id: UUID, *, logged: Writing | None = None
) -> int:
    """Give one record a new key, in one transaction; answers its version.

    Every key under it is wrapped anew (card, chains, details, data keys), and the new key once for each
    branch that exists. Raises `NotFound` "no_such_record".
    """
    with (logged or store.writing)() as tx:
        record = tx.get("record", lock=True, record_id=record_id)
        if record is None:
            raise NotFound("There is no such record.", code="no_such_record")
        old = care_key(tx, keyring, record)
        new, version = secrets.token_bytes(32), old.version + 1
        _rewrap_branches(tx, keyring, record, new, version)
        _rewrap_keys(tx, record_id, old.key, new, version)
        _rewrap_blobs(tx, record_id, old.key, new, version)
        tx.update("record", {"key_version": version}, record_id=record_id)
    return version


def _rewrap_branches(tx: VaultTransaction, keyring: Keyring, record: Row, new: bytes, version: int) -> None:
    shard = keyring.shard(record["shard_id"], record["shard_version"])
    for row in tx.find("record_key", record_id=record["record_id"]):
        wrapped = wrap_record_key(
            shard,
            new,
            branch=Branch(row["branch"]),
            record_id=record["record_id"],
            key_version=version,
            shard_version=record["shard_version"],
        )
        values = {"key_version": version, "shard_version": record["shard_version"], "wrap": wrapped}
        tx.update("record_key", values, record_id=record["record_id"], branch=row["branch"])


def _rewrap_keys(tx: VaultTransaction, record_id: UUID, old: bytes, new: bytes, version: int) -> None:
    rows = tx.find("wrapped_key", record_id=record_id)
    moved = [_rewrapped(row, KeyUse(row["use"]), row["object_id"], old, new, version) for row in rows]
    tx.delete("wrapped_key", record_id=record_id)
    tx.insert("wrapped_key", *moved)


def _rewrap_blobs(tx: VaultTransaction, record_id: UUID, old: bytes, new: bytes, version: int) -> None:
    for row in tx.find("blob", record_id=record_id):
        moved = _rewrapped(row, KeyUse.DATA, row["blob_id"], old, new, version, row["commitment"])
        values = {"key_version": version, "wrap": moved["wrap"]}
        tx.update("blob", values, blob_id=row["blob_id"], version=row["version"])


def _rewrapped(
    row: Row,
    use: KeyUse,
    object_id: UUID,
    old: bytes,
    new: bytes,
    version: int,
    commitment: bytes | None = None,
) -> dict[str, Any]:
    place: Mapping[str, Any] = {
        "use": use,
        "record_id": row["record_id"],
        "object_id": object_id,
        "version": row["version"],
        "commitment": commitment,
    }
    key = unwrap_object_key(old, row["wrap"], key_version=row["key_version"], **place)
    return {**row, "key_version": version, "wrap": wrap_object_key(new, key, key_version=version, **place)}
