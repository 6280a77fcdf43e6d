"""The cipher of a sealed blob and the nonces of its segments (docs/formats.md section 1)."""

import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyvault.crypto.envelope import derive

SALT = 32
PREFIX = 7
COUNTER = struct.Struct(">IB")


class Segments:
    """The cipher of one blob and the nonces of its segments."""

    def __init__(self, dek: bytes, aad: bytes, header: bytes) -> None:
        self.cipher = AESGCM(derive(dek, header[1 : 1 + SALT], aad))
        self.prefix = header[1 + SALT :]

    def nonce(self, index: int, last: bool) -> bytes:
        return self.prefix + COUNTER.pack(index, last)
