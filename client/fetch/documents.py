"""A reader that opens content on its own side: lists, takes grants, reads ciphertext ranges, opens them.

The server sees which ranges are read and never their content. Everything a grant says is checked before it
is used; whole parts are checked against their SHA-256.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

from client.fetch import parts as whole_parts
from client.fetch import ranges
from client.fetch.addresses import Addresses
from client.fetch.parts import Part, Rest, checked
from client.fetch.ranges import USUAL, Pace, Piece
from client.http_client import CoffreClient, bad_answer
from content.merged_series import merge_series
from content.rendition import LARGEST_STRIP, Rendition, read_rendition_of
from content.series_metadata import LARGEST, SeriesInstance
from content.series_stream import too_large
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.opened_segments import opened
from keyvault.crypto.sealed_blob import HEADER, STRIDE, BlobKind
from keyvault.grants.grant import GrantBody, GrantedDocument, GrantedSeries, new_recipient, open_grant
from records.base64url import b64
from records.errors import NotFound
from records.identity import INS

P = TypeVar("P", bound=Part)
CHUNK_SEGMENTS = 64
"""Segments fetched in one request where content is read from end to end: 4 MiB."""

AT_ONCE = 500
"""Documents that one page of a list holds at most."""
MOST_PAGES = 10_000


class FetchClient:
    """Reads one record with one credential, for one purpose of use.

    `pinned` are the keys whose grants are accepted; `objects` reads ciphertext, without the credential.
    """

    def __init__(
        self,
        server: CoffreClient,
        objects: CoffreClient,
        record: INS | UUID,
        pinned: Mapping[str, bytes],
        *,
        purpose: str = "normal",
        reason: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.server = server
        self._objects = objects
        self._locator = record
        self._pinned = pinned
        self._purpose = purpose
        self._reason = reason
        self._clock = clock
        self._record = str(record) if isinstance(record, UUID) else None

    @property
    def record(self) -> str:
        """The record's public id, asked for once: no other address names the patient."""
        if self._record is None:
            assert isinstance(self._locator, INS)  # a public id is asked for no more
            body = {"ins": self._locator.value}
            found = self.server.read("POST", "/records/find", json=body, headers=self._why())
            self._record = str(UUID(_member(found, "record")))
        return self._record

    def list(self) -> list[dict[str, Any]]:
        """Returns the documents that may be seen, as the server describes them, of all pages.

        Raises `CoffreError` "bad_answer", also where the pages have no end.
        """
        found: list[dict[str, Any]] = []
        asked = {"limit": str(AT_ONCE)}
        for _ in range(MOST_PAGES):
            page = self.server.read("GET", f"{self._documents}?{urlencode(asked)}", headers=self._why())
            documents, following = _page(page)
            found += documents
            if following is None:
                return found
            asked["after"] = following
        raise bad_answer()

    @property
    def _documents(self) -> str:
        return f"/records/{self.record}/documents"

    def grant(
        self, *, studies: Sequence[str] = (), documents: Sequence[UUID] = (), suite: int = 1
    ) -> "OpenedGrant":
        """Takes a grant to a fresh key and opens it; neither studies nor documents means everything.

        Raises `Refused` with the server's sentence, or what `keyvault.grants.grant.open_grant` raises.
        """
        private, public = new_recipient()
        body = {
            "record": self.record,
            "studies": list(studies),
            "documents": [str(document) for document in documents],
            "purpose": self._purpose,
            "suite": suite,
            "recipient": b64(public),
        }
        if self._reason:
            body["reason"] = self._reason
        grant = self.server.read("POST", "/grants", json=body)
        if not isinstance(grant, dict):
            raise bad_answer()
        opened = open_grant(grant, private, self._pinned, int(self._clock()))
        return OpenedGrant(grant, opened, Addresses(self.server, self._objects, grant))

    def _why(self) -> dict[str, str]:
        """The purpose of use of a request that is not a grant's."""
        if self._purpose == "normal":
            return {}
        reason = {"Coffre-Reason": quote(self._reason, safe="")} if self._reason else {}
        return {"Coffre-Purpose": self._purpose} | reason


class OpenedGrant:
    """A grant in the hands of its recipient."""

    def __init__(self, grant: Mapping[str, Any], body: GrantBody, addresses: Addresses) -> None:
        self.grant_id = str(grant["id"])
        self.event: str = grant["event"]
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

    def save(self, part: Part, path: Path, *, pace: Pace = USUAL) -> None:
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


def _page(found: object) -> tuple[list[dict[str, Any]], str | None]:
    """The documents of one page, and the cursor of the next; a server of version 0.1 has one page."""
    documents = found.get("documents") if isinstance(found, dict) else None
    if not isinstance(documents, list) or not all(isinstance(one, dict) for one in documents):
        raise bad_answer()
    assert isinstance(found, dict)
    return documents, None if found.get("next") is None else _member(found, "next")


def _member(found: object, name: str) -> str:
    value = found.get(name) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise bad_answer()
    return value
