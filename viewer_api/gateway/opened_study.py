"""A study, or one DICOM document, opened under a held grant: where its instances and their frames lie.

Places and frame tables are kept as long as the grant; attributes and content are opened anew by each call.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from content.rendition import LARGEST_OVERVIEW, Rendition, read_rendition_of
from content.series_metadata import Frames, SeriesInstance
from content.series_stream import Holding, instances_in, too_large
from keyvault.crypto.blob_opener import Opener
from keyvault.crypto.sealed_blob import BlobError, BlobKind, BlobRef
from keyvault.grants.grant import GrantedSeries
from records.documents.details import Place
from records.documents.instances import latest
from records.errors import NotFound
from storage.ports.objects import ObjectStore
from viewer_api.gateway.answer import Answer
from viewer_api.gateway.held_grants import ContentClosedError, HeldGrant, OpenedBlob
from viewer_api.gateway.memory import Memory
from viewer_api.gateway.reading import checked, pieces


@dataclass(frozen=True, slots=True, repr=False)
class StoredInstance:
    """One SOP instance of a document. `frames` as `coffre-series-v1` has them: per frame its pieces, each
    (offset, length) from the instance's start; None where the stored bytes do not address frames.
    """

    document_id: UUID
    study: str
    series: str
    sop: str
    place: Place
    transfer_syntax: str
    frames: Frames | None


BlobOf = Callable[[UUID], OpenedBlob]


class OpenedSeries:
    """The places of one document's series, parsed when first asked for. Any number of threads may ask."""

    def __init__(
        self, held: HeldGrant, objects: ObjectStore, granted: GrantedSeries, holding: Holding
    ) -> None:
        self.study, self.uid = granted.study, granted.series
        self._held, self._objects, self._holding = held, objects, holding
        kinds = {blob_id: held.blob(blob_id).ref.kind for blob_id in granted.blobs}
        # by kind: a later version may grant further ones
        self._metadata = [each for each in granted.blobs if kinds[each] is BlobKind.SERIES_METADATA]
        self._renditions = [each for each in granted.blobs if kinds[each] is BlobKind.RENDITION]
        self._parsing = threading.Lock()
        self._instances: tuple[StoredInstance, ...] | None = None
        self._replaced: frozenset[int] = frozenset()
        self.places = 0

    @property
    def document(self) -> UUID:
        return self._held.holders[self.metadata]

    @property
    def metadata(self) -> UUID:
        """The oldest blob of its description."""
        return self._metadata[0]

    @property
    def instances(self) -> tuple[StoredInstance, ...]:
        with self._parsing:
            if self._instances is None:
                self._parse()
            assert self._instances is not None
            return self._instances

    def _parse(self) -> None:
        every = [*enumerate(map(self._stored, self._every(self._held.blob)))]
        live = latest(every, lambda each: each[1].sop)
        self._replaced = frozenset(range(len(every))) - {number for number, _ in live}
        self.places = sum(1 + len(each.frames or ()) for _, each in live)
        self._instances = tuple(each for _, each in live)

    def described(self, blob_of: BlobOf) -> Iterator[SeriesInstance]:
        """The instances with their attributes, each opened anew from the sealed series metadata as it is
        read; the latest submission wins.
        """
        replaced = self._replaced if self.instances else ()
        return (each for number, each in enumerate(self._every(blob_of)) if number not in replaced)

    def _every(self, blob_of: BlobOf) -> Iterator[SeriesInstance]:
        for blob_id in self._metadata:
            document = read_blob(self._objects, blob_of, blob_id)
            yield from instances_in(self.study, self.uid, document, self._holding)

    def overview(self, blob_of: BlobOf) -> Rendition | None:
        """The small picture of the series, opened anew; None where it has none."""
        if not self._renditions:
            return None
        blob_id = self._renditions[-1]
        if blob_of(blob_id).size > LARGEST_OVERVIEW:
            raise too_large()
        return read_rendition_of(self.study, self.uid, b"".join(read_blob(self._objects, blob_of, blob_id)))

    def _stored(self, each: SeriesInstance) -> StoredInstance:
        place = Place(each.blob_id, each.offset, each.length, each.sha256)
        return StoredInstance(
            self.document, self.study, self.uid, each.sop, place, each.transfer_syntax, each.frames
        )


class OpenedThing(HeldGrant):
    """What one held grant gives, for every request under it."""

    def __init__(self, objects: ObjectStore, by_age: Sequence[UUID], holding: Holding, *granted: Any) -> None:
        """`by_age`: its documents, the oldest first, as their series come: what another structure deposits
        under a document's UIDs later does not take its place.
        """
        super().__init__(*granted)
        self.objects = objects
        opened = [OpenedSeries(self, objects, each, holding) for each in self.series]
        self.opened = sorted(opened, key=lambda each: by_age.index(each.document))

    @property
    def places(self) -> int:
        return sum(each.places for each in self.opened)


class OpenedStudy:
    """For one request. `renewed` obtains the grant anew where the index has more by now, else None; `caller`
    names the credential, by a digest; of `memory` it takes what is made of images and not read yet.
    """

    def __init__(
        self,
        answer: Answer[OpenedThing],
        renewed: Callable[[], OpenedThing | None],
        caller: bytes,
        memory: Memory,
    ) -> None:
        self.caller = caller
        self.room = partial(memory.room, caller)
        self._answer = answer
        self._renewed = renewed

    def check(self) -> None:
        """Raises `NotFound` "no_such_document" where it holds no images; opens nothing."""
        if not self._answer.thing.opened:
            raise _no_such_image()

    def instances(self, series: str | None = None, sop: str | None = None) -> Sequence[StoredInstance]:
        """The instances of the study, of one series, or of one SOP Instance UID; of equal UIDs in one
        document the latest. Raises `NotFound` "no_such_document" where there is none.
        """
        found = self._found(series, sop)
        # a list is of the study as it is by now: what was published since the grant belongs to it
        if (sop is None or not found) and self._is_grown():
            found = self._found(series, sop)
        if not found:
            raise _no_such_image()
        return found

    def metadata(self, series: str) -> Iterator[dict[str, Any]]:
        """DICOM JSON of each instance of a series (PS3.18 section F.2), without bulk data, opened anew.

        Raises `NotFound` "no_such_document".
        """
        if not self._found(series):
            self.instances(series)
        self._answer.check(self._opened(series)[0].metadata)
        return self._told(self._opened(series))

    def _told(self, opened: Sequence[OpenedSeries]) -> Iterator[dict[str, Any]]:
        for one in opened:
            for each in one.described(self._answer.blob):
                self._answer.check(one.metadata)
                yield dict(each.dicom)

    def rendition(self, series: str) -> Rendition | None:
        """The overview of a series, of at most 64 KiB and without decoding; None where it has none.

        Raises `NotFound` "no_such_document" where there is no such series, `Invalid` "rendition_not_valid".
        """
        self.instances(series)
        found = (each.overview(self._answer.blob) for each in self._opened(series))
        return next((each for each in found if each is not None), None)

    def read(self, instance: StoredInstance, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Plaintext bytes [start, stop) of an instance, from the segments that hold them and no others.

        In pieces of at most 256 KiB. Of what is read whole the last piece leaves once all have the SHA-256
        that was deposited.

        Raises `BlobError` "range_past_end", "short_range" or "blob_corrupt", and what the store raises.
        """
        end = instance.place.length if stop is None else stop
        return read_place(self._answer, instance.place, start, end)

    def _is_grown(self) -> bool:
        """Whether there is more than when it was opened; asked once in a request."""
        renewed, self._renewed = self._renewed(), lambda: None
        if renewed is not None:
            self._answer.thing = renewed
        return renewed is not None

    def _opened(self, series: str | None) -> list[OpenedSeries]:
        return [each for each in self._answer.thing.opened if series in (None, each.uid)]

    def _found(self, series: str | None, sop: str | None = None) -> list[StoredInstance]:
        return [
            each for one in self._opened(series) for each in one.instances if sop is None or each.sop == sop
        ]


def _no_such_image() -> NotFound:
    return NotFound("There is no such image in this record.", code="no_such_document")


def read_place(answer: Answer[OpenedThing], place: Place, start: int, stop: int) -> Iterator[bytes]:
    """Plaintext bytes [start, stop) of a part, while the vault permits it.

    An answer that outlives its grant goes on under another one. Raises `BlobError` "range_past_end" for what
    reaches beyond the part.
    """
    if not 0 <= start <= stop <= place.length:
        raise BlobError("The range asked for reaches past the end of the object.", code="range_past_end")
    plain = read_blob(answer.thing.objects, answer.blob, place.blob_id, place.offset + start, stop - start)
    return checked(plain, place.length, place.sha256) if (start, stop) == (0, place.length) else plain


def read_blob(
    objects: ObjectStore, blob_of: BlobOf, blob_id: UUID, offset: int = 0, length: int | None = None
) -> Iterator[bytes]:
    """Plaintext bytes of a blob, all without a `length`. `blob_of` is asked for it at each segment."""
    blob = blob_of(blob_id)
    size = blob.size - offset if length is None else length
    return pieces(objects, blob.ref, _HeldOpener(blob_of, blob.ref), offset, size)


class _HeldOpener:
    """Opens segments with the key that is held at that moment, and holds none itself."""

    def __init__(self, blob_of: BlobOf, ref: BlobRef) -> None:
        self._blob_of, self._ref = blob_of, ref

    def span(self, offset: int, length: int) -> tuple[int, int]:
        return self._opener().span(offset, length)

    def open_span(self, offset: int, length: int, ciphertext: bytes | bytearray | memoryview) -> bytes:
        return self._opener().open_span(offset, length, ciphertext)

    def _opener(self) -> Opener:
        blob = self._blob_of(self._ref.blob_id)
        if blob.ref != self._ref:
            raise ContentClosedError
        return blob.opener
