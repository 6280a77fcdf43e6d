"""Seal content as `coffre-blob-v1` (docs/formats.md section 1).

Tink's streaming AEAD AES256-GCM-HKDF-SHA256 with 64 KiB ciphertext segments, byte for byte: any Tink opens it
with the data key and `BlobRef.aad`. Three things are ours: the commitment to the key, sizes that come from
the grant and never from the store, and the refusal of an empty last segment.
"""

import os

from keyvault.crypto.blob_segments import COUNTER, PREFIX, SALT, Segments
from keyvault.crypto.sealed_blob import (
    HEADER,
    HEADER_MARK,
    SEGMENT,
    STRIDE,
    TAG,
    BlobError,
    BlobRef,
    SealedBlob,
    ciphertext_size,
    commitment,
)


class Sealer:
    """Seals content of unknown length in one pass, holding back at most one segment.

    What `update` returns is a view of a buffer that the next call overwrites: write it out or copy it first.
    Data that was read again must be sealed anew under a new key; a `Sealer` starts no second time.
    """

    def __init__(self, ref: BlobRef, dek: bytes) -> None:
        # Drawn anew for each sealer, whatever the key: if one key is given to two of them by mistake, the
        # salts lead to different segment keys, and no nonce is used twice under one.
        self.header = bytes([HEADER_MARK]) + os.urandom(SALT + PREFIX)
        # AES-GCM doesn't commit to its key (docs/formats.md section 1): whoever seals could make one object
        # that opens as two contents under two keys, and show each reader another one
        self.commitment = commitment(dek, ref)
        self._ref = ref
        self._segments = Segments(dek, ref.aad, self.header)
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
            # a byte follows what is held, so it isn't the last segment: only then may it be sealed as such
            taken = self._room - self._filled
            self._hold(source[:taken])
            written = self._seal_held(out, last=False)
        taken, written = self._seal_whole(source, taken, out, written)
        self._hold(source[taken:])
        return out[:written]

    def finish(self) -> memoryview:
        """Returns the ciphertext of the last segment; afterwards `sealed` is there."""
        # Sealed even if nothing is held: that is the empty object. After content something always is, so an
        # empty last segment, which Tink would accept, is never written.
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
            # what was written has no last segment, and never gets one: no reader takes it for a whole object
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
        encrypt, prefix, counter = self._segments.cipher.encrypt_into, self._segments.prefix, COUNTER.pack
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
