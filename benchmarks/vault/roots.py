"""Measure each root's wraps a second, and the time that rotations of a vault with many records take.

A rotation of the root moves the keys right under it (4 096 shards and a few more) and no record, so its time
does not depend on the records; the rotation of all shards moves every record's keys. The latter is measured
on `--records` and stands beside bare SQL that changes as many rows to bytes made beforehand.
"""

import os
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from benchmarks.tools.measuring import table
from keyvault.crypto.envelope import Branch, branch_key, record_key_aad, wrap
from keyvault.keys.keyring import Keyring
from keyvault.keys.rekeying import begin_shards, move_records
from keyvault.keys.root_rotation import rotate_root
from keyvault.process.guard import Guard
from keyvault.roots.opening import create_root
from keyvault.roots.ports import Root
from storage.engines.opening import Database, engine_for
from storage.migrations.migrate import upgrade
from storage.vault_store.store import SqlVaultStore
from storage.vault_store.tables import DAY_KEYS
from tests.services import moto_kms, openbao, softhsm

SHARDS = 4096  # as in production
MILLION = 1_000_000
SINGLE_S = 1.0


def run(records: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        roots = _roots(Path(folder), stack)
        table(
            "Wraps a second, and what 4 096 shard keys take at a start and a rotation (seconds)",
            ("root", "wrap, singly", "unwrap, singly", "wrap, batch", "unwrap, batch", "start", "rotation"),
            [_measured(name, root, Path(folder)) for name, root in roots.items()],
        )
    with tempfile.TemporaryDirectory() as folder:
        _shards(Path(folder), records)


def _roots(folder: Path, stack: ExitStack) -> dict[str, Root]:
    hsm = stack.enter_context(softhsm.running(folder / "softhsm"))
    bao = stack.enter_context(openbao.running(folder / "openbao"))
    moto = stack.enter_context(moto_kms.running(folder / "moto"))
    os.environ.update(moto.environ)
    environ = {**hsm.environ, **bao.environ}
    urls = {
        "file": f"file:{folder}/root",
        "quorum 3 of 5": f"quorum:{folder}/quorum",
        "pkcs11 (SoftHSM)": hsm.url(),
        "aws-kms (moto)": moto.url(),
        "transit (OpenBao)": bao.url(),
        "combined file+transit": f"combined:file:{folder}/half+{bao.url('half')}",
    }
    return {name: create_root(url, environ=environ).root for name, url in urls.items()}


def _measured(name: str, root: Root, folder: Path) -> tuple[str, ...]:
    key, context = secrets.token_bytes(32), b"coffre-shard-v1\0" + bytes(8)
    wrapped = root.wrap(key, context)
    items = [(secrets.token_bytes(32), b"%d" % number) for number in range(SHARDS)]
    singly = _rate(lambda: root.wrap(key, context)), _rate(lambda: root.unwrap(wrapped, context))
    wraps: list[bytes] = []
    wrapping = _seconds(lambda: wraps.extend(root.wrap_many(items)))
    placed = list(zip(wraps, (place for _, place in items), strict=True))
    unwrapping = _seconds(lambda: root.unwrap_many(placed))
    with _vault(folder / f"vault of {name}", root) as (store, days):
        start = _seconds(lambda: Keyring(store, root))
        rotation = _seconds(lambda: rotate_root(store, days, root, root))
    rates = (*singly, SHARDS / wrapping, SHARDS / unwrapping)
    return (name, *(f"{rate:,.0f}" for rate in rates), f"{start:.2f}", f"{rotation:.2f}")


def _shards(folder: Path, records: int) -> None:
    root = create_root(f"file:{folder}/root", environ={}).root
    with _vault(folder / "vault", root, shards=16) as (store, days):
        keyring = Keyring(store, root)
        _fill(store, keyring, records)
        of_root = _seconds(lambda: rotate_root(store, days, root, root))
        bare = _seconds(lambda: _bare(store))
        update = _seconds(lambda: _update(folder / "vault" / "vault.db"))
        moved = _seconds(lambda: _every_shard(store, keyring))
    many = MILLION / records
    table(
        f"Rotations of a vault with {records:,} records, three branches each (SQLite, 16 shards)",
        ("what", "seconds", "records/s", f"for 10^6 records (x {many:g})"),
        [
            ("the root (touches no record)", f"{of_root:.2f}", "-", f"{of_root:.2f} s, whatever the records"),
            ("every shard", f"{moved:.1f}", f"{records / moved:,.0f}", f"{moved * many:.0f} s"),
            (
                "the same statements, no cipher",
                f"{bare:.1f}",
                f"{records / bare:,.0f}",
                f"{bare * many:.0f} s",
            ),
            ("one UPDATE a table", f"{update:.1f}", f"{records / update:,.0f}", f"{update * many:.0f} s"),
            ("ratio to the same statements", f"{bare / moved:.2f}", "", ""),
            ("ratio to one UPDATE a table", f"{update / moved:.2f}", "", ""),
        ],
    )


def _fill(store: SqlVaultStore, keyring: Keyring, records: int) -> None:
    """Records as `open_record` leaves them, without cards and chains."""
    branch_keys = {
        (shard, branch): branch_key(keyring.shard(shard, 1), branch)
        for shard in range(16)
        for branch in Branch
    }
    for _ in range(0, records, 1000):
        ids = [uuid7() for _ in range(1000)]
        with store.writing() as tx:
            tx.insert("record", *(_record(each) for each in ids))
            tx.insert(
                "record_key",
                *(
                    _record_key(each, branch, branch_keys[each.int % 16, branch])
                    for each in ids
                    for branch in Branch
                ),
            )


def _record(record_id: UUID) -> dict[str, object]:
    return {
        "record_id": record_id,
        "public_id": record_id,
        "kind": "person",
        "ins_token": secrets.token_bytes(32),
        "state": "active",
        "shard_id": record_id.int % 16,
        "key_version": 1,
        "shard_version": 1,
        "card": secrets.token_bytes(600),
        "card_version": 1,
        "card_digest": secrets.token_bytes(32),
        "created_at": 0,
    }


def _record_key(record_id: UUID, branch: Branch, kek: bytes) -> dict[str, object]:
    wrapped = wrap(kek, secrets.token_bytes(32), record_key_aad(branch, record_id, 1, 1))
    row = {"record_id": record_id, "branch": int(branch), "key_version": 1, "shard_version": 1}
    return {**row, "wrap": wrapped}


def _every_shard(store: SqlVaultStore, keyring: Keyring) -> None:
    begin_shards(store, keyring, range(16))
    after, left = None, 1
    while left:
        moved = move_records(store, keyring, after)
        after, left = moved.after, moved.shards_left


def _bare(store: SqlVaultStore) -> None:
    """The statements of a shard's rotation with no cipher: every row is written anew as it was."""
    for shard in range(16):
        last = UUID(int=0)
        while True:
            with store.writing() as tx:
                rows = tx.find("record", shard_id=shard, record_id__gt=last, order="record_id", limit=500)
                ids = [row["record_id"] for row in rows]
                tx.update("record", {"shard_version": 1}, record_id__in=ids)
                keys = tx.find("record_key", record_id__in=ids)
                tx.delete("record_key", record_id__in=ids)
                tx.insert("record_key", *keys)
            if not ids:
                break
            last = ids[-1]


def _update(path: Path) -> None:
    """As little as a database can do to change these rows: two statements, one commit, no row leaves it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE record SET shard_version = shard_version")
        connection.execute("UPDATE record_key SET wrap = CAST(wrap || x'' AS BLOB)")


@contextmanager
def _vault(folder: Path, root: Root, shards: int = SHARDS) -> Iterator[tuple[SqlVaultStore, SqlVaultStore]]:
    folder.mkdir()
    databases: list[Database] = []
    for branch in ("vault", "day_keys"):
        databases.append(engine_for(f"sqlite:///{folder}/{branch}.db"))
        upgrade(databases[-1], branch)
    store, days = SqlVaultStore(databases[0]), SqlVaultStore(databases[1], DAY_KEYS)
    Guard.initialise(store, root, shards=shards)
    yield store, days
    for database in databases:
        database.close()


def _rate(work: Callable[[], object]) -> float:
    """Times a second, over `SINGLE_S`."""
    times, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < SINGLE_S:
        work()
        times += 1
    return times / took


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    run()
