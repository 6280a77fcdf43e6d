"""Writes what a grant opens as files: each under another name, its digest checked, then renamed."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from client.fetch.names import uid_name
from client.fetch.opened_grant import OpenedGrant
from client.fetch.parts import digest_mismatch
from keyvault.crypto.sealed_blob import BlobKind

_ENDINGS = {
    "application/pdf": "pdf",
    "application/fhir+json": "json",
    "application/dicom": "dcm",
    "text/xml": "xml",
    "application/xml": "xml",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}


@dataclass(frozen=True, slots=True)
class FetchedPart:
    """One file to write: its place below the output folder, its plaintext's place, its SHA-256."""

    place: Path
    blob_id: UUID
    offset: int
    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that was written; its digest was checked."""

    path: Path
    bytes: int
    sha256: str

    def to_json(self) -> dict[str, str | int]:
        return {"path": str(self.path), "bytes": self.bytes, "sha256": self.sha256}


def parts_of(opened: OpenedGrant, stem: str) -> Iterator[FetchedPart]:
    """Yields every file of a grant of one document, named `stem`: instances in the order of their bytes below
    a folder of this name, or the document itself.
    """
    documents = opened.body.documents
    single = {(document.blob_id, document.offset) for document in documents}
    found = sorted(opened.instances_by_series(), key=lambda pair: (pair[1].blob_id, pair[1].offset))
    for series, one in found:
        if (one.blob_id, one.offset) not in single:
            place = Path(stem, uid_name(series), f"{uid_name(one.sop)}.dcm")
            yield FetchedPart(place, one.blob_id, one.offset, one.length, one.sha256)
    for document in documents:
        place = Path(f"{stem}.{_ENDINGS.get(document.media_type, 'bin')}")
        yield FetchedPart(place, document.blob_id, document.offset, document.length, document.sha256)


def overviews_of(opened: OpenedGrant, stem: str) -> Iterator[tuple[FetchedPart, bytes]]:
    """Yields the small picture of each series of a grant of one document, named as the series' folder."""
    for series in opened.body.series:
        found = opened.overview(series)
        if found is not None:
            place = Path(stem, f"{uid_name(series.series)}.jpg")
            blob_id = opened.body.blobs_of(series, BlobKind.RENDITION)[-1]
            digest = hashlib.sha256(found.jpeg).digest()  # authentic by its seal alone: nobody deposited it
            yield FetchedPart(place, blob_id, 0, len(found.jpeg), digest), found.jpeg


def write_part(out: Path, part: FetchedPart, pieces: Iterable[bytes | memoryview]) -> FetchedFile:
    """Readable by its owner alone. Raises `BlobError` "digest_mismatch", and then leaves nothing."""
    path = out / part.place
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{secrets.token_hex(8)}.part")
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        if digest.digest() != part.sha256:
            raise digest_mismatch()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return FetchedFile(path, part.length, digest.hexdigest())


def already_written(out: Path, part: FetchedPart) -> FetchedFile:
    """What an earlier run left at the part's place, whole and right."""
    return FetchedFile(out / part.place, part.length, part.sha256.hex())
