"""Put the parts of each document into a blob of its own, and write the metadata of its series.

If one document takes every byte of the received blob, that blob is the pack and no byte is written again.
Otherwise what remains is streamed into new blobs, sealed with new keys. The plan, kept in the index with the
new blobs, lets a second worker go on with the objects of the first.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from content.series import SeriesInstance, write_series
from ingestion.grouping import Group, InspectedPart
from ingestion.outcomes import Judgement, PartOutcome
from ingestion.worker.opening import Content
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key
from keyvault.keys.reception import ReceivedKey, seal_key
from storage.index_ports import WorkerIndex
from storage.ports import ObjectStore
from storage.rows import Blob


@dataclass(frozen=True, slots=True)
class PackedGroup:
    """A group with its blobs: where each part lies in the pack, and one metadata blob per series."""

    group: Group
    pack: Blob
    offsets: dict[int, int]
    series: tuple[Blob, ...]

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return (self.pack, *self.series)

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
    ) -> None:
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
        keep_series = group.record is not None
        series = tuple(self._series(group, pack.blob_id, offsets)) if keep_series else ()
        return PackedGroup(group, pack, offsets, series)

    def _repack(self, group: Group, content: Content) -> tuple[Blob, dict[int, int]]:
        offsets, position = {}, 0
        for part in group.parts:
            offsets[part.number] = position
            position += part.length
        pieces = (piece for part in group.parts for piece in content.stream(part.offset, part.length))
        return self.write(BlobKind.PACK, pieces, "repacked"), offsets

    def _series(self, group: Group, pack: UUID, offsets: dict[int, int]) -> Iterator[Blob]:
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
            document = write_series(parts[0].dicom.study, uid, instances)
            yield self.write(BlobKind.SERIES_METADATA, [document], "series")

    def write(self, kind: BlobKind, pieces: Iterable[bytes], role: str) -> Blob:
        """One new blob under a key of its own, named by an upload row before its first byte."""
        # a key for each pack: who is granted one document opens no other
        ref, dek = BlobRef(uuid4(), 1, kind), new_data_key()
        sealer = Sealer(ref, dek)
        self._index.begin_upload(ref.blob_id, ref.version, self._now_ms())
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
            kind=int(kind),
            plaintext_size=sealed.plaintext_size,
            ciphertext_size=sealed.ciphertext_size,
            header=sealed.header,
            commitment=sealed.commitment,
            crc64=stored.crc64,
            sealed_key=seal_key(self._sealing.day_public, received),
            role=role,
        )


def write_plan(packed: Sequence[PackedGroup], parts: Sequence[InspectedPart]) -> bytes:
    """The plan of a submission: part numbers, offsets, blob ids and verdicts, nothing of the content."""
    groups = [
        {
            "pack": str(each.pack.blob_id),
            "offsets": sorted(each.offsets.items()),
            "series": [str(blob.blob_id) for blob in each.series],
        }
        for each in packed
    ]
    verdicts = [
        [part.number, part.judgement.outcome.value, part.judgement.code, part.judgement.reason]
        for part in parts
    ]
    return json.dumps({"groups": groups, "verdicts": verdicts}).encode()


def planned_judgements(plan: bytes) -> dict[int, Judgement]:
    """What the try that wrote the plan judged of each part."""
    return {
        number: Judgement(PartOutcome(outcome), code, reason)
        for number, outcome, code, reason in json.loads(plan)["verdicts"]
    }


def follow_plan(plan: bytes, groups: Sequence[Group], blobs: Sequence[Blob]) -> list[PackedGroup] | None:
    """The packed groups of an earlier try; None where validation groups the parts otherwise by now."""
    known = {str(blob.blob_id): blob for blob in blobs}
    by_parts = {
        frozenset(number for number, _ in entry["offsets"]): entry for entry in json.loads(plan)["groups"]
    }
    packed = []
    for group in groups:
        entry = by_parts.get(frozenset(part.number for part in group.parts))
        if entry is None:
            return None
        series = tuple(known[blob] for blob in entry["series"])
        packed.append(PackedGroup(group, known[entry["pack"]], dict(entry["offsets"]), series))
    return packed
