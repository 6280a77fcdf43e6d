"""A grant in the hands of its recipient: opens what it names, on the recipient's own side.

Only ciphertext is fetched. Whole parts are checked against the SHA-256 of what was deposited.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from client.fetch import parts as whole_parts
from client.fetch import ranges
from client.fetch.addresses import Addresses, GrantAnswer
from client.fetch.parts import GrantedPart, Rest, checked
from client.fetch.ranges import USUAL, Pace, Piece
from content.merged_series import merge_series
from content.rendition import LARGEST_STRIP, Rendition, read_rendition_of
from content.series_metadata import LARGEST, SeriesInstance
from content.series_stream import too_large
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.opened_segments import opened
from keyvault.crypto.sealed_blob import HEADER, STRIDE, BlobKind
from keyvault.grants.grant import GrantBody, GrantedDocument, GrantedSeries
from records.errors import NotFound

P = TypeVar("P", bound=GrantedPart)
CHUNK_SEGMENTS = 64
"""Segments fetched in one request where content is read from end to end: 4 MiB."""


class OpenedGrant:
    """Reads through the addresses of the grant, with the keys of its body."""

    def __init__(self, grant: GrantAnswer, body: GrantBody, addresses: Addresses) -> None:
        self.grant_id = grant.id
        self.event = grant.event
        """Leaf hash of the line that this grant left in the audit log, base64url."""
        self.body = body
        self._addresses = addresses
        self._openers = {blob.sealed.ref.blob_id: Opener(blob.sealed, blob.dek) for blob in body.blobs}
        self._sizes = {blob.sealed.ref.blob_id: blob.sealed.plaintext_size for blob in body.blobs}

    def read(self, blob_id: UUID, offset: int, length: int) -> bytes:
        """Returns plaintext bytes of a blob, fetching the segments that hold them and no others."""
        return b"".join(self._pieces(blob_id, offset, length))

    @property
    def fetched(self) -> int:
        """Ciphertext bytes read so far."""
        return self._addresses.fetched

    def _opener(self, blob_id: UUID) -> Opener:
        opener = self._openers.get(blob_id)
        if opener is None:
            raise NotFound("The grant does not open this object; ask for a new one.", code="not_granted")
        return opener

    def stream(self, blob_id: UUID, offset: int, length: int) -> Iterator[bytes]:
        """Yields plaintext bytes in pieces that end where a segment ends, so that none is fetched twice."""
        end = offset + length
        while offset < end:
            border = ((offset + HEADER) // STRIDE + CHUNK_SEGMENTS) * STRIDE - HEADER
            step = min(border, end) - offset
            yield self.read(blob_id, offset, step)
            offset += step

    def read_parts(self, parts: Sequence[Piece], pace: Pace) -> Iterator[tuple[int, Iterator[memoryview]]]:
        """Yields the number of each part with its plaintext in pieces, neighbours read in common ranges."""
        return ranges.read(parts, self._pieces, pace)

    def open_all(self, parts: Iterable[P], *, pace: Pace = USUAL) -> Iterator[tuple[P, bytes]]:
        """Yields each document or instance as it was deposited, in their order, read as `read_parts` does.

        In memory are the ranges that `pace` admits, and one part. Raises `BlobError` "digest_mismatch".
        """
        wanted = list(parts)
        for number, pieces in self.read_parts(wanted, pace):
            yield wanted[number], checked(b"".join(pieces), wanted[number])

    def save(self, part: GrantedPart, path: Path, *, pace: Pace = USUAL) -> None:
        """Leaves a document or instance at `path`; called again after a stop it goes on where it was.

        Raises `BlobError` "digest_mismatch", and then leaves nothing.
        """

        def read(rest: Rest) -> Iterator[memoryview]:
            return (piece for _, pieces in self.read_parts([rest], pace) for piece in pieces)

        whole_parts.save(part, path, read)

    def _pieces(self, blob_id: UUID, offset: int, length: int) -> list[bytes]:
        """Plaintext bytes of a blob, opened segment by segment while they arrive."""
        opener = self._opener(blob_id)
        if not length:
            return []
        start, stop = opener.span(offset, length)
        return self._addresses.read(
            blob_id, start, stop, lambda pieces: [*opened(opener, offset, length, pieces)]
        )

    def instances(self) -> list[SeriesInstance]:
        """Returns every instance of the granted series, from their metadata blobs."""
        return [instance for _, instance in self.instances_by_series()]

    def instances_by_series(self) -> Iterator[tuple[str, SeriesInstance]]:
        """Yields each instance with its Series Instance UID."""
        for series in self.body.series:
            # by kind: a series has blobs that aren't its metadata, and a later version may grant further ones
            metadata = self.body.blobs_of(series, BlobKind.SERIES_METADATA)
            documents = (self._whole(blob_id) for blob_id in metadata)
            for instance in merge_series(series.study, series.series, documents):
                yield series.series, instance

    def overview(self, series: GrantedSeries) -> Rendition | None:
        """The small picture of a series, after one request; None where it has none.

        Raises `Invalid` "rendition_not_valid".
        """
        found = self.body.blobs_of(series, BlobKind.RENDITION)
        return self._rendition(series, found[-1]) if found else None

    def renditions(self, series: GrantedSeries) -> list[Rendition]:
        """All of them: the strip of small frames first, if there is one. Raises as `overview` does."""
        return [self._rendition(series, each) for each in self.body.blobs_of(series, BlobKind.RENDITION)]

    def _rendition(self, series: GrantedSeries, blob_id: UUID) -> Rendition:
        return read_rendition_of(series.study, series.series, self._whole(blob_id, LARGEST_STRIP))

    def open_instance(self, instance: SeriesInstance) -> bytes:
        """Returns the DICOM file as it was deposited. Raises `BlobError` "digest_mismatch"."""
        content = self.read(instance.blob_id, instance.offset, instance.length)
        return checked(content, instance)

    def open_frame(self, instance: SeriesInstance, n: int) -> bytes:
        """Returns frame `n`, counted from 1, as it was deposited: compressed ones stay so, padding included.

        Raises `NotFound` "no_such_frame", also where the instance does not address its frames.
        """
        frames = instance.frames or ()
        if not 1 <= n <= len(frames) or not frames[n - 1]:
            raise NotFound("This instance has no such frame that could be read alone.", code="no_such_frame")
        pieces = frames[n - 1]
        first = min(start for start, _ in pieces)
        last = max(start + size for start, size in pieces)
        span = self.read(instance.blob_id, instance.offset + first, last - first)
        return b"".join(span[start - first : start - first + size] for start, size in pieces)

    def open_document(self, document: GrantedDocument) -> bytes:
        """Returns the document as it was deposited. Raises `BlobError` "digest_mismatch"."""
        content = self.read(document.blob_id, document.offset, document.length)
        return checked(content, document)

    def _whole(self, blob_id: UUID, largest: int = LARGEST) -> bytes:
        size = self._sizes.get(blob_id, 0)
        if size > largest:
            raise too_large()
        return b"".join(self.stream(blob_id, 0, size))
