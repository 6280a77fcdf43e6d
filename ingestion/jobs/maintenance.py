"""A try at a job on adopted content: its rows, the vault's lease, what the vault opens for it, its end.

New objects are named by upload rows and a plan before the vault adopts them; one index transaction publishes.
"""

from collections.abc import Sequence
from uuid import UUID

from content.sandbox.metering import InHand
from ingestion.envelope import NO_ENVELOPE
from ingestion.jobs.job_plan import JobPlan
from ingestion.worker.adoption import new_blob
from ingestion.worker.packing import Packer, Sealing
from ingestion.worker.queue.heartbeat import Heartbeat
from ingestion.worker.queue.loop import Worker
from ingestion.worker.renditions import Maker
from keyvault.crypto.boxes import new_box_key
from keyvault.verbs.call import Denied
from keyvault.verbs.rows import sealed_rows
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest, NewDocument
from keyvault.verbs.worker.jobs.opening_jobs import ForMaintenance, JobInHand, open_for_maintenance
from records.errors import Conflict, NotFound, Refused
from storage.rows.documents import Details
from storage.rows.publications import Publication
from storage.rows.submissions import Blob, Submission

_NO_DEPOSITOR = bytes(32)


class JobTry:
    """One try at one job: what the vault opens for it, and the lease it has there."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self.worker = worker
        self.job_id: UUID = submission.submission_id
        self._plan = submission.plan
        self.blobs = worker.index.blobs(self.job_id)
        self.in_hand: JobInHand = worker.vault.job(self.job_id)
        self.heartbeat = Heartbeat(worker, self.job_id, self.hold)
        self._private, self._public = new_box_key()
        self._rows: list[Details] = []

    def open(self) -> ForMaintenance:
        """Lease the job and have its document opened for this worker alone.

        Raises `NotFound` "no_such_document" where the index has no such document.
        """
        record_id, document_id = self.in_hand.record_id, self.in_hand.document_id
        found = self.worker.index.documents_by_id(record_id, [document_id])
        if not found:
            raise NotFound("The document of this job isn't in the index.", code="no_such_document")
        self._rows = [row for _, details in found for row in details]
        rows = sealed_rows(self._rows)
        worker = self.worker
        sealed = worker.vault.release_job(self.job_id, worker.name, self._public, rows, worker.lease_ms)
        return open_for_maintenance(self._private, sealed)

    @property
    def newest(self) -> int:
        """The version of the newest row that it was opened with."""
        return max(row.row_version for row in self._rows)

    def row(self, version: int | None) -> Details:
        """One of the rows that it was opened with."""
        return next(row for row in self._rows if row.row_version == version)

    def hold(self) -> None:
        """Prolong the vault's lease, while much is copied."""
        self.worker.vault.hold_job(self.job_id, self.worker.name, self.worker.lease_ms)

    def packer(self, opened: ForMaintenance) -> Packer:
        """Writes the new objects, sealed to this job."""
        worker, sealing = self.worker, Sealing(self.job_id, _NO_DEPOSITOR, opened.day_public)
        return Packer(worker.index, worker.objects, sealing, worker.now_ms, self.heartbeat.beat)

    def maker(self) -> Maker | None:
        """Who makes renditions of what this job opens; None: nobody."""
        renditions = self.worker.renditions
        return renditions.maker(InHand(self.heartbeat.beat)) if renditions else None

    def keep_plan(self, blobs: Sequence[Blob], plan: JobPlan) -> None:
        """Name the new objects: whoever tries again goes on with these."""
        self.worker.index.add_blobs(self.job_id, self.worker.name, blobs, plan.write())

    def earlier(
        self, *, kept: int | None = None, series: int | None = None
    ) -> tuple[JobPlan, dict[str, Blob]] | None:
        """The plan and objects of an earlier try, if it got that far, of as many instances or series.

        Raises `Conflict` "plan_changed".
        """
        if self._plan is None:
            return None
        found = JobPlan.read(self._plan)
        if (found.kept, found.series) != (kept, series):
            raise Conflict("This study changed since it was packed: begin again.", code="plan_changed")
        return found, {str(blob.blob_id): blob for blob in self.blobs}

    def adopt(self, documents: Sequence[NewDocument], blobs: Sequence[Blob]) -> Adopted:
        """Raises `Refused` with the vault's reason."""
        request = AdoptRequest(
            submission_id=self.job_id,
            worker=self.worker.name,
            sealed_envelope=NO_ENVELOPE,
            record=None,
            documents=tuple(documents),
            blobs=tuple(map(new_blob, blobs)),
        )
        adopted = self.worker.vault.adopt_job(request)
        if isinstance(adopted, Denied):
            raise Refused("The vault refuses this job.", code=adopted.reason.value)
        return adopted

    def publish(self, rows: Publication) -> None:
        self.worker.index.publish(self.job_id, self.worker.name, rows)
