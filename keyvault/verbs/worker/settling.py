"""The end of a worker's work: nothing opens this submission or job any more."""

from uuid import UUID

from keyvault.context import Vault
from keyvault.verbs.worker.ingesting import SETTLED
from keyvault.verbs.worker.maintaining import settle_job


class SettlingVerbs:
    """Of the worker, and of the housekeeper for what a killed worker left."""

    _vault: Vault

    def settle(self, submission_id: UUID) -> None:
        """End INGEST, or a job; its kept answers are forgotten. Repeatable."""
        with self._vault.transaction() as transaction:
            transaction.rows.update(
                "ingest", {"state": SETTLED, "worker": None, "lease_until": 0}, submission_id=submission_id
            )
            settle_job(self._vault, transaction, submission_id)
            transaction.rows.delete("ingest_answer", submission_id=submission_id)
