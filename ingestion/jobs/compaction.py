"""Compact a study that was deposited in many requests, or withdraw instances of it: one pack, one row.

Every instance's SHA-256 is compared while it is copied. The new objects are named by upload rows and a plan
before the vault adopts them; one index transaction puts the new row in the place of the old ones.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from content.series import SeriesDocument, SeriesInstance, read_series, write_series
from ingestion.envelope import NO_ENVELOPE
from ingestion.jobs.maintenance import JobTry
from ingestion.jobs.merging import Kept, kept_instances, live_series, merged_details, moved_metadata
from ingestion.worker.adoption import new_blob
from ingestion.worker.opening import CHUNK, OpenedContent
from ingestion.worker.packing import Packer, Sealing
from ingestion.worker.queue_loop import Heartbeat, Worker
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.crypto.search_tokens import TokenField
from keyvault.verbs.attempt import Denied
from keyvault.verbs.worker.adopt_request import Adopted, AdoptedDocument, AdoptRequest, NewDocument
from keyvault.verbs.worker.opening_jobs import ForMaintenance
from records.errors import CoffreError, Conflict, Refused
from records.vocabulary.codes import DocumentState, SubmissionState
from storage.rows import Blob, Details, Instance, Publication, Removal, Submission

NO_DEPOSITOR = bytes(32)
COPIED = 8 * CHUNK
"""Plaintext bytes of a pack that are in memory at once: a store far away is asked for few ranges."""


class Repacking:
    """One try at one compaction or withdrawal."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self._worker = worker
        self._job = JobTry(worker, submission)
        self._id = submission.submission_id
        self._heartbeat = Heartbeat(worker, self._id, self._job.hold)

    def run(self) -> None:
        opened = self._job.open()
        kept = kept_instances(opened.details, opened.instances)
        blobs = self._blobs(opened, kept) if kept else []
        request = self._request(opened, kept, blobs)
        adopted = self._worker.vault.adopt_job(request)
        if isinstance(adopted, Denied):
            raise Refused("The vault refuses this job.", code=adopted.reason.value)
        rows = self._publication(opened, kept, blobs, adopted)
        self._worker.index.publish(self._id, self._worker.name, rows)

    def _blobs(self, opened: ForMaintenance, kept: Sequence[Kept]) -> list[Blob]:
        """The new pack and one metadata blob per series; those of an earlier try, if it got that far."""
        series = live_series(kept)
        if self._job.plan is not None:
            return _planned(self._job.plan, self._job.blobs, len(kept), len(series))
        worker, sealing = self._worker, Sealing(self._id, NO_DEPOSITOR, opened.day_public)
        packer = Packer(worker.index, worker.objects, sealing, worker.now_ms, self._heartbeat.beat)
        contents = self._contents(opened)
        pack = packer.write(BlobKind.PACK, _copied(contents, kept), "repacked")
        documents = _metadata(opened, contents)
        made = [pack]
        for uid in series:
            instances = moved_metadata(documents.get(uid, ()), kept, uid, pack.blob_id)
            _check_described(kept, uid, instances)
            document = write_series(opened.study_uid or "", uid, instances)
            made.append(packer.write(BlobKind.SERIES_METADATA, [document], "series"))
        plan = {"kept": len(kept), "blobs": [str(blob.blob_id) for blob in made]}
        worker.index.add_blobs(self._id, worker.name, made, json.dumps(plan).encode())
        return made

    def _contents(self, opened: ForMaintenance) -> dict[UUID, OpenedContent]:
        return {
            blob_id: OpenedContent(self._worker.objects, sealed, dek, piece=COPIED)
            for blob_id, (sealed, dek) in opened.blobs.items()
        }

    def _request(self, opened: ForMaintenance, kept: Sequence[Kept], blobs: Sequence[Blob]) -> AdoptRequest:
        documents: tuple[NewDocument, ...] = ()
        if kept:
            pack, *metadata = blobs
            places = dict(zip(live_series(kept), (blob.blob_id for blob in metadata), strict=True))
            details = merged_details(
                opened.details, kept, pack=pack.blob_id, series_blobs=places, job_id=self._id
            )
            document = NewDocument(
                kind=details.kind,
                type_code=details.type_code,
                study_uid=opened.study_uid,
                details=details,
                blobs=tuple((blob.blob_id, blob.version) for blob in blobs),
            )
            documents = (document,)
        return AdoptRequest(
            submission_id=self._id,
            worker=self._worker.name,
            sealed_envelope=NO_ENVELOPE,
            record=None,
            documents=documents,
            blobs=tuple(new_blob(blob) for blob in blobs),
        )

    def _publication(
        self, opened: ForMaintenance, kept: Sequence[Kept], blobs: Sequence[Blob], adopted: Adopted
    ) -> Publication:
        now, document_id = self._worker.now_ms(), self._job.in_hand.document_id
        whole = Publication(state=SubmissionState.PUBLISHED.value, finished_at=now, parts=())
        if not kept:
            deleted = DocumentState.DELETED.value
            removal = Removal(document_id=document_id, state=deleted, freed=opened.freed)
            return replace(whole, removal=removal)
        (document,) = adopted.documents
        replaced = frozenset((blob_id, sealed.ref.version) for blob_id, (sealed, _) in opened.blobs.items())
        return replace(
            whole,
            details=(_details(self._id, document, now),),
            instances=tuple(self._instances(document_id, kept, blobs[0])),
            adopted=frozenset((blob.blob_id, blob.version) for blob in blobs),
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
                submission_id=self._id,
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


def _metadata(
    opened: ForMaintenance, contents: Mapping[UUID, OpenedContent]
) -> dict[str, list[SeriesDocument]]:
    """The series documents of every row, by series, oldest first."""
    found: dict[str, list[SeriesDocument]] = {}
    for row in opened.details:
        for series in row.series:
            blob_id = series.metadata_blob
            size = opened.blobs[blob_id][0].plaintext_size
            document = read_series(contents[blob_id].read(0, size))
            found.setdefault(series.uid, []).append(document)
    return found


def _check_described(kept: Sequence[Kept], series: str, instances: Sequence[SeriesInstance]) -> None:
    live = {each.instance.sop for each in kept if each.live and each.series == series}
    if {instance.sop for instance in instances} != live:
        raise CoffreError(
            "The metadata of a series does not describe its instances: run coffre check.",
            code="series_incomplete",
        )


def _planned(plan: bytes, blobs: Sequence[Blob], kept: int, series: int) -> list[Blob]:
    """The objects of an earlier try. Raises `Conflict` "plan_changed" where a deposit came between."""
    found, known = json.loads(plan), {str(blob.blob_id): blob for blob in blobs}
    if found["kept"] != kept or len(found["blobs"]) != series + 1:
        raise Conflict("This study changed since it was packed: begin again.", code="plan_changed")
    return [known[blob_id] for blob_id in found["blobs"]]


def _details(job_id: UUID, document: AdoptedDocument, now: int) -> Details:
    return Details(
        document_id=document.document_id,
        row_version=document.row_version,
        submission_id=job_id,
        sealed=document.sealed,
        created_at=now,
    )
