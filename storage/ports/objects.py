"""The port of the store of ciphertext objects; `storage.ports.index` is that of the index.

Each docstring says what holds once a call returns, who repeats, and what a crash leaves behind. Any number
of threads and processes may share an adapter's store.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A committed object: its size and the CRC-64/NVME of its bytes (unsigned)."""

    size: int
    crc64: int


class ObjectWriter(Protocol):
    """One object being written, by one thread. Left without `commit`, as a context manager too, it never
    existed.
    """

    def write(self, data: bytes | memoryview) -> None:
        """Appends bytes; the buffer may be reused once the call returns.

        OSError if the disk refuses, CoffreError `store_failing` or `store_denied` if the server does: abort.
        """

    def commit(self) -> StoredObject:
        """Makes the object visible, whole, under its name; it survives a power cut once this returns.

        Conflict `object_exists` if the name is taken: that object is untouched and this one is gone. A
        crash inside, or `store_failing`, leaves either nothing visible or the whole object; the caller's
        upload row names it for the sweeper and must stay. Not repeatable: an upload that failed is written
        again under a new version, never with the same key.
        """

    def abort(self) -> None:
        """Drops what was written. May be called again, and after `commit`, where it does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class ObjectStore(Protocol):
    """Sealed bytes under (blob_id, version), written once and never changed. Nothing is ever listed.

    A store on a server repeats by itself what fails in passing; then every verb raises CoffreError
    `store_failing` (try again later), `store_full`, `store_denied` or `bucket_missing`.
    """

    def check(self) -> None:
        """Whether the store answers at all, in one cheap question that changes nothing. Raises what any
        verb raises; a right to look that is missing is an answer.
        """

    def writer(self, blob_id: UUID, version: int) -> ObjectWriter:
        """Begins an object; nothing is visible before its commit. A crash leaves a partial file or a
        multipart upload for `sweep_partial`.
        """

    def read(self, blob_id: UUID, version: int, start: int, stop: int) -> bytes:
        """Exactly the bytes [start, stop). NotFound `object_missing`; CoffreError `object_short` past the
        end.
        """

    def stream(
        self, blob_id: UUID, version: int, start: int = 0, stop: int | None = None, chunk: int = 65536
    ) -> Iterator[bytes]:
        """The same in pieces of `chunk` bytes (the last may be shorter), without holding more than one.

        `object_missing` is raised by the call itself. An object deleted while it is read is read to its end.
        """

    def size(self, blob_id: UUID, version: int) -> int | None:
        """Its size, or None where no such object is visible."""

    def delete(self, blob_id: UUID, version: int) -> bool:
        """Removes it for good (also across a power cut); False where there was none, so it may be
        repeated.
        """

    def sweep_partial(self, older_than_s: float) -> int:
        """Removes what crashed writers left and was begun or last written to so long ago; the answer is
        their number.
        """

    def presigned(self, blob_id: UUID, version: int, seconds: int) -> str | None:
        """An address that GETs this object and no other for `seconds` (1 to 300), by range too.

        None where the store has no server of its own: the reader serves the ranges. Asks nobody, so the
        object may be missing. ValueError for a longer life: a store can't be told that a grant ended.
        """
