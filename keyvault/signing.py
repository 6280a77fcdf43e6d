"""Ed25519 (RFC 8032), and the names of public keys. Keys are 32 raw bytes, signatures 64."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from records.errors import Invalid


def new_signing_key() -> tuple[bytes, bytes]:
    """Returns (private, public)."""
    private = Ed25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key(private: bytes) -> bytes:
    """Returns the public half of a private key."""
    return _private(private).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """Returns the name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign(private: bytes, message: bytes) -> bytes:
    """Returns the 64-byte signature of a message, whose first bytes must be the label of its format."""
    return _private(private).sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tells whether the signature is the key's over this message. A malformed key verifies nothing."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(private: bytes) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(private)
    except ValueError:
        raise Invalid("An Ed25519 private key has 32 bytes.", code="bad_key") from None
