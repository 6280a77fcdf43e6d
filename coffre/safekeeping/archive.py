"""A backup's folder: files, and a manifest that names each with its size and SHA-256.

Written under another name and renamed when whole, so that a folder of the name asked for is a whole backup.
"""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from audit.canonical import canonical
from audit.checkpoint import open_note
from keyvault.verbs.operator.certifying import backup_text
from records.errors import CoffreError, Conflict

FORMAT = "coffre-backup-v1"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.note"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The manifest of an archive. `log_size` and `checkpoint` are those of the vault at that instant."""

    part: str  # index | vault
    backup: str  # the same in both archives of one backup
    taken_at: int  # ms
    environment: str
    origin: str
    log_size: int
    checkpoint: str | None
    counts: Mapping[str, int]
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    objects: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        told = {"format": FORMAT, **asdict(self)}
        return told | {"digest": _digest(told)}


@contextmanager
def writing_archive(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name when the block ends well. Raises `Conflict` "backup_exists"."""
    if folder.exists():
        raise Conflict(f"{folder} exists already: name another folder.", code="backup_exists")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    partial.mkdir(mode=0o700)
    try:
        yield partial
        partial.rename(folder)
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    path = folder / MANIFEST
    path.touch(mode=0o600)
    path.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    sync(path)
    sync(folder)


def write_signature(folder: Path, note: str) -> None:
    path = folder / SIGNATURE
    path.touch(mode=0o600)
    path.write_text(note, "utf-8")
    sync(path)
    sync(folder)


def check_signature(folder: Path, manifest: Manifest, public: bytes, *, may_be_absent: bool = False) -> None:
    """The vault signed this manifest. Raises CoffreError "backup_unsigned", "backup_altered".

    `may_be_absent`: a backup of version 0.1 has none. One that is there has to be right all the same.
    """
    path = folder / SIGNATURE
    if not path.is_file():
        if may_be_absent:
            return
        raise CoffreError(
            f"{folder} has no signature: version 0.1 wrote none. Where you trust this copy, add --unsigned.",
            code="backup_unsigned",
        )
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).digest()
    expected = backup_text(manifest.origin, UUID(manifest.backup), manifest.part, digest)
    try:
        signed = open_note(path.read_text("utf-8", "replace"), manifest.origin, public)
    except CoffreError:
        raise altered(SIGNATURE) from None
    if signed != expected:
        raise altered(SIGNATURE)


def read_manifest(folder: Path, part: str) -> Manifest:
    """The manifest, its own digest and every file it names checked. Raises CoffreError "backup_missing",
    "backup_altered".
    """
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        raise CoffreError(f"{folder} holds no backup of Coffre.", code="backup_missing") from None
    except ValueError:
        raise altered(MANIFEST) from None
    if not isinstance(found, dict):
        raise altered(MANIFEST)
    digest = found.pop("digest", None)
    if found.pop("format", None) != FORMAT or digest != _digest({"format": FORMAT, **found}):
        raise altered(MANIFEST)
    manifest = Manifest(**found)
    if manifest.part != part:
        raise CoffreError(f"{folder} is a backup of the {manifest.part}.", code="backup_missing")
    for name, facts in manifest.files.items():
        if Path(name).name != name or not (folder / name).is_file() or facts_of(folder / name) != facts:
            raise altered(name)
    return manifest


def altered(name: str) -> CoffreError:
    return CoffreError(
        f"{name} of this backup is not what its manifest says: take another backup.", code="backup_altered"
    )


def facts_of(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return {"size": path.stat().st_size, "sha256": digest.hexdigest()}


def sync(path: Path) -> None:
    """On the disk before anything says so."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(told)).hexdigest()
