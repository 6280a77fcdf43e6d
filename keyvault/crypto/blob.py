"""Sealed content, `coffre-blob-v1` (docs/formats.md section 1).

Tink's streaming AEAD AES256-GCM-HKDF-SHA256 with 64 KiB ciphertext segments, byte for byte: any Tink opens it
with the data key and `BlobRef.aad`. Three things are ours: the commitment to the key, sizes that come from
the grant and never from the store, and the refusal of an empty last segment.
"""

import os
import struct
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keyvault.crypto.envelope import derive
from keyvault.crypto.sealed_blob import (
    HEADER,
    HEADER_MARK,
    MAX_CIPHERTEXT,
    SEGMENT,
    STRIDE,
    TAG,
    BlobError,
    BlobKind,
    BlobRef,
    SealedBlob,
    check_sealed,
    ciphertext_size,
    commitment,
    corrupt,
    new_data_key,
    plaintext_size,
)

__all__ = [
    "MAX_CIPHERTEXT",
    "BlobError",
    "BlobKind",
    "BlobRef",
    "Opener",
    "SealedBlob",
    "Sealer",
    "ciphertext_size",
    "commitment",
    "new_data_key",
    "plaintext_size",
]

_SALT = 32
_PREFIX = 7
_COUNTER = struct.Struct(">IB")


class _Segments:
    """The cipher of one blob and the nonces of its segments."""

    def __init__(self, dek: bytes, aad: bytes, header: bytes) -> None:
        self.cipher = AESGCM(derive(dek, header[1 : 1 + _SALT], aad))
        self.prefix = header[1 + _SALT :]

    def nonce(self, index: int, last: bool) -> bytes:
        return self.prefix + _COUNTER.pack(index, last)


class Sealer:
    """Seals content of unknown length in one pass, holding back at most one segment.

    What `update` returns is a view of a buffer that the next call overwrites: write it out or copy it first.
    Data that was read again must be sealed anew under a new key; a `Sealer` starts no second time.
    """

    def __init__(self, ref: BlobRef, dek: bytes) -> None:
        self.header = bytes([HEADER_MARK]) + os.urandom(_SALT + _PREFIX)
        self.commitment = commitment(dek, ref)
        self._ref = ref
        self._segments = _Segments(dek, ref.aad, self.header)
        self._index = 0
        self._room = STRIDE - HEADER  # plaintext bytes that the present segment takes
        self._held = memoryview(bytearray(STRIDE))
        self._filled = 0
        self._size = 0
        self._out = bytearray()
        self._sealed: SealedBlob | None = None
        self._broken = False

    def update(self, data: bytes | bytearray | memoryview) -> memoryview:
        """Takes the next bytes; returns the ciphertext of every segment now known not to be the last.

        Raises `BlobError` "blob_too_large" before anything beyond the limit is sealed.
        """
        self._check_open()
        source = memoryview(data).cast("B")
        self._grow(len(source))
        out = self._buffer(len(source))
        taken = written = 0
        if self._filled + len(source) > self._room and (self._filled or self._index == 0):
            taken = self._room - self._filled
            self._hold(source[:taken])
            written = self._seal_held(out, last=False)
        taken, written = self._seal_whole(source, taken, out, written)
        self._hold(source[taken:])
        return out[:written]

    def finish(self) -> memoryview:
        """Returns the ciphertext of the last segment; afterwards `sealed` is there."""
        self._check_open()
        out = self._buffer(0)
        written = self._seal_held(out, last=True)
        size = ciphertext_size(self._size)
        self._sealed = SealedBlob(self._ref, self.commitment, self.header, self._size, size)
        return out[:written]

    @property
    def sealed(self) -> SealedBlob:
        """The values to keep of a finished blob."""
        if self._sealed is None:
            raise BlobError("The object is not finished yet.", code="blob_truncated")
        return self._sealed

    def _check_open(self) -> None:
        if self._sealed is not None or self._broken:
            raise BlobError(
                "This object takes no more content; start another one.", code="blob_size_mismatch"
            )

    def _grow(self, added: int) -> None:
        try:
            ciphertext_size(self._size + added)
        except BlobError:
            self._broken = True
            raise
        self._size += added

    def _buffer(self, added: int) -> memoryview:
        # Counted with a full segment held back, so that inputs of one size share one buffer: fresh pages cost
        # several times what the cipher costs.
        needed = HEADER + STRIDE + added + TAG * (2 + added // STRIDE)
        if len(self._out) < needed:
            self._out = bytearray(needed)  # never resized: a caller may still hold a view of the old one
        return memoryview(self._out)

    def _hold(self, data: memoryview) -> None:
        self._held[self._filled : self._filled + len(data)] = data
        self._filled += len(data)

    def _seal_held(self, out: memoryview, last: bool) -> int:
        """Seals what is held, behind the header if it is the first segment; returns the bytes written."""
        start = 0
        if self._index == 0:
            out[:HEADER] = self.header
            start = HEADER
        stop = start + self._filled + TAG
        nonce = self._segments.nonce(self._index, last)
        self._segments.cipher.encrypt_into(nonce, self._held[: self._filled], None, out[start:stop])
        self._index += 1
        self._room = STRIDE
        self._filled = 0
        return stop

    def _seal_whole(self, source: memoryview, taken: int, out: memoryview, written: int) -> tuple[int, int]:
        """Seals straight from the input while a byte remains behind the segment; returns both positions."""
        encrypt, prefix, counter = self._segments.cipher.encrypt_into, self._segments.prefix, _COUNTER.pack
        index, size = self._index, len(source)
        # Once per 64 KiB: what stands in this loop is all that Python adds to the cipher.
        while size - taken > STRIDE:
            following = taken + STRIDE
            encrypt(
                prefix + counter(index, 0), source[taken:following], None, out[written : written + SEGMENT]
            )
            index += 1
            taken = following
            written += SEGMENT
        self._index = index
        return taken, written


class Opener:
    """Opens ranges of a blob's plaintext; trusts the grant and nothing that the store says."""

    def __init__(self, sealed: SealedBlob, dek: bytes) -> None:
        """Raises what `check_sealed` raises, before any segment is touched."""
        check_sealed(sealed, dek)
        self._plaintext = sealed.plaintext_size
        self._ciphertext = sealed.ciphertext_size
        self._last = (sealed.ciphertext_size - 1) // SEGMENT
        self._segments = _Segments(dek, sealed.ref.aad, sealed.header)

    def span(self, offset: int, length: int) -> tuple[int, int]:
        """Returns the ciphertext bytes [start, stop) that hold `length` plaintext bytes from `offset`.

        The header is never among them; no bytes are held by (0, 0). Raises `BlobError` "range_past_end".
        """
        if offset < 0 or length < 0 or offset + length > self._plaintext:
            raise BlobError("The range asked for reaches past the end of the object.", code="range_past_end")
        if length == 0:
            return 0, 0
        first = (offset + HEADER) // STRIDE
        last = (offset + length - 1 + HEADER) // STRIDE
        return max(HEADER, first * SEGMENT), min((last + 1) * SEGMENT, self._ciphertext)

    def read(self, offset: int, length: int, fetch: Callable[[int, int], bytes]) -> bytes:
        """Returns plaintext bytes, fetching [start, stop) of the object in one call.

        Raises what `span` and `open_span` raise, and whatever `fetch` raises.
        """
        start, stop = self.span(offset, length)
        return self.open_span(offset, length, fetch(start, stop) if length else b"")

    def open_span(self, offset: int, length: int, ciphertext: bytes | memoryview) -> bytes:
        """Returns `length` plaintext bytes from `offset`, out of exactly the bytes that `span` named.

        Raises `BlobError` "short_range" if there are fewer or more, "blob_corrupt" if they were altered.
        """
        start, stop = self.span(offset, length)
        source = memoryview(ciphertext)
        if len(source) != stop - start:
            raise BlobError(
                "The store answered with another range than asked; try again.", code="short_range"
            )
        if length == 0:
            return b""
        first = start // SEGMENT
        plain = memoryview(bytearray(len(source) - TAG * (-(-stop // SEGMENT) - first)))
        position = 0
        for index in range(first, -(-stop // SEGMENT)):
            begin = max(HEADER, index * SEGMENT) - start
            end = min((index + 1) * SEGMENT, stop) - start
            position += self._open(index, source[begin:end], plain[position : position + end - begin - TAG])
        skip = offset - max(0, first * STRIDE - HEADER)
        return bytes(plain[skip : skip + length])

    def _open(self, index: int, segment: memoryview, plain: memoryview) -> int:
        nonce = self._segments.nonce(index, index == self._last)
        try:
            return self._segments.cipher.decrypt_into(nonce, segment, None, plain)
        except InvalidTag:
            raise corrupt() from None
