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
    return SealedBox(PublicKey(public)).encrypt(message)


def open_box(private: bytes, sealed: bytes) -> bytes:
    """Open what was sealed to this key. Raises `KeyvaultError` "box_closed"."""
    try:
        return SealedBox(PrivateKey(private)).decrypt(sealed)
    except (CryptoError, ValueError, TypeError):
        raise KeyvaultError(
            "This was not sealed to the present key, or it was altered.", code="box_closed"
        ) from None
