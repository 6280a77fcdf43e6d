"""The cipher of a sealed blob and the nonces of its segments (docs/formats.md section 1)."""

import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyvault.crypto.envelope import derive

SALT = 32
PREFIX = 7
# Segment number, then 1 on the last segment alone: the STREAM construction (Hoang, Reyhanitabar, Rogaway and
# Vizár, CRYPTO 2015), as Tink has it. Without the number segments could change places, without the last byte
# a store could cut an object between two of them, and no tag would tell.
COUNTER = struct.Struct(">IB")


class Segments:
    """The cipher of one blob and the nonces of its segments."""

    def __init__(self, dek: bytes, aad: bytes, header: bytes) -> None:
        # The name of the blob is in the key, by the info of HKDF: segments need no associated data of their
        # own, and those of another blob, or of another version of this one, don't open.
        self.cipher = AESGCM(derive(dek, header[1 : 1 + SALT], aad))
        self.prefix = header[1 + SALT :]

    def nonce(self, index: int, last: bool) -> bytes:
        # A fixed field and a counter (RFC 5116 section 3.2; NIST SP 800-38D section 8.2.1): unique by
        # construction under a key that one blob alone has, without a limit on random nonces to keep count of.
        return self.prefix + COUNTER.pack(index, last)
