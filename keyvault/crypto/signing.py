"""Ed25519 (RFC 8032), and the names of public keys. Keys are 32 raw bytes, signatures 64."""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from records.errors import Invalid
from records.text.plain_text import text_of

HEX_DIGITS = 64


def new_signing_key() -> tuple[bytes, bytes]:
    """Returns (private, public)."""
    private = Ed25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_key(private: bytes) -> bytes:
    """Returns the public half of a private key."""
    return _private(private).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """Returns the name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    # 64 bits find a key among those that are pinned, and prove nothing: signatures are verified with the
    # whole key
    return hashlib.sha256(public).hexdigest()[:16]


def sign(private: bytes, message: bytes) -> bytes:
    """Returns the 64-byte signature of a message, whose first bytes must be the label of its format."""
    # The label keeps a signature on one format from being shown as one on another. Ed25519 draws no random
    # number when it signs (RFC 8032 section 5.1.6): a bad source of randomness can't give the key away.
    return _private(private).sign(message)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tells whether the signature is the key's over this message. A malformed key verifies nothing."""
    # one answer for a bad key and a bad signature: callers refuse, and none has to catch one to do so
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_public_key(data: bytes) -> bytes:
    """An Ed25519 public key from PEM (RFC 8410) or 64 hexadecimal digits. Raises `Invalid` "bad_key"."""
    try:
        text = text_of(data)
        if len(text) == HEX_DIGITS:
            return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text)).public_bytes_raw()
        found = load_pem_public_key(text.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise Invalid("The file holds no Ed25519 public key: give one in PEM or hexadecimal.", code="bad_key")
    return found.public_bytes_raw()


def _private(private: bytes) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(private)
    except ValueError:
        raise Invalid("An Ed25519 private key has 32 bytes.", code="bad_key") from None
