"""Lines of the log about what a worker does in a job."""

from typing import Any

from keyvault.context import Vault
from keyvault.opened_records import OpenedRecord
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from records.vocabulary.codes import Action, JobKind, ReasonCode

_ACTIONS = {
    JobKind.COMPACT: Action.COMPACT,
    JobKind.WITHDRAW: Action.WITHDRAW,
    JobKind.DISCHARGE: Action.DISCHARGE,
    JobKind.DESTROY: Action.DESTROY,
    JobKind.RENDER: Action.RENDER,
}


def log_step(
    transaction: Transaction,
    vault: Vault,
    record: OpenedRecord,
    job: jobs.Job,
    details: dict[str, Any],
    refused: ReasonCode | None = None,
) -> None:
    """A step of a job, on the chain of the record that it touches."""
    told = jobs.maintained(
        vault,
        _ACTIONS[job.kind],
        record=record.row["public_id"] if record.exists else None,
        object_id=job.document_id,
        details=details,
        refused=refused,
    )
    transaction.append(vault.chain_of(record), told)


def log_settled(transaction: Transaction, vault: Vault, job: jobs.Job, blobs: int) -> None:
    """On chain 0: the record's own log has what led to it."""
    told = jobs.maintained(vault, Action.ERASE, object_id=job.document_id, details={"retired": blobs})
    transaction.append(vault.system_chain, told)
