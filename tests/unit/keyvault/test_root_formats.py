"""The wraps of combined roots and the shares of a quorum, made and read by the letter of formats 12."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keyvault.roots.combined import CombinedRoot
from keyvault.roots.local import LocalRoot
from keyvault.roots.quorum import QuorumRoot
from records.text.base64url import unb64

KEY, PLACE = bytes(range(32)), b"coffre-day-key-v1\x002026-03-10"
FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


def sealed(kek: bytes, key: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(kek).encrypt(nonce, key, b"coffre-root-wrap-v1\x00" + PLACE)


def test_a_combined_wrap_is_two_wrapped_halves_and_a_wrap_under_both() -> None:
    halves = os.urandom(32), os.urandom(32)
    both = HKDF(SHA256(), 32, halves[1], b"coffre-root-combined-v1\x00").derive(halves[0])
    framed = b"\x00\x3c" + sealed(FIRST, halves[0]) + b"\x00\x3c" + sealed(SECOND, halves[1])
    root = CombinedRoot(LocalRoot(FIRST, "file:a"), LocalRoot(SECOND, "file:b"))
    assert root.unwrap(framed + sealed(both, KEY), PLACE) == KEY
    assert len(root.wrap(KEY, PLACE)) == 2 * (2 + 60) + 60
    assert root.name == "combined:file:a+file:b"
    assert repr(root) == "CombinedRoot(LocalRoot(file:a), LocalRoot(file:b))"


def times(a: int, b: int) -> int:
    """The product in GF(256) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def inverse(a: int) -> int:
    return next(b for b in range(1, 256) if times(a, b) == 1)


def interpolated(points: list[tuple[int, int]]) -> int:
    """Lagrange's value at zero."""
    value = 0
    for x, y in points:
        term = y
        for other, _ in points:
            if other != x:
                term = times(term, times(other, inverse(other ^ x)))
        value ^= term
    return value


def test_shares_are_points_of_one_polynomial_a_byte(tmp_path: Path) -> None:
    root, lines = QuorumRoot.create(tmp_path / "root", needed=3, shares=5)
    parts = [unb64(line.split(".")[5], 33) for line in lines]
    for some in (parts[:3], parts[2:], parts):
        key = bytes(interpolated([(part[32], part[at]) for part in some]) for at in range(32))
        assert LocalRoot(key, "read by hand").unwrap(root.wrap(KEY, PLACE), PLACE) == KEY
    fields = [line.split(".") for line in lines]
    assert [field[0] for field in fields] == ["coffre-share-v1"] * 5
    assert [field[2:5] for field in fields] == [[str(number), "5", "3"] for number in range(1, 6)]
