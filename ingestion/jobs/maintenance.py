"""The beginning of every job on adopted content: its rows, the vault's lease, what the vault opens for it."""

from uuid import UUID

from ingestion.worker.queue.loop import Worker
from keyvault.crypto.boxes import new_box_key
from keyvault.verbs.rows import sealed_rows
from keyvault.verbs.worker.opening_jobs import ForMaintenance, JobInHand, open_for_maintenance
from records.errors import NotFound
from storage.rows import Details, Submission


class JobTry:
    """One try at one job: what the vault opens for it, and the lease it has there."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self.worker = worker
        self.job_id: UUID = submission.submission_id
        self.plan = submission.plan
        self.blobs = worker.index.blobs(self.job_id)
        self.in_hand: JobInHand = worker.vault.job(self.job_id)
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
