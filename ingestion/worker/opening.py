"""Read ranges of received content in memory: ciphertext from the store, opened segment by segment."""

from collections.abc import Iterator
from typing import Protocol

from keyvault.crypto.blob import Opener
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, SealedBlob
from storage.ports import ObjectStore
from storage.rows import Blob

CHUNK = 1 << 20


class Content(Protocol):
    """Plaintext by range. `blob` is the one that holds exactly these bytes, if there is one."""

    @property
    def blob(self) -> Blob | None: ...

    def read(self, offset: int, length: int) -> bytes: ...

    def stream(self, offset: int, length: int) -> Iterator[bytes]: ...


class ReceivedContent:
    """The plaintext of one received blob, by range; nothing is kept between reads."""

    def __init__(self, objects: ObjectStore, blob: Blob, dek: bytes) -> None:
        self._objects = objects
        self._blob = blob
        self._opener = Opener(sealed_blob(blob), dek)

    @property
    def blob(self) -> Blob:
        return self._blob

    def read(self, offset: int, length: int) -> bytes:
        return self._opener.read(offset, length, self._fetch)

    def stream(self, offset: int, length: int) -> Iterator[bytes]:
        """The same in pieces of a mebibyte, for copying."""
        for start in range(offset, offset + length, CHUNK):
            yield self.read(start, min(CHUNK, offset + length - start))

    def _fetch(self, start: int, stop: int) -> bytes:
        return self._objects.read(self._blob.blob_id, self._blob.version, start, stop)


def sealed_blob(blob: Blob) -> SealedBlob:
    """An index row as the cipher takes it."""
    ref = BlobRef(blob.blob_id, blob.version, BlobKind(blob.kind))
    return SealedBlob(ref, blob.commitment, blob.header, blob.plaintext_size, blob.ciphertext_size)
