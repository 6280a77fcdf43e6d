"""A granted object opened whole, as a client opens it: out of the ranges that the grant names."""

from keyvault.crypto.blob_opener import Opener
from keyvault.grants.body import GrantedBlob


def whole(blob: GrantedBlob, cipher: bytes) -> bytes:
    """All content of a granted object, out of the bytes that its store holds."""
    size = blob.sealed.plaintext_size
    return Opener(blob.sealed, blob.dek).read(0, size, lambda start, stop: cipher[start:stop])
