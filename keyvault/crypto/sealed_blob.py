"""Names, sizes and commitment of sealed content, `coffre-blob-v1` (docs/formats.md section 1)."""

import hmac
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from keyvault.crypto.envelope import KEY_SIZE, ZEROS, be32, derive, new_key
from records.errors import CoffreError

SEGMENT = 65536
"""Ciphertext bytes in every segment but the last."""
TAG = 16
HEADER = 40
STRIDE = SEGMENT - TAG
"""Plaintext bytes in a segment; the first holds `HEADER` fewer."""
MAX_CIPHERTEXT = 10_000 * 128 * SEGMENT
"""The largest object: 10 000 multipart parts of 8 MiB."""
HEADER_MARK = 0x28


class BlobError(CoffreError):
    """A blob cannot be sealed or opened; `code` says why."""

    code = "blob_corrupt"


class BlobKind(IntEnum):
    """The kinds of content that a blob holds."""

    PACK = 1
    SERIES_METADATA = 2
    RENDITION = 3
    EXPORT = 4


@dataclass(frozen=True, slots=True)
class BlobRef:
    """The name of one version of a blob; `version` counts from 1."""

    blob_id: UUID
    version: int
    kind: BlobKind

    @property
    def aad(self) -> bytes:
        """The associated data every segment key and the commitment are bound to; 36 bytes."""
        # no record: two records are merged by wrapping keys anew, and no object is written again; which
        # record a blob belongs to is in the wrap of its key (docs/formats.md sections 1 and 2)
        return b"coffre-blob-v1\0" + bytes([self.kind]) + self.blob_id.bytes + be32(self.version)


@dataclass(frozen=True, slots=True)
class SealedBlob:
    """All that a reader must know of a blob but its key. Sizes are bytes."""

    ref: BlobRef
    commitment: bytes
    header: bytes
    plaintext_size: int
    ciphertext_size: int


def new_data_key() -> bytes:
    """Returns 32 random bytes, for one version of one blob."""
    # drawn, not derived: a key can be given for one blob, and destroyed, without touching any other
    return new_key()


def ciphertext_size(plaintext: int) -> int:
    """Returns C = P + 40 + 16·K. Raises `BlobError` "blob_too_large", below zero "blob_size_mismatch"."""
    if plaintext < 0:
        raise size_mismatch()
    segments = 1 + max(0, -(-(plaintext - (STRIDE - HEADER)) // STRIDE))
    size = plaintext + HEADER + TAG * segments
    if size > MAX_CIPHERTEXT:
        raise BlobError("This content is too large for one object; send it in parts.", code="blob_too_large")
    return size


def plaintext_size(ciphertext: int) -> int:
    """Returns P for C. Raises `BlobError` "blob_size_mismatch" for a size that no blob has."""
    plaintext = ciphertext - HEADER - TAG * -(-ciphertext // SEGMENT)
    # forth and back: sizes that would need an empty or cut last segment have no plaintext size
    if ciphertext_size(plaintext) != ciphertext:
        raise size_mismatch()
    return plaintext


def commitment(dek: bytes, ref: BlobRef) -> bytes:
    """Returns the 32 bytes that fix the key. What separates them from segment keys is the label in `info`:
    whoever writes the blob chooses the header's salt, so the salt separates nothing."""
    # RFC 5869 section 3.4 wants a salt that no attacker chooses: here it is fixed
    return derive(dek, ZEROS, b"coffre-commit-v1\0" + ref.aad)


def check_sealed(sealed: SealedBlob, dek: bytes) -> None:
    """Checks sizes, header form and commitment, the last in constant time, before any segment is touched.

    Raises `BlobError` "blob_size_mismatch", "blob_too_large", "blob_corrupt" or "blob_key_mismatch".
    """
    if ciphertext_size(sealed.plaintext_size) != sealed.ciphertext_size:
        raise size_mismatch()
    if len(sealed.header) != HEADER or sealed.header[0] != HEADER_MARK:
        raise corrupt()
    # in constant time: how far two commitments agree must not be measurable by whoever offers keys
    if len(dek) != KEY_SIZE or not hmac.compare_digest(commitment(dek, sealed.ref), sealed.commitment):
        raise BlobError("The key given is not this object's; ask for a new grant.", code="blob_key_mismatch")


def corrupt() -> BlobError:
    """The error for bytes that are not what was sealed."""
    return BlobError(
        "The object was altered or is another one; restore it from its replica.", code="blob_corrupt"
    )


def size_mismatch() -> BlobError:
    """The error for sizes that contradict each other."""
    return BlobError(
        "The object has not the size its grant names; ask for a new grant.", code="blob_size_mismatch"
    )
