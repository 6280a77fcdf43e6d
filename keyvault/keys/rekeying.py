"""Rotation of shard keys and of a record's key (formats.md section 2). Neither touches an object.

Shards rotate in three kinds of step, each a transaction of its own: new versions begin and the old ones
retire, all of them by one call of the root; batches of records move; an old version is destroyed when no
record is left under it. Killed anywhere, it goes on where it was, whoever asks; meanwhile both versions open.
Only branches that exist are moved: an emergency that the patient closed stays closed.

The caller may give the transaction of the step that a restored vault must know of (`logged`), so that it
stands in the log with its replay: new shard versions, a record's new key. The moves are not in it: in a
restored vault the records are under the version that its backup holds, and rotate again.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from keyvault.crypto.envelope import (
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
from keyvault.keys.keyring import Keyring
from keyvault.keys.record_keys import care_key
from keyvault.keys.states import DESTROYED, LIVE, RETIRING
from keyvault.store import Row, VaultStore, VaultTransaction
from records.errors import NotFound

Writing = Callable[[], AbstractContextManager[VaultTransaction]]
RECORDS = 500  # a batch: some 1 500 wraps, well under a second of the store's time


@dataclass(frozen=True, slots=True)
class Moved:
    """One step: how many records moved, the last of them, how many shards still have a retiring version."""

    records: int
    after: UUID | None
    shards_left: int


def begin_shards(
    store: VaultStore, keyring: Keyring, shard_ids: Sequence[int], *, logged: Writing | None = None
) -> int:
    """Give shards a new version, to which their records are to move; answers how many got one.

    None does while a rotation of one of them was cut off: that goes on first. Raises `NotFound`
    "no_such_shard", `CoffreError` "root_rotated", or what the root raises.
    """
    with store.reading() as tx:
        rows = tx.find("shard", shard_id__in=list(shard_ids), state__in=[LIVE, RETIRING], order="version")
    newest = {row["shard_id"]: row["version"] for row in rows}
    if newest.keys() != set(shard_ids):
        raise NotFound("This vault has no such shard.", code="no_such_shard")
    unfinished = any(row["state"] == RETIRING for row in rows)
    places = [] if unfinished else [(shard_id, version + 1) for shard_id, version in newest.items()]
    wraps = keyring.wrap_shards([(*place, secrets.token_bytes(32)) for place in places])
    with (logged or store.writing)() as tx:
        keyring.check_present(tx)
        begun = sum(_begin(tx, *place, wrapped) for place, wrapped in zip(places, wraps, strict=True))
    keyring.refresh()
    return begun


def _begin(tx: VaultTransaction, shard_id: int, version: int, wrapped: bytes) -> bool:
    row = {"shard_id": shard_id, "version": version, "state": LIVE, "wrap": wrapped}
    if not tx.insert_new("shard", row):  # of two runs at once, the second helps the first
        return False
    tx.update("shard", {"state": RETIRING}, shard_id=shard_id, version__lt=version, state=LIVE)
    return True


def move_records(store: VaultStore, keyring: Keyring, after: UUID | None = None) -> Moved:
    """One batch of a shard that has a retiring version; that is destroyed when no record is left under it.

    `after`, the last record of the batch before, saves looking again at those that have moved. Raises
    `CoffreError` "shard_missing" where a record hangs under a version that was destroyed.
    """
    with store.reading() as tx:
        shards = sorted({row["shard_id"] for row in tx.find("shard", state=RETIRING)})
    if not shards:
        return Moved(0, None, 0)
    moved = _move(store, keyring, shards[0], after)
    return Moved(len(moved), moved[-1] if moved else None, len(shards) if moved else len(shards) - 1)


def _move(store: VaultStore, keyring: Keyring, shard_id: int, after: UUID | None) -> list[UUID]:
    with store.writing() as tx:
        versions = tx.find("shard", shard_id=shard_id, state__in=[LIVE, RETIRING], order="-version")
        version = versions[0]["version"]
        mover = _Mover(keyring, shard_id, version)
        # from the start again before anything is destroyed: whoever asks may be wrong about where it was
        moved = mover.move(tx, after) or mover.move(tx, None)
        if not moved:
            tx.update("shard", {"wrap": b"", "state": DESTROYED}, shard_id=shard_id, version__lt=version)
    if not moved:
        keyring.refresh()
    return moved


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


def rotate_record_key(tx: VaultTransaction, keyring: Keyring, record_id: UUID) -> int:
    """Give one record a new key; answers its version.

    Every key under it is wrapped anew (card, chains, details, data keys), and the new key once for each
    branch that exists. Raises `NotFound` "no_such_record".
    """
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
        tx.update("blob", values, record_id=record_id, blob_id=row["blob_id"], version=row["version"])


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
