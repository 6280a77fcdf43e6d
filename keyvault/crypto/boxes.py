"""libsodium sealed boxes: a message for the holder of an X25519 private key, from nobody in particular."""

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from keyvault.crypto.envelope import KeyvaultError

BOX_OVERHEAD = 48  # bytes: ephemeral public key and tag


def new_box_key() -> tuple[bytes, bytes]:
    """Returns (private, public), 32 bytes each."""
    private = PrivateKey.generate()
    return bytes(private), bytes(private.public_key)


def seal_box(public: bytes, message: bytes) -> bytes:
    """Seal `message`; 48 bytes longer."""
    # X25519 with an ephemeral key that nobody keeps: who sealed can't open, so an intake that is taken over
    # reads nothing of what it sealed before. The nonce is a hash of both public keys, so it needs no counter.
    # There is no associated data: what a message is for, and where it belongs, stands in its first bytes.
    return SealedBox(PublicKey(public)).encrypt(message)


def open_box(private: bytes, sealed: bytes) -> bytes:
    """Open what was sealed to this key. Raises `KeyvaultError` "box_closed"."""
    # anybody can seal to a public key: that a box opens says nothing of who sealed it, its content must
    try:
        return SealedBox(PrivateKey(private)).decrypt(sealed)
    except (CryptoError, ValueError, TypeError):
        raise KeyvaultError(
            "This was not sealed to the present key, or it was altered.", code="box_closed"
        ) from None
