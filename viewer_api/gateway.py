"""Content in clear, for clients that cannot open a grant themselves (docs/architecture.md).

Each object is a release of its own, with the end actor's credential: same decision, same line in the log. The
grant is opened here with a key that lives as long as one answer; plaintext is streamed, never kept.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.sealed_blob import BlobError
from keyvault.grants.grant import GrantBody, GrantedBlob, new_recipient, open_grant
from keyvault.verbs.attempt import Call
from keyvault.verbs.rows import SeenDocument
from records.details import DICOM, Place
from records.errors import NotFound
from records.instances import kept
from storage.ports import ObjectStore
from viewer_api.access import Access, GrantRequest

STEP = 1024 * 1024  # plaintext bytes in memory per answer


@dataclass(frozen=True, slots=True)
class Content:
    """One object in clear. `pieces` is read once; on other bytes than granted it raises before its end."""

    media_type: str
    length: int
    pieces: Iterator[bytes] = field(repr=False)


class Gateway:
    """Opens grants on behalf of their actors. `grant_keys` maps key ids to the vault's public grant keys."""

    def __init__(
        self,
        access: Access,
        objects: ObjectStore,
        grant_keys: Mapping[str, bytes],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._access = access
        self._objects = objects
        self._grant_keys = grant_keys
        self._clock = clock

    def document(self, call: Call, locator: str, document_id: UUID) -> Content:
        """One document. Raises `NotAuthorised`, or `NotFound` for a hidden or absent one and for a study."""
        body = self._granted(call, locator, document_id)
        for document in body.documents:
            if document.document_id == document_id:
                place = Place(document.blob_id, document.offset, document.length, document.sha256)
                return self._content(body, place, document.media_type)
        raise _absent("document")

    def instance(self, call: Call, locator: str, document_id: UUID, sop_uid: str) -> Content:
        """One DICOM instance of a document, as it was deposited; of several versions the latest.

        A UID alone names nothing: other structures may have used it. Raises like `document`.
        """
        place = _place_of(self._access.named(call, locator, [document_id]).documents, sop_uid)
        return self._content(self._granted(call, locator, document_id), place, DICOM)

    def _granted(self, call: Call, locator: str, document_id: UUID) -> GrantBody:
        private, public = new_recipient()
        wanted = GrantRequest(locator, studies=(), documents=(document_id,), recipient=public)
        grant = self._access.grant(call, wanted)
        return open_grant(grant, private, self._grant_keys, int(self._clock()))

    def _content(self, body: GrantBody, place: Place, media_type: str) -> Content:
        blob = next((blob for blob in body.blobs if blob.sealed.ref.blob_id == place.blob_id), None)
        if blob is None:
            raise _absent("document")
        pieces = self._pieces(blob, place)
        # the first piece is opened before any header is sent: a damaged object is an answer of its own
        first = next(pieces, b"")
        return Content(media_type, place.length, _chained(first, pieces))

    def _pieces(self, blob: GrantedBlob, place: Place) -> Iterator[bytes]:
        opener, ref, digest = Opener(blob.sealed, blob.dek), blob.sealed.ref, hashlib.sha256()

        def fetch(start: int, stop: int) -> bytes:
            return self._objects.read(ref.blob_id, ref.version, start, stop)

        end = place.offset + place.length
        for offset in range(place.offset, end, STEP):
            piece = opener.read(offset, min(STEP, end - offset), fetch)
            digest.update(piece)
            if offset + STEP >= end and not hmac.compare_digest(digest.digest(), place.sha256):
                raise BlobError("The object is not the one that was deposited.", code="blob_corrupt")
            yield piece


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _place_of(documents: Iterable[SeenDocument], sop_uid: str) -> Place:
    for document in documents:
        for each in kept(document.details):
            if each.live and each.instance.sop == sop_uid:
                return each.instance.place
    raise _absent("image")


def _absent(what: str) -> NotFound:
    return NotFound(f"There is no such {what} in this record.", code="no_such_document")
