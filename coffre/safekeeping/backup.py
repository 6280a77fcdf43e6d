"""Take a backup: index, vault and objects of one instant, and accounts, with live servers, in two archives.

Neither holds the root, a day key, the authority's key or anything in clear: the databases are copied as they
are, sealed rows and wraps, and the objects as ciphertext.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4

from coffre.installation.identity import Identity
from coffre.installation.installation import Installation
from coffre.installation.places import Places
from coffre.operators.calls import acting, permitted
from coffre.safekeeping.archive import (
    CHUNK,
    MANIFEST,
    Manifest,
    facts_of,
    sync,
    write_manifest,
    write_signature,
    writing_archive,
)
from coffre.settings import Settings
from keyvault.restore.frozen import log_size
from records.errors import NotFound
from storage.engines.archiving import Snapshot, snapshot, snapshots
from storage.engines.opening import engine_for
from storage.index.inventory import ListedBlob, SqlInventory, every
from storage.objects.opening import open_objects
from storage.ports.objects import ObjectStore
from storage.vault_store.store import SqlVaultStore

PUBLIC_FACTS = "coffre"


INVENTORY = "objects.jsonl"


OBJECTS = "objects"


VAULT = "vault"


ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The contents of a backup."""

    backup: str
    index: Path
    vault: Path
    objects: int
    log_size: int


def take(
    settings: Settings,
    to: Path,
    vault_to: Path | None,
    *,
    with_objects: bool,
    operator: Path | None = None,
) -> Taken:
    """Write both archives. Raises `Conflict` "backup_exists", CoffreError "not_initialised"."""
    places = Places(settings)
    places.check_complete()
    with ExitStack() as stack:
        index, vault = engine_for(places.index), engine_for(places.vault)
        stack.callback(index.close)
        stack.callback(vault.close)
        folder = stack.enter_context(writing_archive(to))
        vault_folder = stack.enter_context(writing_archive(vault_to)) if vault_to else folder / VAULT
        vault_folder.mkdir(mode=0o700, exist_ok=True)
        of_index, of_vault = stack.enter_context(snapshots(index, vault))
        about = _about(Identity.read(places.complete), of_vault)
        store = open_objects(places.objects, credentials=settings.s3_credentials())
        found = _objects(of_index, folder, store if with_objects else None)
        _write(of_vault, vault_folder, Manifest(part="vault", counts=of_vault.counts(), **about))
        (folder / PUBLIC_FACTS).write_bytes(places.complete.read_bytes())
        _save_accounts(places, folder)
        whole = Manifest(part="index", counts=of_index.counts(), objects=found, **about)
        _write(of_index, folder, whole)
        _sign(settings, operator, UUID(about["backup"]), {"index": folder, "vault": vault_folder})
        return Taken(
            backup=about["backup"],
            index=to,
            vault=vault_to or to / VAULT,
            objects=found["count"],
            log_size=about["log_size"],
        )


def _save_accounts(places: Places, folder: Path) -> None:
    """Sealed rows, without their key; of a moment of their own: no other database refers to them."""
    database = engine_for(places.accounts)
    try:
        with snapshot(database, "accounts") as accounts:
            accounts.save(folder)
    finally:
        database.close()


def _sign(settings: Settings, operator: Path | None, backup: UUID, folders: Mapping[str, Path]) -> None:
    """The vault signs what was written, before it takes the name that was asked for."""
    manifests = {part: (folder / MANIFEST).read_bytes() for part, folder in folders.items()}
    digests = {part: hashlib.sha256(manifest).digest() for part, manifest in manifests.items()}
    with Installation(settings) as installation:
        notes = permitted(
            installation.guard.operator.certify_backup(acting(installation, operator), backup, digests)
        )
    for part, note in notes.items():
        write_signature(folders[part], note)


def _about(identity: Identity, vault: Snapshot) -> dict[str, Any]:
    """What both manifests say."""
    with SqlVaultStore(vault).reading() as tx:
        size = log_size(tx)
        last = tx.find("checkpoint", order="-size", limit=1)
    return {
        "backup": str(uuid4()),
        "taken_at": int(time.time() * 1000),
        "environment": identity.environment.value,
        "origin": identity.origin,
        "log_size": size,
        "checkpoint": last[0]["note"] if last else None,
    }


def _write(snapshot: Snapshot, folder: Path, manifest: Manifest) -> None:
    """The database, then the manifest of everything that lies in the folder itself."""
    snapshot.save(folder)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for path in files:
        sync(path)
    told = {**_plain(manifest), "files": {path.name: facts_of(path) for path in files}}
    write_manifest(folder, Manifest(**told).to_json())


def _plain(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in Manifest.__slots__}


def _objects(index: Snapshot, folder: Path, store: ObjectStore | None) -> dict[str, Any]:
    """Name every object that the index knows, one JSON line each; copy them where there is a store.

    Those that wait for a verdict may be gone meanwhile: their senders were not told "published".
    """
    path = folder / INVENTORY
    path.touch(mode=0o600)
    count = size = copied = 0
    with path.open("w", encoding="utf-8") as file:
        for page in every(SqlInventory(index).blobs, lambda blob: blob.key):
            for blob in page:
                if blob.state == ABANDONED:
                    continue
                digest = _copy(store, blob, folder / OBJECTS) if store is not None else None
                _write_line(file, blob, digest)
                count, size = count + 1, size + blob.ciphertext_size
                copied += digest is not None
    return {"count": count, "bytes": size, "copied": copied}


def _write_line(file: IO[str], blob: ListedBlob, digest: str | None) -> None:
    line = {
        "blob": str(blob.blob_id),
        "version": blob.version,
        "state": blob.state,
        "size": blob.ciphertext_size,
        "crc64": f"{blob.crc64:016x}",
        "sha256": digest,
    }
    file.write(json.dumps(line) + "\n")


def _copy(store: ObjectStore, blob: ListedBlob, folder: Path) -> str | None:
    """The object as a file; its SHA-256, None where a waiting one is gone."""
    digest = hashlib.sha256()
    try:
        pieces = store.stream(*blob.key, chunk=CHUNK)
    except NotFound:
        if blob.state == "adopted":
            raise
        return None
    path = object_path(folder, str(blob.blob_id), blob.version)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("wb") as file:
        _each(pieces, file.write, digest.update)
    sync(path)
    return digest.hexdigest()


def _each(pieces: Any, *sinks: Callable[[bytes], object]) -> None:
    for piece in pieces:
        for sink in sinks:
            sink(piece)


def object_path(folder: Path, blob: str, version: int) -> Path:
    """Where an archive keeps an object."""
    return folder / blob[:2] / blob / str(version)
