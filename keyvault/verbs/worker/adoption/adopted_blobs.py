"""Rows of the blobs that an adoption brings: keys wrapped for the record, sizes and commitments checked."""

from collections.abc import Mapping
from uuid import UUID

from keyvault.crypto.sealed_blob import HEADER, HEADER_MARK, BlobRef, ciphertext_size, commitment
from keyvault.keys.blob_keys import ADOPTED, wrap_data_key
from keyvault.keys.record_keys import RecordKey
from keyvault.store import VaultTransaction
from keyvault.verbs.worker.adoption.adopt_request import AdoptRequest, NewBlob
from records.errors import Conflict


def keep_blobs(
    rows: VaultTransaction, request: AdoptRequest, key: RecordKey, deks: Mapping[UUID, bytes]
) -> None:
    """`deks`: data keys by blob. Raises `Conflict` "commitment_mismatch", "blob_size_mismatch" or
    "commitment_known".
    """
    for blob in request.blobs:
        _check(blob, deks[blob.blob_id])
    made = (_row(request.submission_id, blob, key, deks[blob.blob_id]) for blob in request.blobs)
    if not rows.insert_new("blob", *made):
        raise Conflict("This key is already in use.", code="commitment_known")


def _row(submission: UUID, blob: NewBlob, key: RecordKey, dek: bytes) -> dict[str, object]:
    return {
        "blob_id": blob.blob_id,
        "version": blob.version,
        "record_id": key.record_id,
        "submission_id": submission,
        "kind": int(blob.kind),
        "wrap": wrap_data_key(key, dek, blob.blob_id, blob.version, blob.commitment),
        "key_version": key.version,
        "commitment": blob.commitment,
        "header": blob.header,
        "plaintext_size": blob.plaintext_size,
        "ciphertext_size": blob.ciphertext_size,
        "state": ADOPTED,
        "retired_at": None,
    }


def _check(blob: NewBlob, dek: bytes) -> None:
    ref = BlobRef(blob.blob_id, blob.version, blob.kind)
    if commitment(dek, ref) != blob.commitment:
        raise Conflict("The commitment is not this key's.", code="commitment_mismatch")
    header = len(blob.header) == HEADER and blob.header[0] == HEADER_MARK
    if not header or ciphertext_size(blob.plaintext_size) != blob.ciphertext_size:
        raise Conflict("The sizes or the header of a blob are wrong.", code="blob_size_mismatch")
