"""Opens the segments of an object as they arrive: of the ciphertext one of them is held, and a piece."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from keyvault.crypto.sealed_blob import HEADER, STRIDE


class Opens(Protocol):
    """An `Opener`, or what asks for one each time and so holds no key between two segments."""

    def span(self, offset: int, length: int) -> tuple[int, int]: ...

    def open_span(self, offset: int, length: int, ciphertext: bytes | bytearray | memoryview) -> bytes: ...


def segment_of(offset: int) -> int:
    """The segment that holds this plaintext byte; of segments the first holds `HEADER` bytes fewer."""
    return (offset + HEADER) // STRIDE


def border(segment: int) -> int:
    """Where a segment's plaintext begins."""
    return max(0, segment * STRIDE - HEADER)


def opened(opener: Opens, offset: int, length: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
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
