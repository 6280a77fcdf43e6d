"""Compact a study that was deposited in many requests, or withdraw instances of it: one pack, one row.

Every instance's SHA-256 is compared while it is copied. The new objects are named by upload rows and a plan
before the vault adopts them; one index transaction puts the new row in the place of the old ones.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from content.series_metadata import SeriesInstance, write_series
from ingestion.jobs.job_plan import JobPlan
from ingestion.jobs.maintenance import JobTry
from ingestion.jobs.merging import Kept, kept_instances, live_series, merged_details, moved_metadata
from ingestion.jobs.picturing import Contents, Documents, contents_of, pictured, series_documents
from ingestion.worker.opening import OpenedContent
from ingestion.worker.packed_renditions import PackedRendition, described, followed, planned, with_blobs
from ingestion.worker.queue.loop import Worker
from ingestion.worker.renditions import Maker, Pictured, made_of
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.crypto.search_tokens import TokenField
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptedDocument, NewDocument
from keyvault.verbs.worker.jobs.opening_jobs import ForMaintenance
from records.errors import CoffreError
from records.vocabulary.codes import DocumentState, SubmissionState
from storage.rows.documents import Details, Instance
from storage.rows.publications import Publication, Removal
from storage.rows.submissions import Blob, Submission


@dataclass(frozen=True, slots=True)
class _Packed:
    """The new pack, one metadata blob per series, and the renditions that could be made."""

    pack: Blob
    metadata: Sequence[Blob]
    renditions: tuple[PackedRendition, ...]
    rendered: int

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return (self.pack, *self.metadata, *(each.blob for each in self.renditions))


class Repacking:
    """One try at one compaction or withdrawal."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self._worker = worker
        self._job = JobTry(worker, submission)

    def run(self) -> None:
        opened = self._job.open()
        kept = kept_instances(opened.details, opened.instances)
        packed, documents = None, tuple[NewDocument, ...]()
        if kept:
            contents = contents_of(opened, self._worker.objects)
            metadata = series_documents(opened, contents)
            images = pictured(metadata, kept, contents)
            packed = self._packed(opened, kept, contents, metadata, images)
            documents = (self._document(opened, kept, packed, images),)
        adopted = self._job.adopt(documents, packed.blobs if packed else ())
        self._job.publish(self._publication(opened, kept, packed, adopted))

    def _packed(
        self,
        opened: ForMaintenance,
        kept: Sequence[Kept],
        contents: Contents,
        documents: Documents,
        images: Mapping[str, Sequence[Pictured]],
    ) -> _Packed:
        """What is written anew; what an earlier try wrote, if it got that far."""
        series = live_series(kept)
        earlier = self._job.earlier(kept=len(kept))
        if earlier is not None:
            return _planned(*earlier, series)
        packer = self._job.packer(opened)
        pack = packer.write(BlobKind.PACK, _copied(contents, kept), "repacked")
        metadata = list(_moved(opened, documents, kept, series, pack.blob_id))
        made = made_of(self._maker(opened), opened.study_uid or "", images)
        small = packer.write_small(
            *((BlobKind.SERIES_METADATA, document, "series") for document in metadata),
            *((BlobKind.RENDITION, each.data, "rendition") for each in made.renditions),
        )
        renditions = with_blobs(made.renditions, small[len(series) :])
        found = _Packed(pack, small[: len(series)], renditions, made.state)
        self._job.keep_plan(found.blobs, _plan(found, len(kept), series))
        return found

    def _maker(self, opened: ForMaintenance) -> Maker | None:
        """None where small pictures are not wanted here, and the study has none that would be lost."""
        wanted = self._worker.renders or any(row.renditions for row in opened.details)
        return self._job.maker() if wanted else None

    def _document(
        self,
        opened: ForMaintenance,
        kept: Sequence[Kept],
        packed: _Packed,
        images: Mapping[str, Sequence[Pictured]],
    ) -> NewDocument:
        metadata = (blob.blob_id for blob in packed.metadata)
        details = merged_details(
            opened.details,
            kept,
            pack=packed.pack.blob_id,
            series_blobs=dict(zip(live_series(kept), metadata, strict=True)),
            renditions=described(packed.renditions, images),
            job_id=self._job.job_id,
        )
        return NewDocument(
            kind=details.kind,
            type_code=details.type_code,
            study_uid=opened.study_uid,
            details=details,
            blobs=tuple((blob.blob_id, blob.version) for blob in packed.blobs),
        )

    def _publication(
        self, opened: ForMaintenance, kept: Sequence[Kept], packed: _Packed | None, adopted: Adopted
    ) -> Publication:
        now, document_id = self._worker.now_ms(), self._job.in_hand.document_id
        whole = Publication(state=SubmissionState.PUBLISHED.value, finished_at=now, parts=())
        if packed is None:
            deleted = DocumentState.DELETED.value
            removal = Removal(document_id=document_id, state=deleted, freed=opened.freed)
            return replace(whole, removal=removal)
        (document,) = adopted.documents
        replaced = frozenset((blob_id, sealed.ref.version) for blob_id, (sealed, _) in opened.blobs.items())
        return replace(
            whole,
            details=(_details(self._job.job_id, document, now, packed.rendered),),
            instances=tuple(self._instances(document_id, kept, packed.pack)),
            adopted=frozenset((blob.blob_id, blob.version) for blob in packed.blobs),
            removal=Removal(
                document_id=document_id, submissions=opened.submissions, blobs=replaced, freed=opened.freed
            ),
        )

    def _instances(self, document_id: UUID, kept: Sequence[Kept], pack: Blob) -> Iterator[Instance]:
        live = [each for each in kept if each.live]
        asked = [
            pair
            for each in live
            for pair in ((TokenField.SOP, each.instance.sop), (TokenField.SERIES, each.series))
        ]
        tokens = iter(self._worker.vault.tokens(asked))
        for number, each in enumerate(live, 1):
            yield Instance(
                document_id=document_id,
                submission_id=self._job.job_id,
                part=number,
                sop_token=next(tokens),
                series_token=next(tokens),
                blob_id=pack.blob_id,
                version=pack.version,
                offset=each.offset,
                length=each.instance.place.length,
            )


def _copied(contents: Mapping[UUID, OpenedContent], kept: Sequence[Kept]) -> Iterator[bytes]:
    """The instances one after another; raises where one is not what was deposited."""
    for each in kept:
        blob_id, offset, length = each.extent
        digest = hashlib.sha256()
        for piece in contents[blob_id].stream(offset, length):
            digest.update(piece)
            yield piece
        if digest.digest() != each.instance.place.sha256:
            raise CoffreError(
                "An instance of this study is not what was deposited: run coffre check --scrub.",
                code="instance_altered",
            )


def _moved(
    opened: ForMaintenance, documents: Documents, kept: Sequence[Kept], series: Sequence[str], pack: UUID
) -> Iterator[bytes]:
    """The metadata of each series, of instances that lie in the new pack."""
    for uid in series:
        instances = moved_metadata(documents.get(uid, ()), kept, uid, pack)
        _check_described(kept, uid, instances)
        yield write_series(opened.study_uid or "", uid, instances)


def _check_described(kept: Sequence[Kept], series: str, instances: Sequence[SeriesInstance]) -> None:
    live = {each.instance.sop for each in kept if each.live and each.series == series}
    if {instance.sop for instance in instances} != live:
        raise CoffreError(
            "The metadata of a series does not describe its instances: run coffre check.",
            code="series_incomplete",
        )


def _plan(packed: _Packed, kept: int, series: Sequence[str]) -> JobPlan:
    return JobPlan(
        kept=kept,
        blobs=tuple(str(blob.blob_id) for blob in (packed.pack, *packed.metadata)),
        renditions=planned(packed.renditions, series),
        rendered=packed.rendered,
    )


def _planned(plan: JobPlan, blobs: Mapping[str, Blob], series: Sequence[str]) -> _Packed:
    """The objects of an earlier try."""
    pack, *metadata = (blobs[blob_id] for blob_id in plan.blobs)
    return _Packed(pack, metadata, followed(plan.renditions, series, blobs), plan.rendered)


def _details(job_id: UUID, document: AdoptedDocument, now: int, rendered: int) -> Details:
    return Details(
        document_id=document.document_id,
        row_version=document.row_version,
        submission_id=job_id,
        sealed=document.sealed,
        created_at=now,
        rendered=rendered,
    )
