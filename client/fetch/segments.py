"""Opens the segments of an object as they arrive: of the ciphertext no more than one of them is held."""

from collections.abc import Iterable, Iterator

from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.sealed_blob import HEADER, STRIDE


def segment_of(offset: int) -> int:
    """The segment that holds this plaintext byte; of segments the first holds `HEADER` bytes fewer."""
    return (offset + HEADER) // STRIDE


def border(segment: int) -> int:
    """Where a segment's plaintext begins."""
    return max(0, segment * STRIDE - HEADER)


def opened(opener: Opener, offset: int, length: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yields `length` plaintext bytes from `offset` segment by segment; `pieces` are those of their span.

    Raises what `Opener.open_span` raises: "short_range" where they end too early, "blob_corrupt".
    """
    source, held, end = iter(pieces), bytearray(), offset + length
    while offset < end:
        stop = min(end, border(segment_of(offset) + 1))
        first, last = opener.span(offset, stop - offset)
        while len(held) < last - first and (piece := next(source, b"")):
            held += piece
        yield opener.open_span(offset, stop - offset, bytes(held[: last - first]))
        del held[: last - first]
        offset = stop
