"""Adopt the result of a job: a study's merged row and blobs, or a document that leaves quarantine.

What a job replaced stays readable under older grants until these have expired (docs/vault.md section 3).
"""

from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.sealed_blob import BlobRef
from keyvault.keys.cards import open_facts
from keyvault.keys.document_facts import keep_facts
from keyvault.keys.reception import open_key
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.call import Denied
from keyvault.verbs.worker.adoption.adopt_request import (
    Adopted,
    AdoptRequest,
    Deposited,
    NewBlob,
    check_packs,
    facts_of_all,
    keep_answer,
    kept_answer,
)
from keyvault.verbs.worker.adoption.adoption import Adoption
from keyvault.verbs.worker.deposits.received import may_deposit
from keyvault.verbs.worker.jobs.job_log import log_step
from keyvault.verbs.worker.jobs.job_result import check_left
from keyvault.verbs.worker.jobs.rendering import rendered
from records.documents.changes import DocumentChange, changed
from records.documents.facts import DocumentFacts
from records.errors import CoffreError, Conflict
from records.people.actors import Actor
from records.vocabulary.codes import Action, JobKind, JobState, PurposeOfUse, Role
from records.vocabulary.depositing import Depositor
from records.vocabulary.depositing import may_deposit as may_deposit_type
from records.vocabulary.sectors import INSURER_SETTING


class AdoptingJobs:
    """Part of the worker's door."""

    _vault: Vault

    def adopt_job(self, request: AdoptRequest) -> Adopted | Denied:
        """Adopt what a job made; an equal repeat returns the kept answer.

        For a study its merged row and blobs, none of either where every instance is withdrawn; for a
        discharge the document in the record that two operators named. Raises `Conflict` "lease_lost",
        "job_differs".
        """
        check_packs(request)
        vault = self._vault
        keys = {blob.blob_id: _open_key(vault, request.submission_id, blob) for blob in request.blobs}
        with vault.transaction() as transaction:
            job = jobs.present(vault, transaction.rows, request.submission_id)
            kept = kept_answer(transaction, request)
            if kept is not None:
                return kept
            if job.state is not JobState.QUEUED or job.worker != request.worker:
                raise Conflict("This worker doesn't hold the job any more.", code="lease_lost")
            if request.documents or job.kind is not JobKind.RENDER:
                check_left(job, [document.details for document in request.documents])
            answer = self._carry_out(transaction, job, request, keys)
            if isinstance(answer, Adopted):
                jobs.move(transaction, job, JobState.ADOPTED)
                keep_answer(transaction, request, answer)
            return answer

    def _carry_out(
        self, transaction: Transaction, job: jobs.Job, request: AdoptRequest, keys: dict[UUID, bytes]
    ) -> Adopted | Denied:
        if job.kind is JobKind.DISCHARGE:
            return self._discharge(transaction, job, request, keys)
        if job.kind is JobKind.RENDER:
            row = transaction.rows.get("record", record_id=job.record_id)
            record = self._vault.open(transaction.rows, row, lock=True)
            document = _document_of(transaction, job)
            return rendered(self._vault, transaction, job, record, document, request, keys)
        return self._replace(transaction, job, request, keys)

    def _discharge(
        self, transaction: Transaction, job: jobs.Job, request: AdoptRequest, keys: dict[UUID, bytes]
    ) -> Adopted | Denied:
        vault = self._vault
        row = transaction.rows.get("record", record_id=job.request.target)
        record = vault.open(transaction.rows, row, lock=True)
        aside = self._aside(transaction, job)
        depositor = self._depositor(aside, request)
        stated = facts_of_all(request, Deposited(depositor, aside.labels, transaction.now))
        maintains = PurposeOfUse.MAINTENANCE
        adoption = Adoption(vault, transaction, request, record, depositor, maintains, aside.labels)
        refusal = may_deposit(transaction, depositor, record, stated) or adoption.conflict()
        if refusal is not None:
            log_step(transaction, vault, record, job, {"step": "refused"}, refusal)
            return Denied(refusal)
        return adoption.carry_out(keys)

    def _aside(self, transaction: Transaction, job: jobs.Job) -> DocumentFacts:
        """The facts of the quarantined document: who deposited it, with which labels."""
        vault, tx = self._vault, transaction.rows
        source = vault.open(tx, tx.get("record", record_id=job.record_id))
        return open_facts(source.card, [_document_of(transaction, job)])[job.document_id]

    def _depositor(self, facts: DocumentFacts, request: AdoptRequest) -> Actor:
        """Who deposited, as the facts of the quarantined document have it.

        What the health insurer alone deposits came from its feed: from others it was refused on arrival.
        """
        return Actor(
            role=Role.DEPOSITOR,
            issuer=self._vault.settings.issuer,
            subject="released from quarantine",
            rpps=facts.author or None,
            structure=facts.author_structure,
            setting=INSURER_SETTING if _insurers(request) else None,
        )

    def _replace(
        self, transaction: Transaction, job: jobs.Job, request: AdoptRequest, keys: dict[UUID, bytes]
    ) -> Adopted:
        vault, tx = self._vault, transaction.rows
        record = vault.open(tx, tx.get("record", record_id=job.record_id), lock=True)
        document = _document_of(transaction, job)
        if not request.documents:
            deleted = _delete(transaction, record, document)
            log_step(transaction, vault, record, job, {"step": "deleted", **deleted})
            return Adopted(job.record_id, ())
        log_step(transaction, vault, record, job, {"step": "replaced", "blobs": len(request.blobs)})
        return Adoption(vault, transaction, request, record, jobs.automaton(vault)).carry_out_in(
            document, keys
        )


def _document_of(transaction: Transaction, job: jobs.Job) -> Row:
    document = transaction.rows.get("document", document_id=job.document_id)
    if document is None:
        raise Conflict("The document of this job is gone.", code="settled")
    return document


def _insurers(request: AdoptRequest) -> bool:
    return all(
        may_deposit_type(Depositor.INSURER, new.type_code)
        and not may_deposit_type(Depositor.CARE, new.type_code)
        for new in request.documents
    )


def _open_key(vault: Vault, job_id: UUID, blob: NewBlob) -> bytes:
    """The data key of a new blob, sealed by this job's worker to a live day key."""
    for _, private in vault.days():
        try:
            received = open_key(private, blob.sealed_key)
        except CoffreError:
            continue
        if (received.submission_id, received.ref) == (job_id, BlobRef(blob.blob_id, blob.version, blob.kind)):
            return received.dek
    raise Conflict(
        "This data key was made for something else, or too long ago.", code="received_key_mismatch"
    )


def _delete(transaction: Transaction, record: OpenedRecord, document: Row) -> dict[str, Any]:
    """Every instance is withdrawn: the study is deleted, logically, and kept until retention ends (R42).

    Answers what the event says of the new facts.
    """
    facts = open_facts(record.card, [document])[document["document_id"]]
    gone = changed(facts, DocumentChange(Action.DELETE), transaction.now)
    return {} if gone == facts else keep_facts(transaction.rows, record.card, document, gone)
