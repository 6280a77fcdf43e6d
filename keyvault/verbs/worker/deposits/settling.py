"""The end of a worker's work: nothing opens this submission or job any more."""

from collections.abc import Sequence
from uuid import UUID

from keyvault.context import Vault
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.content_end import erase_quarantined, retire
from keyvault.verbs.leases import SETTLED
from keyvault.verbs.worker.jobs.job_log import log_settled
from keyvault.verbs.worker.jobs.rendering import settle_rendered
from records.vocabulary.codes import DocumentState, JobKind, JobState


class SettlingVerbs:
    """Verbs of the worker, and of the housekeeper for submissions that a killed worker left."""

    _vault: Vault

    def settle(self, submission_id: UUID) -> None:
        """End INGEST, or a job; its kept answers are forgotten. Repeatable."""
        self.settle_many([submission_id])

    def settle_many(self, submission_ids: Sequence[UUID]) -> None:
        """The same for several, in one transaction."""
        ids = sorted(submission_ids)
        with self._vault.transaction() as transaction:
            rows, ended = transaction.rows, {"state": SETTLED, "worker": None, "lease_until": 0}
            rows.update("ingest", ended, submission_id__in=ids)
            for found in rows.find("job", job_id__in=ids):
                _settle_job(self._vault, transaction, jobs.present(self._vault, rows, found["job_id"]))
            rows.delete("ingest_answer", submission_id__in=ids)


def _settle_job(vault: Vault, transaction: Transaction, job: jobs.Job) -> None:
    """End a job: what it replaced is retired, what it discharged is erased from quarantine. Repeatable.

    A job of which nothing was adopted is refused.
    """
    if job.state not in jobs.IN_HAND:
        return
    if job.state is JobState.QUEUED:
        jobs.move(transaction, job, JobState.REFUSED)
        return
    jobs.move(transaction, job, JobState.DONE)
    document = transaction.rows.get("document", document_id=job.document_id)
    if document is None or job.kind is JobKind.DESTROY:
        return
    if job.kind is JobKind.RENDER:
        settle_rendered(transaction, job)
    elif job.kind is JobKind.DISCHARGE:
        erase_quarantined(transaction, document)
        log_settled(transaction, vault, job, 1)
    elif document["state"] != DocumentState.DELETED:
        rows = transaction.rows.find(
            "document_row", document_id=job.document_id, row_version__le=job.request.version
        )
        log_settled(transaction, vault, job, retire(transaction, document, rows))
