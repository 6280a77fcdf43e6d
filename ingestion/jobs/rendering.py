"""Make the renditions of a study that is there: its content stays where it lies, its newest row gets another.

A deposit that joins the study meanwhile brings renditions of its own; the vault then takes none of these.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from content.sandbox.metering import InHand
from ingestion.envelope import NO_ENVELOPE
from ingestion.jobs.compaction import NO_DEPOSITOR
from ingestion.jobs.maintenance import JobTry
from ingestion.jobs.merging import kept_instances, live_series
from ingestion.jobs.picturing import contents_of, pictured, series_documents
from ingestion.worker.adoption import new_blob
from ingestion.worker.packed_renditions import PackedRendition, described, followed, planned, with_blobs
from ingestion.worker.packing import Packer, Sealing
from ingestion.worker.queue.heartbeat import Heartbeat
from ingestion.worker.queue.loop import Worker
from ingestion.worker.renditions import Maker, Pictured, made_of
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.verbs.attempt import Denied
from keyvault.verbs.worker.adopt_request import Adopted, AdoptRequest, NewDocument
from keyvault.verbs.worker.opening_jobs import ForMaintenance
from records.details import RenditionDetails, damaged
from records.errors import Conflict, Refused
from records.instances import newest
from records.renditions import live_renditions
from records.vocabulary.codes import SubmissionState
from storage.rows import Publication, Rendered, Submission

FIRST = 1
"""The version of every blob that a worker writes."""


class Rendering:
    """One try at making the renditions of one study."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self._worker = worker
        self._job = JobTry(worker, submission)
        self._id = submission.submission_id
        self._heartbeat = Heartbeat(worker, self._id, self._job.hold)

    def run(self) -> None:
        opened = self._job.open()
        contents = contents_of(opened, self._worker.objects)
        kept = kept_instances(opened.details, frozenset())
        images = pictured(series_documents(opened, contents), kept, contents)
        renditions, state = self._packed(opened, live_series(kept), images)
        named = _named(opened, described(renditions, images))
        request = AdoptRequest(
            submission_id=self._id,
            worker=self._worker.name,
            sealed_envelope=NO_ENVELOPE,
            record=None,
            documents=(_document(opened, renditions, named),) if renditions else (),
            blobs=tuple(new_blob(each.blob) for each in renditions),
        )
        adopted = self._worker.vault.adopt_job(request)
        if isinstance(adopted, Denied):
            raise Refused("The vault refuses this job.", code=adopted.reason.value)
        rows = self._publication(opened, renditions, named, state, adopted)
        self._worker.index.publish(self._id, self._worker.name, rows)

    def _packed(
        self, opened: ForMaintenance, series: Sequence[str], images: dict[str, list[Pictured]]
    ) -> tuple[tuple[PackedRendition, ...], int]:
        """What could be made, or what an earlier try made, and how far."""
        if self._job.plan is not None:
            return self._planned(self._job.plan, series)
        worker, sealing = self._worker, Sealing(self._id, NO_DEPOSITOR, opened.day_public)
        packer = Packer(worker.index, worker.objects, sealing, worker.now_ms, self._heartbeat.beat)
        made = made_of(self._maker(), opened.study_uid or "", images)
        contents = ((BlobKind.RENDITION, each.data, "rendition") for each in made.renditions)
        found = with_blobs(made.renditions, packer.write_small(*contents))
        plan = {"series": len(series), "renditions": planned(found, series), "rendered": made.state}
        blobs = [each.blob for each in found]
        worker.index.add_blobs(self._id, worker.name, blobs, json.dumps(plan).encode())
        return found, made.state

    def _planned(self, plan: bytes, series: Sequence[str]) -> tuple[tuple[PackedRendition, ...], int]:
        found, known = json.loads(plan), {str(blob.blob_id): blob for blob in self._job.blobs}
        if found["series"] != len(series):
            raise Conflict("This study changed since it was packed: begin again.", code="plan_changed")
        return followed(found["renditions"], series, known), found["rendered"]

    def _maker(self) -> Maker | None:
        renditions = self._worker.renditions
        return renditions.maker(InHand(self._heartbeat.beat)) if renditions else None

    def _publication(
        self,
        opened: ForMaintenance,
        renditions: Sequence[PackedRendition],
        named: Sequence[RenditionDetails],
        state: int,
        adopted: Adopted,
    ) -> Publication:
        now = self._worker.now_ms()
        rows = Publication(state=SubmissionState.PUBLISHED.value, finished_at=now, parts=())
        job = self._job
        rendered = Rendered(document_id=job.in_hand.document_id, row_version=job.newest, state=state)
        if not adopted.documents:
            # where something was made, a deposit joined the study meanwhile: it is still to be done
            return rows if renditions else replace(rows, rendered=rendered)
        (document,) = adopted.documents
        old = job.row(opened.row)
        new = replace(old, row_version=document.row_version, sealed=document.sealed, rendered=state)
        unnamed = _unnamed(opened, {each.blob_id for each in named})
        return replace(
            rows,
            details=(new,),
            adopted=frozenset((each.blob.blob_id, each.blob.version) for each in renditions),
            rendered=replace(rendered, replaced=old.row_version, blobs=unnamed),
        )


def _named(opened: ForMaintenance, made: Sequence[RenditionDetails]) -> tuple[RenditionDetails, ...]:
    """What was made, and of what couldn't be made anew what lives."""
    anew = {(each.series, each.form) for each in made}
    living = (each for some in live_renditions(opened.details).values() for each in some)
    return (*made, *(each for each in living if (each.series, each.form) not in anew))


def _document(
    opened: ForMaintenance, renditions: Sequence[PackedRendition], named: tuple[RenditionDetails, ...]
) -> NewDocument:
    row = newest(opened.details)
    if row.study is None:
        raise damaged()
    return NewDocument(
        kind=row.kind,
        type_code=row.type_code,
        study_uid=opened.study_uid,
        details=replace(row, study=replace(row.study, renditions=named)),
        blobs=tuple((each.blob.blob_id, each.blob.version) for each in renditions),
    )


def _unnamed(opened: ForMaintenance, named: set[UUID]) -> frozenset[tuple[UUID, int]]:
    """The renditions that no row names any more: the vault has retired them, perhaps before this try."""
    before = {each.blob_id for row in opened.details for each in row.renditions}
    return frozenset((blob_id, FIRST) for blob_id in before - named)
