"""Content in clear, read by range: only the segments that hold it, opened as they come, in bounded memory.

What a store answers is trusted for nothing: another range than the one asked for, a body that is cut, an
object that is older or altered does not open, and nothing of it leaves (docs/formats.md section 1).
"""

import hashlib
import hmac
from collections.abc import Generator, Iterable, Iterator
from io import BytesIO
from itertools import islice

from keyvault.crypto.opened_segments import Opens, opened
from keyvault.crypto.sealed_blob import SEGMENT, BlobError, BlobRef
from records.errors import NotFound
from storage.ports.objects import ObjectStore

SEGMENTS_AT_ONCE = 2
"""Segments that are read and leave together: beside the piece that leaves, its ciphertext is held."""


def pieces(objects: ObjectStore, ref: BlobRef, opener: Opens, offset: int, length: int) -> Iterator[bytes]:
    """Yields `length` plaintext bytes from `offset` of a blob, in pieces of at most 128 KiB.

    Raises `BlobError` "range_past_end", "object_missing", "short_range" or "blob_corrupt", and what the store
    raises.
    """
    if not length:
        return
    start, stop = opener.span(offset, length)
    try:
        source = objects.stream(ref.blob_id, ref.version, start, stop, SEGMENTS_AT_ONCE * SEGMENT)
    except NotFound as error:  # what the vault grants is there: this is a loss, not an answer about a record
        raise BlobError(error.sentence, code=error.code) from None
    segments = opened(opener, offset, length, source)
    try:
        yield from iter(lambda: _together(segments), b"")
    finally:  # a connection to the store goes back when the reader turns away
        if isinstance(source, Generator):
            source.close()


def _together(segments: Iterator[bytes]) -> bytes:
    found = BytesIO()  # gives what it holds without a copy
    found.writelines(islice(segments, SEGMENTS_AT_ONCE))
    return found.getvalue()


def checked(plain: Iterable[bytes], length: int, sha256: bytes) -> Iterator[bytes]:
    """The same pieces of a whole part; the last one leaves once all of them have the part's SHA-256.

    Raises `BlobError` "blob_corrupt" for other bytes than those that were deposited.
    """
    digest, left = hashlib.sha256(), length
    if not length:
        _compare(digest.digest(), sha256)
    for piece in plain:
        digest.update(piece)
        left -= len(piece)
        if left <= 0:
            _compare(digest.digest(), sha256)
        yield piece
        del piece  # not held while the next one is read


def begun(plain: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, of which the first is opened by this call: before an answer has begun."""
    first = next(plain, b"")
    return _chained(first, plain)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _compare(found: bytes, deposited: bytes) -> None:
    if not hmac.compare_digest(found, deposited):
        raise BlobError("The object is not the one that was deposited.", code="blob_corrupt")
