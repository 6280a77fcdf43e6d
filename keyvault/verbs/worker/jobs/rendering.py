"""Adopt the renditions that a job made of a study: its newest row gets another in its place.

The new row has the submission, the key and the words of the old one. So every rule that goes by submissions,
such as who is granted which blob and what a later withdrawal ends, holds for it as it did.
"""

from dataclasses import replace
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.keys.blob_keys import ADOPTED, RETIRED
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptRequest
from keyvault.verbs.worker.adoption.adoption import Adoption
from keyvault.verbs.worker.jobs.job_log import log_step
from records.documents.details import RenditionDetails
from records.errors import Conflict


def rendered(
    vault: Vault,
    transaction: Transaction,
    job: jobs.Job,
    record: OpenedRecord,
    document: Row,
    request: AdoptRequest,
    deks: dict[UUID, bytes],
) -> Adopted:
    """The study with its new row; no document where there is none to adopt.

    That is so where nothing could be made, and where a deposit joined the study meanwhile, which brought
    renditions of its own. Raises `Conflict` "job_differs".
    """
    row = transaction.rows.get("document_row", document_id=job.document_id, row_version=job.request.row or 0)
    if not request.documents or row is None or document["row_version"] != job.request.version:
        jobs.note_unrendered(vault, transaction, job)
        log_step(transaction, vault, record, job, {"step": "unchanged"})
        return Adopted(job.record_id, ())
    kept = _renditions_of(transaction, document)
    named = {each.blob_id for each in _named(request)}
    new = {blob.blob_id for blob in request.blobs if blob.kind is BlobKind.RENDITION}
    if len(new) != len(request.blobs) or not new <= named or not named <= new | kept:
        raise Conflict("This job would leave something else than it has to.", code="job_differs")
    told = {"step": "rendered", "blobs": len(new), "retired": len(kept - named)}
    log_step(transaction, vault, record, job, told)
    _retire(transaction, document, kept - named)
    as_deposited = replace(request, submission_id=row["submission_id"])
    return Adoption(vault, transaction, as_deposited, record, jobs.automaton(vault)).carry_out_in(
        document, deks
    )


def settle_rendered(transaction: Transaction, job: jobs.Job) -> None:
    """The row in whose place another one stands is forgotten; its submission's key is that one's, too."""
    if job.request.row is not None:
        transaction.rows.delete("document_row", document_id=job.document_id, row_version=job.request.row)


def _named(request: AdoptRequest) -> tuple[RenditionDetails, ...]:
    (new,) = request.documents
    return new.details.renditions


def _renditions_of(transaction: Transaction, document: Row) -> set[UUID]:
    tx = transaction.rows
    ids = sorted({link["blob_id"] for link in tx.find("blob_document", document_id=document["document_id"])})
    found = tx.find("blob", blob_id__in=ids, state=ADOPTED)
    return {row["blob_id"] for row in found if row["kind"] == BlobKind.RENDITION}


def _retire(transaction: Transaction, document: Row, blobs: set[UUID]) -> None:
    values = {"state": RETIRED, "retired_at": transaction.now_ms}
    transaction.rows.update(
        "blob", values, record_id=document["record_id"], blob_id__in=sorted(blobs), state=ADOPTED
    )
