"""Interim: a study opened by a grant of one request."""

import hashlib
import hmac
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from content.series import Frames, SeriesInstance, read_series
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.sealed_blob import BlobError
from keyvault.grants.grant import GrantBody, GrantedBlob, GrantedSeries, new_recipient, open_grant
from keyvault.verbs.attempt import Call
from records.details import Place
from records.errors import NotFound
from records.instances import latest
from storage.ports import ObjectStore
from viewer_api.access import Access, GrantRequest

STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredInstance:
    document_id: UUID
    study: str
    series: str
    sop: str
    place: Place
    transfer_syntax: str
    frames: Frames | None


class OpenedStudy:
    def __init__(self, body: GrantBody, objects: ObjectStore, study: str) -> None:
        self._blobs = {each.sealed.ref.blob_id: each for each in body.blobs}
        self._objects = objects
        self._series = [each for each in body.series if each.study == study]
        self._found = [
            _stored(study, entry.series, each) for entry in self._series for each in self._merged(entry)
        ]

    def instances(self, series: str | None = None, sop: str | None = None) -> Sequence[StoredInstance]:
        found = [each for each in self._found if series in (None, each.series) and sop in (None, each.sop)]
        if not found:
            raise NotFound("There is no such image in this record.", code="no_such_document")
        return found

    def metadata(self, series: str) -> Iterator[dict[str, Any]]:
        for entry in self._series:
            if entry.series == series:
                for each in self._merged(entry):
                    yield dict(each.dicom)

    def read(self, instance: StoredInstance, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        place = instance.place
        stop = place.length if stop is None else stop
        digest, whole = hashlib.sha256(), (start, stop) == (0, place.length)
        for piece in self._pieces(self._blobs[place.blob_id], place.offset + start, place.offset + stop):
            if whole:
                digest.update(piece)
            yield piece
        if whole and not hmac.compare_digest(digest.digest(), place.sha256):
            raise BlobError("The object is not the one that was deposited.", code="blob_corrupt")

    def _merged(self, entry: GrantedSeries) -> list[SeriesInstance]:
        documents = (read_series(b"".join(self._whole(self._blobs[blob]))) for blob in entry.blobs)
        return latest((each for document in documents for each in document.instances), lambda one: one.sop)

    def _whole(self, blob: GrantedBlob) -> Iterator[bytes]:
        return self._pieces(blob, 0, blob.sealed.plaintext_size)

    def _pieces(self, blob: GrantedBlob, start: int, stop: int) -> Iterator[bytes]:
        opener, ref = Opener(blob.sealed, blob.dek), blob.sealed.ref
        for offset in range(start, stop, STEP):
            yield opener.read(
                offset,
                min(STEP, stop - offset),
                lambda first, last: self._objects.read(ref.blob_id, ref.version, first, last),
            )


class StudyGateway:
    def __init__(self, access: Access, objects: ObjectStore, grant_keys: dict[str, bytes]) -> None:
        self._access, self._objects, self._grant_keys = access, objects, grant_keys

    def study(self, call: Call, locator: str, study_uid: str) -> OpenedStudy:
        private, public = new_recipient()
        wanted = GrantRequest(locator, studies=(study_uid,), documents=(), recipient=public)
        grant = self._access.grant(call, wanted)
        body = open_grant(grant, private, self._grant_keys, int(time.time()))
        return OpenedStudy(body, self._objects, study_uid)


def _stored(study: str, series: str, each: SeriesInstance) -> StoredInstance:
    place = Place(each.blob_id, each.offset, each.length, each.sha256)
    return StoredInstance(UUID(int=0), study, series, each.sop, place, each.transfer_syntax, each.frames)
