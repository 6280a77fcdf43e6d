"""Data keys under a record's key, and what a row of `blob` says (docs/formats.md section 2)."""

from uuid import UUID

from keyvault.crypto.envelope import KeyUse, unwrap_object_key, wrap_object_key
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, SealedBlob
from keyvault.keys.record_keys import RecordKey
from keyvault.store import Row

ADOPTED, RETIRED = "adopted", "retired"
"""States of a blob: granted, or opened by older grants alone."""


def wrap_data_key(record_key: RecordKey, dek: bytes, blob_id: UUID, version: int, commitment: bytes) -> bytes:
    """The wrap of one blob's data key."""
    return wrap_object_key(
        record_key.key,
        dek,
        use=KeyUse.DATA,
        record_id=record_key.record_id,
        key_version=record_key.version,
        object_id=blob_id,
        version=version,
        commitment=commitment,
    )


def open_data_key(record_key: RecordKey, blob: Row) -> bytes:
    """The data key of a row of `blob`. Raises `KeyvaultError` "key_unwrap_failed"."""
    return unwrap_object_key(
        record_key.key,
        blob["wrap"],
        use=KeyUse.DATA,
        record_id=record_key.record_id,
        key_version=blob["key_version"],
        object_id=blob["blob_id"],
        version=blob["version"],
        commitment=blob["commitment"],
    )


def sealed_blob(blob: Row) -> SealedBlob:
    """All of a row of `blob` that a reader must know, but its key."""
    ref = BlobRef(blob["blob_id"], blob["version"], BlobKind(blob["kind"]))
    return SealedBlob(
        ref, blob["commitment"], blob["header"], blob["plaintext_size"], blob["ciphertext_size"]
    )
