"""The end of a worker's work: nothing opens this submission or job any more."""

from uuid import UUID

from keyvault.context import Vault
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.content_end import erase_quarantined, retire
from keyvault.verbs.leases import SETTLED
from keyvault.verbs.worker.job_log import log_settled
from records.vocabulary.codes import DocumentState, JobKind, JobState


class SettlingVerbs:
    """Verbs of the worker, and of the housekeeper for submissions that a killed worker left."""

    _vault: Vault

    def settle(self, submission_id: UUID) -> None:
        """End INGEST, or a job; its kept answers are forgotten. Repeatable."""
        with self._vault.transaction() as transaction:
            transaction.rows.update(
                "ingest", {"state": SETTLED, "worker": None, "lease_until": 0}, submission_id=submission_id
            )
            _settle_job(self._vault, transaction, submission_id)
            transaction.rows.delete("ingest_answer", submission_id=submission_id)


def _settle_job(vault: Vault, transaction: Transaction, job_id: UUID) -> None:
    """End a job: what it replaced is retired, what it discharged is erased from quarantine. Repeatable.

    A job of which nothing was adopted is refused.
    """
    job = jobs.find(vault, transaction.rows, job_id)
    if job is None or job.state not in jobs.IN_HAND:
        return
    if job.state is JobState.QUEUED:
        jobs.move(transaction, job, JobState.REFUSED)
        return
    jobs.move(transaction, job, JobState.DONE)
    document = transaction.rows.get("document", document_id=job.document_id)
    if document is None or job.kind is JobKind.DESTROY:
        return
    if job.kind is JobKind.DISCHARGE:
        erase_quarantined(transaction, document)
        log_settled(transaction, vault, job, 1)
    elif document["state"] != DocumentState.DELETED:
        rows = transaction.rows.find(
            "document_row", document_id=job.document_id, row_version__le=job.request.version
        )
        log_settled(transaction, vault, job, retire(transaction, document, rows))
