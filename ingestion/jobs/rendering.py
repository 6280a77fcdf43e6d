"""Make the renditions of a study that is there: its content stays where it lies, its newest row gets another.

A deposit that joins the study meanwhile brings renditions of its own; the vault then takes none of these.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ingestion.jobs.job_plan import JobPlan
from ingestion.jobs.maintenance import JobTry
from ingestion.jobs.merging import kept_instances, live_series
from ingestion.jobs.picturing import contents_of, pictured, series_documents
from ingestion.worker.packed_renditions import PackedRendition, described, followed, planned, with_blobs
from ingestion.worker.queue.loop import Worker
from ingestion.worker.renditions import Pictured, made_of
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.verbs.worker.adoption.adopt_request import Adopted, NewDocument
from keyvault.verbs.worker.jobs.opening_jobs import ForMaintenance
from records.documents.details import RenditionDetails, damaged
from records.documents.instances import newest
from records.documents.renditions import live_renditions
from records.vocabulary.codes import SubmissionState
from storage.rows.publications import Publication, Rendered
from storage.rows.submissions import Submission

FIRST = 1
"""The version of every blob that a worker writes."""


class Rendering:
    """One try at making the renditions of one study."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self._worker = worker
        self._job = JobTry(worker, submission)

    def run(self) -> None:
        opened = self._job.open()
        contents = contents_of(opened, self._worker.objects)
        kept = kept_instances(opened.details, frozenset())
        images = pictured(series_documents(opened, contents), kept, contents)
        renditions, state = self._packed(opened, live_series(kept), images)
        named = _named(opened, described(renditions, images))
        documents = (_document(opened, renditions, named),) if renditions else ()
        adopted = self._job.adopt(documents, [each.blob for each in renditions])
        self._job.publish(self._publication(opened, renditions, named, state, adopted))

    def _packed(
        self, opened: ForMaintenance, series: Sequence[str], images: dict[str, list[Pictured]]
    ) -> tuple[tuple[PackedRendition, ...], int]:
        """What could be made, or what an earlier try made, and how far."""
        earlier = self._job.earlier(series=len(series))
        if earlier is not None:
            plan, blobs = earlier
            return followed(plan.renditions, series, blobs), plan.rendered
        made = made_of(self._job.maker(), opened.study_uid or "", images)
        contents = ((BlobKind.RENDITION, each.data, "rendition") for each in made.renditions)
        found = with_blobs(made.renditions, self._job.packer(opened).write_small(*contents))
        plan = JobPlan(series=len(series), renditions=planned(found, series), rendered=made.state)
        self._job.keep_plan([each.blob for each in found], plan)
        return found, made.state

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
