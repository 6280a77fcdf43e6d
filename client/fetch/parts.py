"""Parts of a grant as wholes: checked against the SHA-256 of what was deposited, kept as files.

A file that was begun is gone on with: what is there is read again, the rest fetched, and the whole checked.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from client.fetch.ranges import MIB, Piece
from keyvault.crypto.sealed_blob import BlobError

BEGUN = ".part"
"""Behind the name of a file that isn't whole yet."""


class GrantedPart(Piece, Protocol):
    """A document or an instance: a piece of an object that was deposited as one file."""

    @property
    def sha256(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a part."""

    blob_id: UUID
    offset: int
    length: int


class ReadsRests(Protocol):
    def __call__(self, rest: Rest, /) -> Iterator[memoryview]: ...


def checked(content: bytes, part: GrantedPart) -> bytes:
    """Raises `BlobError` "digest_mismatch"."""
    if not hmac.compare_digest(hashlib.sha256(content).digest(), part.sha256):
        raise digest_mismatch()
    return content


def digest_mismatch() -> BlobError:
    """What a part earns whose bytes are authentic and not the ones that were deposited."""
    return BlobError(
        "What was fetched is not what was deposited; tell the hosting team.", code="digest_mismatch"
    )


def save(part: GrantedPart, path: Path, read: ReadsRests) -> None:
    """Leaves the part at `path`, readable by its owner alone; a file that is there and right is left alone.

    Where this ends early the file that was begun stays, for the next call. Raises `BlobError`
    "digest_mismatch", and then leaves none; and what `read` raises.
    """
    if is_whole(part, path):
        return
    begun = path.with_name(path.name + BEGUN)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    had = begun.stat().st_size if begun.exists() else 0
    if had > part.length or not _continued(part, begun, read):
        begun.unlink(missing_ok=True)
        # what was begun may have been another part's
        if not had or not _continued(part, begun, read):
            begun.unlink(missing_ok=True)
            raise digest_mismatch()
    begun.replace(path)


def is_whole(part: GrantedPart, path: Path) -> bool:
    """Whether the file that is there is the part, by size and SHA-256."""
    if not path.is_file() or path.stat().st_size != part.length:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        _feed(digest, iter(lambda: file.read(MIB), b""))
    return hmac.compare_digest(digest.digest(), part.sha256)


def _continued(part: GrantedPart, begun: Path, read: ReadsRests) -> bool:
    """Whether the file is the part, now that it is as long."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(begun, flags, 0o600), "r+b") as file:
        digest = hashlib.sha256()
        _feed(digest, iter(lambda: file.read(MIB), b""))
        had = file.tell()
        if had < part.length:
            for piece in read(Rest(part.blob_id, part.offset + had, part.length - had)):
                digest.update(piece)
                file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return hmac.compare_digest(digest.digest(), part.sha256)


def _feed(digest: "hashlib._Hash", pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        digest.update(piece)
