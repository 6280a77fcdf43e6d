"""What several tests of the formats share: sealed blobs, what they were sealed from, and Tink as oracle."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from unittest.mock import patch
from uuid import UUID

import tink
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, SealedBlob

REF = BlobRef(UUID("01234567-89ab-4def-8123-456789abcdef"), 3, BlobKind.PACK)
DEK = bytes(range(32))


def sealer_with(ref: BlobRef, dek: bytes, header: bytes) -> Sealer:
    """A sealer that draws this very header. Never twice outside a test: every nonce gets a second use."""
    with patch("os.urandom", lambda size: header[-size:]):
        return Sealer(ref, dek)


def material(size: int) -> bytes:
    """Bytes in which no two segments are alike."""
    words = b"".join(number.to_bytes(4, "big") for number in range(-(-size // 4)))
    return words[:size]


@dataclass(frozen=True)
class Sample:
    plain: bytes
    cipher: bytes
    sealed: SealedBlob
    dek: bytes = DEK

    @property
    def opener(self) -> Opener:
        return Opener(self.sealed, self.dek)

    @property
    def fetch(self) -> Callable[[int, int], bytes]:
        return lambda start, stop: self.cipher[start:stop]

    def opened(self) -> bytes:
        """The whole content, as a reader gets it."""
        return opened(self.opener, self.sealed, self.cipher)

    def segments(self) -> list[bytes]:
        """The ciphertext cut into header and segments."""
        first, rest = self.cipher[40:65536], self.cipher[65536:]
        return [self.cipher[:40], first, *(rest[i : i + 65536] for i in range(0, len(rest), 65536))]


def opened(opener: Opener, sealed: SealedBlob, cipher: bytes) -> bytes:
    """The whole content out of what a store holds as the object."""
    return opener.read(0, sealed.plaintext_size, lambda start, stop: cipher[start:stop])


def seal(chunks: Iterable[bytes], ref: BlobRef = REF, dek: bytes = DEK) -> Sample:
    sealer = Sealer(ref, dek)
    plain = cipher = b""
    for chunk in chunks:
        plain += chunk
        cipher += sealer.update(chunk)
    return Sample(plain, cipher + sealer.finish(), sealer.sealed, dek)


def sample(size: int) -> Sample:
    return seal([material(size)])


def tink_primitive(dek: bytes) -> streaming_aead.StreamingAead:
    streaming_aead.register()
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(version=0, key_value=dek)
    key.params.ciphertext_segment_size = 65536
    key.params.derived_key_size = 32
    key.params.hkdf_hash_type = common_pb2.SHA256
    keyset = tink_pb2.Keyset(primary_key_id=1)
    entry = keyset.key.add(status=tink_pb2.ENABLED, key_id=1, output_prefix_type=tink_pb2.RAW)
    entry.key_data.type_url = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"
    entry.key_data.value = key.SerializeToString()
    entry.key_data.key_material_type = tink_pb2.KeyData.SYMMETRIC
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


def tink_open(cipher: bytes, dek: bytes, aad: bytes) -> bytes:
    with tink_primitive(dek).new_decrypting_stream(io.BytesIO(cipher), aad) as stream:
        return stream.read()


def tink_seal(plain: bytes, dek: bytes, aad: bytes) -> bytes:
    class Kept(io.BytesIO):
        def close(self) -> None:
            self.kept = self.getvalue()

    kept = Kept()
    with tink_primitive(dek).new_encrypting_stream(kept, aad) as stream:
        stream.write(plain)
    return kept.kept
