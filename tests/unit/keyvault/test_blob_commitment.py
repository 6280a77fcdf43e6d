"""The commitment: one key opens a blob, whoever made it (formats 1 and 6.2)."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.envelope import derive
from keyvault.crypto.sealed_blob import BlobError, SealedBlob, commitment
from tests.unit.keyvault.sealing import DEK, REF, opened, sample, seal, sealer_with, tink_open

OTHER = bytes(range(100, 132))
HEADER = b"\x28" + bytes(range(39))
_R = 0xE1 << 120


def multiply(x: int, y: int) -> int:
    """In GF(2^128) as GCM writes it (NIST SP 800-38D section 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (_R if y & 1 else 0)
    return product


def inverse(x: int) -> int:
    result, power = 1 << 127, x
    for _ in range(127):  # x^(2^128 - 2)
        power = multiply(power, power)
        result = multiply(result, power)
    return result


def block(key: bytes, data: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block, as GCM uses it
    return int.from_bytes(encryptor.update(data), "big")


def tag(key: bytes, nonce: bytes, blocks: list[int]) -> int:
    h = block(key, bytes(16))
    state = 0
    for piece in [*blocks, 128 * len(blocks)]:
        state = multiply(state ^ piece, h)
    return state ^ block(key, nonce + b"\0\0\0\1")


def ciphertext_under_two_keys(first: bytes, second: bytes, nonce: bytes) -> bytes:
    """Two blocks and a tag that both keys accept: the second block is solved for."""
    difference = tag(first, nonce, [7, 0]) ^ tag(second, nonce, [7, 0])
    squares = [multiply(h, h) for h in (block(first, bytes(16)), block(second, bytes(16)))]
    solved = multiply(difference, inverse(squares[0] ^ squares[1]))
    blocks = [7, solved]
    return b"".join(piece.to_bytes(16, "big") for piece in [*blocks, tag(first, nonce, blocks)])


def test_a_blob_that_tink_opens_under_two_keys_opens_here_under_one() -> None:
    segment_keys = [derive(dek, HEADER[1:33], REF.aad) for dek in (DEK, OTHER)]
    cipher = HEADER + ciphertext_under_two_keys(*segment_keys, HEADER[33:] + bytes(4) + b"\1")
    contents = {tink_open(cipher, dek, REF.aad) for dek in (DEK, OTHER)}
    assert len(contents) == 2

    sealed = SealedBlob(REF, commitment(DEK, REF), HEADER, 32, len(cipher))
    assert opened(Opener(sealed, DEK), sealed, cipher) in contents
    with pytest.raises(BlobError) as caught:
        Opener(sealed, OTHER)
    assert caught.value.code == "blob_key_mismatch"


def test_a_salt_of_zeros_does_not_turn_the_public_commitment_into_the_segment_key() -> None:
    """The commitment's salt is zeros; separated by salt alone, this blob would publish its own key."""
    header = b"\x28" + bytes(39)
    sealer = sealer_with(REF, DEK, header)
    cipher = bytes(sealer.update(b"content")) + sealer.finish()
    segment_key = derive(DEK, bytes(32), REF.aad)
    nonce = header[33:] + bytes(4) + b"\1"
    assert AESGCM(segment_key).decrypt(nonce, cipher[40:], None) == b"content"
    assert sealer.commitment != segment_key


def test_no_salt_reaches_the_commitment_because_its_label_stands_in_info() -> None:
    for salt in (bytes(32), b"coffre-commit-v1".ljust(32, b"\0"), commitment(DEK, REF)):
        assert derive(DEK, salt, REF.aad) != commitment(DEK, REF)
    assert commitment(DEK, REF) == derive(DEK, bytes(32), b"coffre-commit-v1\0" + REF.aad)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_and_commitments_of_other_lengths(length: int) -> None:
    made = sample(5)
    for sealed, dek in (
        (made.sealed, bytes(length)),
        (dataclasses.replace(made.sealed, commitment=bytes(length)), DEK),
    ):
        with pytest.raises(BlobError) as caught:
            Opener(sealed, dek)
        assert caught.value.code == "blob_key_mismatch"


def test_another_objects_commitment() -> None:
    mine = sample(5)
    theirs = seal([b"other"], dataclasses.replace(REF, version=9))
    with pytest.raises(BlobError) as caught:
        Opener(dataclasses.replace(mine.sealed, commitment=theirs.sealed.commitment), DEK)
    assert caught.value.code == "blob_key_mismatch"


def test_the_refusal_names_no_key() -> None:
    with pytest.raises(BlobError) as caught:
        Opener(sample(5).sealed, OTHER)
    assert OTHER.hex() not in str(caught.value)
    assert caught.value.__cause__ is None
