"""Opens the segments of an object as they arrive: of the ciphertext one of them is held, and a piece."""

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
    source, left, end = iter(pieces), memoryview(b""), offset + length
    while offset < end:
        stop = min(end, border(segment_of(offset) + 1))
        first, last = opener.span(offset, stop - offset)
        segment, left = _taken(source, left, last - first)
        yield opener.open_span(offset, stop - offset, segment)
        offset = stop


def _taken(source: Iterator[bytes], left: memoryview, size: int) -> tuple[bytearray | memoryview, memoryview]:
    """`size` bytes from what is left of a piece and the pieces after it, and what is left then.

    A segment that lies in one piece is not copied.
    """
    if len(left) >= size:
        return left[:size], left[size:]
    held, left = bytearray(left), memoryview(b"")
    while len(held) < size and (piece := next(source, b"")):
        taken = size - len(held)
        held += memoryview(piece)[:taken]
        left = memoryview(piece)[taken:]
    return held, left
