"""Ciphertext objects as files: `b/<first two hex of id>/<blob_id>/<version>`, written once.

Order of a commit, and what a crash leaves: (1) the bytes are synced in `tmp/` (a partial file, for
`sweep_partial`); (2) a hard link gives them their name, which fails if it exists (an object without a row,
named by its upload row); (3) the folders are synced, and only then is the object acknowledged; (4) the name
in `tmp/` goes.
"""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self
from uuid import UUID

from awscrt.checksums import crc64nvme

from records.errors import CoffreError, Conflict, NotFound
from storage.objects.durable import make_folder, remove_empty, sync_folder
from storage.ports.objects import StoredObject

_WRITE_BACK = 8 * 2**20


class FilesystemObjects:
    """An `ObjectStore` (see `storage.ports.objects`) in one folder of one filesystem; files are 0600, folders
    0700.
    """

    def __init__(self, root: Path) -> None:
        self._objects = root / "b"
        self._partial = root / "tmp"
        for folder in (root, self._objects, self._partial):
            make_folder(folder)
        for number in range(256):
            (self._objects / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
        sync_folder(self._objects)

    def check(self) -> None:
        self._partial.stat()

    def writer(self, blob_id: UUID, version: int) -> "FileWriter":
        partial = self._partial / f"{blob_id}.{version}.{secrets.token_hex(8)}"
        return FileWriter(partial, self._path(blob_id, version))

    def read(self, blob_id: UUID, version: int, start: int, stop: int) -> bytes:
        _check_forward(start, stop)
        with self._open(blob_id, version) as file:
            file.seek(start)
            return _exactly(file, stop - start)

    def stream(
        self, blob_id: UUID, version: int, start: int = 0, stop: int | None = None, chunk: int = 65536
    ) -> Iterator[bytes]:
        _check_forward(start, start if stop is None else stop)
        file = self._open(blob_id, version)
        end = os.fstat(file.fileno()).st_size if stop is None else stop
        return _chunks(file, start, end, chunk)

    def size(self, blob_id: UUID, version: int) -> int | None:
        try:
            return self._path(blob_id, version).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, blob_id: UUID, version: int) -> bool:
        path = self._path(blob_id, version)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        # a deletion undone by a power cut would leave an object that no row names
        sync_folder(path.parent.parent if remove_empty(path.parent) else path.parent)
        return True

    def presigned(self, blob_id: UUID, version: int, seconds: int) -> str | None:
        return None  # the reader serves ranges of files itself

    def sweep_partial(self, older_than_s: float) -> int:
        limit = time.time() - older_than_s
        removed = 0
        for path in self._partial.iterdir():
            try:
                if path.stat().st_mtime <= limit:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:  # committed or swept by another process meanwhile
                continue
        return removed

    def _path(self, blob_id: UUID, version: int) -> Path:
        return self._objects / blob_id.hex[:2] / str(blob_id) / str(version)

    def _open(self, blob_id: UUID, version: int) -> BinaryIO:
        try:
            return self._path(blob_id, version).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise NotFound(
                "The object is not in the store; restore it from a backup.", code="object_missing"
            ) from error


class FileWriter:
    """An `ObjectWriter`: bytes go to a partial file and are checksummed in the same pass."""

    def __init__(self, partial: Path, final: Path) -> None:
        self._partial, self._final = partial, final
        self._descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._open = True
        self._size = self._begun = 0
        self._crc = 0

    def write(self, data: bytes | memoryview) -> None:
        self._check_open()
        view = memoryview(data).cast("B")
        self._crc = crc64nvme(view, self._crc)
        self._size += view.nbytes
        while view.nbytes:
            view = view[os.write(self._descriptor, view) :]
        if self._size - self._begun >= _WRITE_BACK:
            self._write_back()

    def _write_back(self) -> None:
        """Have the system begin to write what came, so that the sync of a commit has little left to wait for.

        Pages that are not on the disk yet are not dropped (posix_fadvise(2)).
        """
        begun, self._begun = self._begun, self._size
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._descriptor, begun, self._size - begun, os.POSIX_FADV_DONTNEED)

    def commit(self) -> StoredObject:
        self._check_open()
        try:
            os.fsync(self._descriptor)
            self._link()
        finally:
            self.abort()
        return StoredObject(self._size, self._crc)

    def _link(self) -> None:
        while True:
            with suppress(FileExistsError):
                self._final.parent.mkdir(mode=0o700)
            try:
                os.link(self._partial, self._final)
                break
            except FileExistsError as error:
                sentence = "An object of this name exists; take a new id or version."
                raise Conflict(sentence, code="object_exists") from error
            except FileNotFoundError:
                # another thread deleted the folder's last object in between; a swept partial file is final
                self._partial.stat()
        # also where they exist: whoever made them may not have synced them yet
        for folder in self._final.parents[:2]:
            sync_folder(folder)

    def _check_open(self) -> None:
        if not self._open:  # the descriptor's number may be another file's by now
            raise ValueError("this object is committed or aborted; begin another")

    def abort(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()


def _check_forward(start: int, stop: int) -> None:
    if not 0 <= start <= stop:
        raise ValueError("a range runs forward from 0")


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    while len(data) < length:
        more = file.read(length - len(data))
        if not more:
            raise CoffreError("The object is shorter than its row says; restore it.", code="object_short")
        data += more
    return data


def _chunks(file: BinaryIO, start: int, end: int, chunk: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        for position in range(start, end, chunk):
            yield _exactly(file, min(chunk, end - position))
