"""Put the parts of each document into a blob of its own, and write metadata and renditions of its series.

If one document takes every byte of the received blob, that blob is the pack and no byte is written again.
Otherwise what remains is streamed into new blobs, sealed with new keys.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from content.series_metadata import SeriesInstance, write_series
from ingestion.grouping import Group, InspectedPart
from ingestion.worker.opening import Content
from ingestion.worker.packed_renditions import PackedRendition, described, with_blobs
from ingestion.worker.renditions import MadeOfSeries, Maker, Pictured, made_of
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key
from keyvault.keys.reception import ReceivedKey, seal_key
from records.documents.details import RenditionDetails
from records.documents.renditions import RENDERED
from storage.ports.index import WorkerIndex
from storage.ports.objects import ObjectStore
from storage.rows.submissions import Blob

STUDY = "study"


@dataclass(frozen=True, slots=True)
class PackedGroup:
    """A group with its blobs: where each part lies in the pack, and one metadata blob per series.

    `rendered`: how far renditions were made (`records.documents.renditions`).
    """

    group: Group
    pack: Blob
    offsets: dict[int, int]
    series: tuple[Blob, ...]
    renditions: tuple[PackedRendition, ...] = ()
    rendered: int = RENDERED

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return (self.pack, *self.series, *(each.blob for each in self.renditions))

    def rendition_details(self) -> tuple[RenditionDetails, ...]:
        return described(self.renditions, {uid: pictured(parts) for uid, parts in self.group.series()})

    def series_blobs(self) -> dict[str, UUID]:
        pairs = zip(self.group.series(), self.series, strict=True)
        return {uid: blob.blob_id for (uid, _), blob in pairs}


@dataclass(frozen=True, slots=True)
class Sealing:
    """The day key that new data keys are sealed to, and the depositor on whose behalf, as intake did."""

    submission_id: UUID
    depositor_token: bytes
    day_public: bytes


class Packer:
    """Writes the blobs of one submission's groups."""

    def __init__(
        self,
        index: WorkerIndex,
        objects: ObjectStore,
        sealing: Sealing,
        now_ms: Callable[[], int],
        heartbeat: Callable[[], None],
        maker: Maker | None = None,
    ) -> None:
        """`maker` makes renditions; None: none are made for now."""
        self._maker = maker
        self._index = index
        self._objects = objects
        self._sealing = sealing
        self._now_ms = now_ms
        self._heartbeat = heartbeat

    def pack(self, groups: Sequence[Group], content: Content) -> list[PackedGroup]:
        """Write what is missing. A crash leaves uploads that the sweeper removes."""
        return [self._pack(group, content, alone=len(groups) == 1) for group in groups]

    def _pack(self, group: Group, content: Content, *, alone: bool) -> PackedGroup:
        # a byte of a pack that belonged to no document, or to two, could not be withdrawn with its own
        # (docs/vault.md section 2, step 2); the received blob is one only where a document takes all of it
        held, size = content.blob, sum(part.length for part in group.parts)
        if alone and held is not None and size == held.plaintext_size:
            pack, offsets = held, {part.number: part.offset for part in group.parts}
        else:
            pack, offsets = self._repack(group, content)
        if group.record is None:
            # whose it is was not settled: nobody sees a series of it, and its discharge packs it anew
            return PackedGroup(group, pack, offsets, ())
        documents = list(_series_documents(group, pack.blob_id, offsets))
        made = self._made(group, content)
        blobs = self.write_small(
            *((BlobKind.SERIES_METADATA, document, "series") for document in documents),
            *((BlobKind.RENDITION, each.data, "rendition") for each in made.renditions),
        )
        series, pictures = blobs[: len(documents)], blobs[len(documents) :]
        renditions = with_blobs(made.renditions, pictures)
        return PackedGroup(group, pack, offsets, tuple(series), renditions, made.state)

    def _made(self, group: Group, content: Content) -> MadeOfSeries:
        """The renditions of all its series."""
        if group.kind != STUDY:
            return MadeOfSeries()
        series = {uid: pictured(parts, content) for uid, parts in group.series()}
        return made_of(self._maker, group.study_uid or "", series)

    def _repack(self, group: Group, content: Content) -> tuple[Blob, dict[int, int]]:
        offsets, position = {}, 0
        for part in group.parts:
            offsets[part.number] = position
            position += part.length
        pieces = (piece for part in group.parts for piece in content.stream(part.offset, part.length))
        return self.write(BlobKind.PACK, pieces, "repacked"), offsets

    def write(self, kind: BlobKind, pieces: Iterable[bytes], role: str) -> Blob:
        """One new blob under a key of its own, named by an upload row before its first byte."""
        ref = BlobRef(uuid4(), 1, kind)
        self._index.begin_upload(ref.blob_id, ref.version, self._now_ms())
        return self._written(ref, pieces, role)

    def write_small(self, *contents: tuple[BlobKind, bytes, str]) -> list[Blob]:
        """New blobs of what is in memory, each with its kind and role; one transaction names them all."""
        # rows before objects, here as in `write`: whatever a crash leaves in the store has a name, by which
        # the sweeper finds it (docs/vault.md section 2, steps 0 and 2)
        refs = [BlobRef(uuid4(), 1, kind) for kind, _, _ in contents]
        self._index.begin_uploads([(ref.blob_id, ref.version) for ref in refs], self._now_ms())
        return [
            self._written(ref, [content], role)
            for ref, (_, content, role) in zip(refs, contents, strict=True)
        ]

    def _written(self, ref: BlobRef, pieces: Iterable[bytes], role: str) -> Blob:
        # a key for each pack: who is granted one document opens no other
        dek = new_data_key()
        sealer = Sealer(ref, dek)
        with self._objects.writer(ref.blob_id, ref.version) as writer:
            for piece in pieces:
                self._heartbeat()
                writer.write(sealer.update(piece))
            writer.write(sealer.finish())
            stored = writer.commit()
        sealed = sealer.sealed
        received = ReceivedKey(self._sealing.submission_id, ref, self._sealing.depositor_token, dek)
        return Blob(
            blob_id=ref.blob_id,
            version=ref.version,
            kind=int(ref.kind),
            plaintext_size=sealed.plaintext_size,
            ciphertext_size=sealed.ciphertext_size,
            header=sealed.header,
            commitment=sealed.commitment,
            crc64=stored.crc64,
            sealed_key=seal_key(self._sealing.day_public, received),
            role=role,
        )


def _series_documents(group: Group, pack: UUID, offsets: Mapping[int, int]) -> Iterator[bytes]:
    """The metadata of each series."""
    for uid, parts in group.series():
        instances = [
            SeriesInstance(
                sop=part.dicom.sop,
                blob_id=pack,
                offset=offsets[part.number],
                length=part.length,
                sha256=part.sha256,
                transfer_syntax=part.dicom.transfer_syntax,
                frames=part.dicom.frames,
                dicom=part.dicom.dicom,
            )
            for part in parts
        ]
        yield write_series(parts[0].dicom.study, uid, instances)


def pictured(parts: Iterable[InspectedPart], content: Content | None = None) -> list[Pictured]:
    """The parts with pixels; without their content where it only matters which they are."""

    def read(part: InspectedPart) -> Callable[[int, int], bytes]:
        return lambda offset, length: content.read(part.offset + offset, length) if content else b""

    found = (
        Pictured.of(part.dicom.sop, part.sha256, part.length, part.dicom.frames, part.dicom.dicom, read(part))
        for part in parts
    )
    return [each for each in found if each is not None]
