"""Keys under keys (docs/formats.md section 2).

A wrap is `nonce(12) || AES-256-GCM ciphertext(32) || tag(16)`, 60 bytes. Its associated data says what the
key is for and where it belongs, so that no wrap can be moved to another record, branch, version or object.
"""

import os
from enum import IntEnum
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from records.errors import CoffreError, Invalid

KEY_SIZE = 32
WRAP_SIZE = 60
# the salt of every derivation whose input is a key already: what RFC 5869 section 2.2 takes where there is
# none
ZEROS = bytes(32)
NONCE = 12
TAG = 16


class KeyvaultError(CoffreError):
    """Something sealed did not open."""

    code = "key_unwrap_failed"


class Branch(IntEnum):
    """The three ways to a record's key; an opted-out emergency mode has no wrap on its branch."""

    CARE = 1
    BRIS_DE_GLACE = 2
    CENTRE_15 = 3


class KeyUse(IntEnum):
    """The uses of a key under the record key."""

    DATA = 1
    DETAILS = 2
    CHAIN_1 = 3
    CHAIN_2 = 4
    CARD = 5


def new_key() -> bytes:
    """Returns 32 random bytes."""
    return os.urandom(KEY_SIZE)


def be32(number: int) -> bytes:
    """Returns a version or count as four bytes, 1..2^32-1. Raises `Invalid` "bad_number"."""
    # fixed width keeps associated data readable in one way alone (RFC 5116 section 3.3); 0, which
    # an empty column would give, is no version
    if not 1 <= number < 2**32:
        raise Invalid("A version counts from 1 and stays below 2^32.", code="bad_number")
    return number.to_bytes(4, "big")


def be64(number: int) -> bytes:
    """Returns a time or position as eight bytes, 0..2^53-1. Raises `Invalid` "bad_number"."""
    # the same number also stands in JSON, which keeps integers exact up to there (RFC 7493 section 2.2)
    if not 0 <= number < 2**53:
        raise Invalid("A time or position is not negative and stays below 2^53.", code="bad_number")
    return number.to_bytes(8, "big")


def derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    """Returns 32 bytes of HKDF-SHA256 (RFC 5869)."""
    # The info separates what hangs under one key (RFC 5869 section 3.2), each by a label with its version.
    # The key is uniform already; Extract is kept all the same, so that there is one derivation for every use.
    check_key(key)
    return HKDF(SHA256(), KEY_SIZE, salt, info).derive(key)


def seal(key: bytes, data: bytes, aad: bytes) -> bytes:
    """Returns `nonce(12) || AES-256-GCM`, 28 bytes longer than `data`."""
    check_key(key)
    # Random, and stored in front: a counter would repeat after a restore, or in two processes (RFC 5116
    # section 3.1). 2^32 messages under one key is the limit of NIST SP 800-38D section 8.3 for 96 random
    # bits; no key here comes near it. A nonce used twice would give away the XOR of two plaintexts and, with
    # the authentication key, forgeries at will (SP 800-38D appendix A).
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, aad)


def unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    """Opens what `seal` made; None where anything differs from when it was made."""
    check_key(key)
    # a wrong key, place or byte all fail alike and give nothing (RFC 5116 section 2.2): no oracle says which
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], aad)
    except InvalidTag:
        return None


def wrap(kek: bytes, key: bytes, aad: bytes) -> bytes:
    """Wraps a 32-byte key under a 32-byte key; 60 bytes."""
    # AES-GCM and not AES Key Wrap: RFC 3394 has no associated data, so that a wrap would open wherever
    # whoever writes the table put it
    check_key(key)
    return seal(kek, key, aad)


def unwrap(kek: bytes, wrapped: bytes, aad: bytes) -> bytes:
    """Opens a wrap. Raises `KeyvaultError` "key_unwrap_failed" if anything differs from when it was made."""
    check_key(kek)
    if len(wrapped) == WRAP_SIZE and (key := unseal(kek, wrapped, aad)) is not None:
        return key
    raise KeyvaultError("A wrapped key does not belong here or was altered; restore its row from a backup.")


def wrap_record_key(
    shard_key: bytes, key: bytes, *, branch: Branch, record_id: UUID, key_version: int, shard_version: int
) -> bytes:
    """Wraps a record key under its shard key, on one branch."""
    aad = record_key_aad(branch, record_id, key_version, shard_version)
    return wrap(branch_key(shard_key, branch), key, aad)


def unwrap_record_key(
    shard_key: bytes, wrapped: bytes, *, branch: Branch, record_id: UUID, key_version: int, shard_version: int
) -> bytes:
    """Opens one branch of a record key. Raises `KeyvaultError` "key_unwrap_failed"."""
    aad = record_key_aad(branch, record_id, key_version, shard_version)
    return unwrap(branch_key(shard_key, branch), wrapped, aad)


def wrap_object_key(
    record_key: bytes,
    key: bytes,
    *,
    use: KeyUse,
    record_id: UUID,
    key_version: int,
    object_id: UUID,
    version: int,
    commitment: bytes | None = None,
) -> bytes:
    """Wraps a data, details, audit or card key under the record key.

    `object_id` and `version` by use: data (blob, its version, with its commitment), details (submission, 1),
    chains and card (record, n). Raises `Invalid` "bad_commitment" unless exactly data keys carry one.
    """
    aad = _object_key_aad(
        use, record_id, key_version, object_id=object_id, version=version, commitment=commitment
    )
    return wrap(record_key, key, aad)


def unwrap_object_key(
    record_key: bytes,
    wrapped: bytes,
    *,
    use: KeyUse,
    record_id: UUID,
    key_version: int,
    object_id: UUID,
    version: int,
    commitment: bytes | None = None,
) -> bytes:
    """Opens what `wrap_object_key` made, named alike. Raises `KeyvaultError` "key_unwrap_failed"."""
    aad = _object_key_aad(
        use, record_id, key_version, object_id=object_id, version=version, commitment=commitment
    )
    return unwrap(record_key, wrapped, aad)


def check_key(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise Invalid("A key has 32 bytes.", code="bad_key")


def branch_key(shard_key: bytes, branch: Branch) -> bytes:
    """The key that wraps the record keys of one shard on one branch."""
    # a key for each branch: where an emergency mode is opposed its wrap is gone, and that of ordinary care
    # does not open under this one, whatever branch a caller names
    return derive(shard_key, ZEROS, b"coffre-branch-v1\0" + bytes([Branch(branch)]))


def record_key_aad(branch: Branch, record_id: UUID, key_version: int, shard_version: int) -> bytes:
    """Associated data of a record key's wrap."""
    # without the record, whoever writes the table could give one patient's row the wrap of another's; without
    # the versions, a wrap from before a rotation could be put back
    place = bytes([Branch(branch)]) + record_id.bytes
    return b"coffre-record-key-v1\0" + place + be32(key_version) + be32(shard_version)


def _object_key_aad(
    use: KeyUse,
    record_id: UUID,
    key_version: int,
    *,
    object_id: UUID,
    version: int,
    commitment: bytes | None,
) -> bytes:
    # The commitment binds the wrap to one content: a row whose commitment was exchanged doesn't open, so no
    # key is granted with a commitment that is another's. Zeros stand for none, since the length must not
    # depend on the use.
    bound = ZEROS if commitment is None else commitment
    if (commitment is not None) != (use is KeyUse.DATA) or len(bound) != len(ZEROS):
        raise Invalid(
            "A data key, and no other, is wrapped with its 32-byte commitment.", code="bad_commitment"
        )
    # the use first: a details key can't be taken for a data key, nor the key of one chain for the other's
    place = bytes([KeyUse(use)]) + record_id.bytes + be32(key_version)
    return b"coffre-key-v1\0" + place + object_id.bytes + be32(version) + bound
