"""Put a backup back: both archives into an empty place; the vault is frozen until it is brought forward."""

import hashlib
import json
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from audit.checkpoint import parse_and_verify
from coffre.installation.install import OWNER_ONLY
from coffre.installation.page_key import draw_page_key
from coffre.installation.places import Places
from coffre.safekeeping.archive import CHUNK, MANIFEST, Manifest, altered, check_signature, read_manifest
from coffre.safekeeping.backup import INVENTORY, OBJECTS, PUBLIC_FACTS, object_path
from coffre.safekeeping.kept_checkpoints import read_checkpoint
from coffre.settings import Settings
from keyvault.credentials import private_files
from keyvault.restore.frozen import Frozen, freeze
from keyvault.restore.second_place import Checkpoints
from records.errors import CoffreError, Conflict
from records.vocabulary.codes import Environment
from sign_in.accounts.letters import begin_anew
from storage.accounts.tables import ACCOUNTS
from storage.engines.archiving import counts_of, put_back
from storage.engines.opening import engine_for
from storage.index.store import SqlIndex
from storage.migrations.migrate import upgrade
from storage.migrations.schema_version import noted
from storage.objects.opening import open_locked_notes, open_objects, prepare_objects
from storage.ports.objects import ObjectStore
from storage.vault_store.store import SqlVaultStore

SESSIONS_SINCE = "0011"
"""The revision of the index from which on it holds sessions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The result of a restore, and the things that a person has to bring."""

    frozen: Frozen
    objects: int
    missing: tuple[str, ...]


def put_all_back(
    settings: Settings, source: Path, vault_source: Path, known: list[Path], *, unsigned: bool = False
) -> Restored:
    """Check everything, then write; `D/coffre` comes last. Raises `Conflict` "not_empty", CoffreError
    "backup_altered", "backup_unsigned", "other_backup".

    The signature is compared with the key that the backup itself names; that this is the vault's own key is
    seen when the root opens it, at the first start.
    """
    places = Places(settings)
    if settings.data.exists() and any(settings.data.iterdir()):
        raise Conflict(f"{settings.data} isn't empty: restore into an empty place.", code="not_empty")
    index, vault = read_manifest(source, "index"), read_manifest(vault_source, "vault")
    if (index.origin, index.environment) != (vault.origin, vault.environment):
        raise CoffreError("These archives are of two different installations.", code="other_backup")
    identity = json.loads((source / PUBLIC_FACTS).read_text())
    for folder, manifest in ((source, index), (vault_source, vault)):
        check_signature(
            folder, manifest, bytes.fromhex(identity["certificate_public"]), may_be_absent=unsigned
        )
    checkpoint = _largest(settings, identity, index, vault, known)
    _make_folders(settings, places)
    _put_database(source, index, places.index)
    _put_database(vault_source, vault, places.vault)
    _new_day_keys(places)
    letters = _put_accounts(source, index, places)
    _end_sessions(places)
    objects, absent = _put_objects(source, places)
    private_files.create(places.url_key, secrets.token_hex(32))
    draw_page_key(places)
    frozen = _freeze(places, vault, checkpoint)
    places.complete.write_bytes((source / PUBLIC_FACTS).read_bytes())
    missing = _missing(settings, places, vault, absent, letters)
    return Restored(frozen=frozen, objects=objects, missing=missing)


def _largest(
    settings: Settings, identity: dict[str, str], index: Manifest, vault: Manifest, known: list[Path]
) -> tuple[int, str] | None:
    """The largest checkpoint known outside the vault's own archive, the second place's among them."""
    notes = [read_checkpoint(path) for path in known]
    if settings.second_place_url:
        place = open_locked_notes(settings.second_place_url, credentials=settings.s3_credentials())
        kept = Checkpoints(place, identity["origin"], bytes.fromhex(identity["checkpoint_public"])).last()
        notes += [kept.note] if kept is not None else []
    if index.backup != vault.backup and index.checkpoint is not None:
        notes.append(index.checkpoint)
    public = bytes.fromhex(identity["checkpoint_public"])
    sizes = [(parse_and_verify(note, identity["origin"], public).size, note) for note in notes]
    if vault.checkpoint is not None:
        parse_and_verify(vault.checkpoint, identity["origin"], public)
    return max(sizes, default=None)


def _make_folders(settings: Settings, places: Places) -> None:
    for folder in (
        settings.data,
        settings.vault_dir,
        settings.authority_dir,
        places.url_key.parent,
        places.accounts_key.parent,
    ):
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        folder.chmod(OWNER_ONLY)


def _put_database(source: Path, manifest: Manifest, url: str) -> None:
    (name,) = (name for name in manifest.files if Path(name).stem == manifest.part)
    put_back(source / name, url)
    if counts_of(url, "index" if manifest.part == "index" else "vault", manifest.counts) != manifest.counts:
        raise altered(name)


def _new_day_keys(places: Places) -> None:
    """A store that outlived the loss is used as it is; else an empty one: no backup holds these keys."""
    database = engine_for(places.day_keys)
    try:
        upgrade(database, "day_keys")
    finally:
        database.close()


def _put_accounts(source: Path, index: Manifest, places: Places) -> int:
    """Those of the archive; an empty store where it is of a version that had none. Counts the letters whose
    codes count no longer.
    """
    for name in index.files:
        if Path(name).stem == "accounts":
            put_back(source / name, places.accounts)
    database = engine_for(places.accounts)
    try:
        upgrade(database, "accounts")
        with SqlVaultStore(database, ACCOUNTS).writing() as tx:
            return begin_anew(tx)
    finally:
        database.close()


def _end_sessions(places: Places) -> None:
    """An index of before there were any is migrated later, and has none to end."""
    database = engine_for(places.index)
    try:
        with database.reading() as connection:
            revision = noted(connection).revision or ""
        if revision >= SESSIONS_SINCE:
            SqlIndex(database).end_every_session()
    finally:
        database.close()


def _freeze(places: Places, vault: Manifest, known: tuple[int, str] | None) -> Frozen:
    database = engine_for(places.vault)
    try:
        frozen = freeze(SqlVaultStore(database), int(time.time() * 1000), known)
    finally:
        database.close()
    if frozen.size != vault.log_size:
        raise altered(MANIFEST)
    return frozen


def _put_objects(source: Path, places: Places) -> tuple[int, int]:
    """Answers how many objects were written, and how many adopted ones are nowhere."""
    keys = places.settings.s3_credentials()
    prepare_objects(places.objects, origins=places.settings.pages(), create=True, credentials=keys)
    store = open_objects(places.objects, credentials=keys)
    written = absent = 0
    with (source / INVENTORY).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["sha256"] is not None:
                _put_object(source / OBJECTS, store, row)
                written += 1
            elif row["state"] == "adopted":
                absent += store.size(UUID(row["blob"]), row["version"]) is None
    return written, absent


def _put_object(folder: Path, store: ObjectStore, row: dict[str, Any]) -> None:
    blob_id, version = UUID(row["blob"]), int(row["version"])
    if store.size(blob_id, version) == row["size"]:
        return  # the store outlived the loss; `coffre check --scrub` reads it
    path = object_path(folder, str(blob_id), version)
    digest = hashlib.sha256()
    if not path.is_file():
        raise altered(str(path.relative_to(folder.parent)))
    with path.open("rb") as file, store.writer(blob_id, version) as writer:
        while piece := file.read(CHUNK):
            digest.update(piece)
            writer.write(piece)
        if digest.hexdigest() != row["sha256"]:
            raise altered(str(path.relative_to(folder.parent)))
        writer.commit()


def _missing(
    settings: Settings, places: Places, vault: Manifest, absent: int, letters: int
) -> tuple[str, ...]:
    """What a person has to bring, in words."""
    found = []
    root = settings.root_url
    if not root.startswith("file:") or not Path(root.removeprefix("file:")).exists():
        found.append(f"the root, {root}: without it nothing opens")
    if settings.day_keys_url is None:
        found.append("day keys: what had no verdict yet is refused, and its senders send it again")
    if vault.environment != Environment.PRODUCTION and not places.authority_key.exists():
        found.append(f"the authority's key, {places.authority_key}: no identity can be issued")
    found += [
        f"the sign-in's key, {path}: {without}"
        for path, without in (
            (places.accounts_key, "no account opens without it"),
            (places.issuer_key, "nobody can be signed in"),
        )
        if not path.exists()
    ]
    if letters:
        found.append(f"{letters} letters with codes: draw those under way anew, coffre account letters")
    if absent:
        found.append(f"{absent} objects: bring them to {places.objects}")
    return tuple(found)


def vault_copy(folder: Path, scratch: Path) -> tuple[Manifest, str]:
    """A checked copy of a vault's archive to read from, as a database's address in `scratch`.

    Raises CoffreError "other_engine" for a dump of Postgres: it has to be restored somewhere first.
    """
    manifest = read_manifest(folder, "vault")
    if "vault.db" not in manifest.files:
        raise CoffreError(
            "This archive is a dump of Postgres: restore it with pg_restore into an empty database, and give "
            "its address with --at.",
            code="other_engine",
        )
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".db", delete=False) as file:
        target = Path(file.name)
    shutil.copyfile(folder / "vault.db", target)
    return manifest, f"sqlite:///{quote(str(target.absolute()))}"
