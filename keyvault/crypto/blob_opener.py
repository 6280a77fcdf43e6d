"""Open ranges of content that was sealed as `coffre-blob-v1` (docs/formats.md section 1)."""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag

from keyvault.crypto.blob_segments import Segments
from keyvault.crypto.sealed_blob import (
    HEADER,
    SEGMENT,
    STRIDE,
    BlobError,
    SealedBlob,
    check_sealed,
    corrupt,
)


class Opener:
    """Opens ranges of a blob's plaintext; trusts the grant and nothing that the store says."""

    def __init__(self, sealed: SealedBlob, dek: bytes) -> None:
        """Raises what `check_sealed` raises, before any segment is touched."""
        # first the key, then the cipher: a segment opened under a key that isn't committed to proves nothing
        check_sealed(sealed, dek)
        self._plaintext = sealed.plaintext_size
        self._ciphertext = sealed.ciphertext_size
        # from the grant's size: a store that cuts the object or adds to it can't say which segment is the
        # last
        self._last = (sealed.ciphertext_size - 1) // SEGMENT
        self._segments = Segments(dek, sealed.ref.aad, sealed.header)

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

    def open_span(self, offset: int, length: int, ciphertext: bytes | bytearray | memoryview) -> bytes:
        """Returns `length` plaintext bytes from `offset`, out of exactly the bytes that `span` named.

        Raises `BlobError` "short_range" if there are fewer or more, "blob_corrupt" if they were altered.
        """
        start, stop = self.span(offset, length)
        source = memoryview(ciphertext)
        # exactly these bytes: a shorter answer would shift every later segment of the range
        if len(source) != stop - start:
            raise BlobError(
                "The store answered with another range than asked; try again.", code="short_range"
            )
        if length == 0:
            return b""
        first, after = start // SEGMENT, -(-stop // SEGMENT)
        pieces = [
            self._open(index, source[max(HEADER, index * SEGMENT) - start : (index + 1) * SEGMENT - start])
            for index in range(first, after)
        ]
        plain = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        skip = offset - max(0, first * STRIDE - HEADER)
        return plain[skip : skip + length]

    def _open(self, index: int, segment: memoryview) -> bytes:
        # the number comes from the range that was asked for, so bytes from elsewhere in the object don't open
        nonce = self._segments.nonce(index, index == self._last)
        try:
            return self._segments.cipher.decrypt(nonce, segment, None)
        except InvalidTag:
            # nothing of the range leaves (NIST SP 800-38D section 7.2), not even what did open
            raise corrupt() from None
