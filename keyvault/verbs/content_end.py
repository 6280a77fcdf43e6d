"""End content: a job's replaced blobs are retired, quarantined ones are erased at once.

A retired blob can no longer be granted. Its key stays for whoever holds an older grant, until the longest one
has expired (`keyvault/verbs/housekeeper/retiring.py`).
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from keyvault.crypto.envelope import KeyUse
from keyvault.keys.blob_keys import ADOPTED, RETIRED
from keyvault.store import Row
from keyvault.transaction import Transaction
from records.vocabulary.codes import RecordState

Key = tuple[UUID, int]
"""A blob and its version."""


def retire(transaction: Transaction, document: Row, rows: Sequence[Row]) -> int:
    """Retire what these details rows of a document stood on; answers how many blobs.

    The rows are forgotten, and their keys with the last row that used them.
    """
    tx, submissions = transaction.rows, {row["submission_id"] for row in rows}
    document_id, record_id = document["document_id"], document["record_id"]
    ids = sorted({link["blob_id"] for link in tx.find("blob_document", document_id=document_id)})
    found = tx.find("blob", blob_id__in=ids, state=ADOPTED)
    blobs = [row["blob_id"] for row in found if row["submission_id"] in submissions]
    values = {"state": RETIRED, "retired_at": transaction.now_ms}
    tx.update("blob", values, record_id=record_id, blob_id__in=blobs, state=ADOPTED)
    newest = max(row["row_version"] for row in rows)
    tx.delete("document_row", document_id=document_id, row_version__le=newest)
    # it may have been made of these rows beside the newest: they are gone, and no version tells
    tx.delete("document_summary", record_id=record_id, document_id=document_id)
    _forget_details_keys(transaction, record_id, submissions)
    return len(blobs)


def _forget_details_keys(transaction: Transaction, record_id: UUID, submissions: Iterable[UUID]) -> None:
    """A submission's details key goes with its last row in this record."""
    left = transaction.rows.find("document_row", submission_id__in=sorted(submissions))
    ids = sorted({row["document_id"] for row in left})
    here = {
        row["document_id"]
        for row in transaction.rows.find("document", document_id__in=ids)
        if row["record_id"] == record_id
    }
    used = {row["submission_id"] for row in left if row["document_id"] in here}
    transaction.rows.delete(
        "wrapped_key",
        record_id=record_id,
        use=int(KeyUse.DETAILS),
        object_id__in=sorted(set(submissions) - used),
    )


def erase_quarantined(transaction: Transaction, document: Row) -> None:
    """Erase the keys of a quarantined document; with the last one, every key of its record."""
    tx, document_id, record_id = transaction.rows, document["document_id"], document["record_id"]
    for link in tx.find("blob_document", document_id=document_id):
        erase_blob(transaction, record_id, key_of(link))
    tx.delete("document_row", document_id=document_id)
    tx.delete("document_summary", record_id=record_id, document_id=document_id)
    tx.delete("document", record_id=record_id, document_id=document_id)
    if not tx.find("document", record_id=record_id, limit=1):
        tx.delete("wrapped_key", record_id=record_id)
        tx.delete("record_key", record_id=record_id)
        tx.update("record", {"state": RecordState.DESTROYED.value}, record_id=record_id)


def erase_blob(transaction: Transaction, record_id: UUID, key: Key) -> None:
    blob_id, version = key
    transaction.rows.delete("blob", record_id=record_id, blob_id=blob_id, version=version)
    transaction.rows.delete("blob_document", blob_id=blob_id, version=version)


def key_of(row: Row) -> Key:
    return (row["blob_id"], row["version"])
