"""The worker's verbs on adopted content: `release` with purpose MAINTENANCE, `adopt`, and what settles a job.

A worker opens content under a job alone, and each opening is on the record's log before a key leaves. What a
job replaced stays readable under older grants until these have expired (docs/vault.md section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.context import OpenedRecord, Transaction, Vault
from keyvault.crypto.boxes import open_box, seal_box
from keyvault.crypto.envelope import KeyUse, details_aad, seal_json, unwrap_object_key
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, SealedBlob
from keyvault.crypto.search_tokens import TokenField, part_value
from keyvault.keys.cards import open_facts, seal_facts
from keyvault.keys.reception import open_key
from keyvault.store import Row
from keyvault.verbs import jobs
from keyvault.verbs.attempt import Denied
from keyvault.verbs.housekeeper.retiring import erase_quarantined, retire
from keyvault.verbs.reader.releasing import ADOPTED
from keyvault.verbs.rows import SealedRow, genuine, open_rows
from keyvault.verbs.worker.adopting import (
    Adopted,
    AdoptedDocument,
    Adoption,
    AdoptRequest,
    NewBlob,
    check_packs,
    facts_of_all,
    read_answer,
    target_of,
    write_answer,
)
from keyvault.verbs.worker.ingesting import may_deposit
from keyvault.verbs.worker.job_result import check_left, left_by
from records.actors import Actor
from records.base64url import b64, unb64
from records.details import DocumentDetails
from records.details_json import from_json, to_json
from records.documents import DocumentFacts
from records.errors import CoffreError, Conflict
from records.vocabulary.codes import (
    DOCUMENT_TRANSITIONS,
    Action,
    DocumentState,
    JobKind,
    JobState,
    PurposeOfUse,
    ReasonCode,
    Role,
    check_transition,
)
from records.vocabulary.depositing import Depositor
from records.vocabulary.depositing import may_deposit as may_deposit_type
from records.vocabulary.sectors import INSURER_SETTING

_ACTIONS = {
    JobKind.COMPACT: Action.COMPACT,
    JobKind.WITHDRAW: Action.WITHDRAW,
    JobKind.RELEASE: Action.RELEASE,
    JobKind.DESTROY: Action.DESTROY,
}


@dataclass(frozen=True, slots=True)
class JobInHand:
    """What a worker has to know to load the rows of a job."""

    kind: str
    record_id: UUID
    document_id: UUID


@dataclass(frozen=True, slots=True)
class ForMaintenance:
    """What the vault opens for a job: the document's rows, oldest first, and the blobs they stand on.

    `instances` and `freed` are what a withdrawal takes out: SOP Instance UIDs, tokens of their parts.
    `target` is where a release goes: state and INS of the record; `after`, the refused release it repeats.
    """

    details: tuple[DocumentDetails, ...] = field(repr=False)
    blobs: dict[UUID, tuple[SealedBlob, bytes]] = field(repr=False)
    submissions: frozenset[UUID]
    structure: str
    study_uid: str | None
    instances: frozenset[str]
    freed: tuple[bytes, ...]
    target: dict[str, Any] = field(repr=False)
    day_public: bytes


class MaintainingVerbs:
    """Part of the worker's door."""

    _vault: Vault

    def job(self, job_id: UUID) -> JobInHand:
        """Raises `NotFound` "no_such_job"."""
        with self._vault.store.reading() as tx:
            job = jobs.present(self._vault, tx, job_id)
        return JobInHand(job.kind.value, job.record_id, job.document_id)

    def hold_job(self, job_id: UUID, worker: str, lease_ms: int = jobs.LONGEST_LEASE_MS) -> None:
        """Prolong the lease of a job. Raises what `jobs.lease` raises."""
        with self._vault.transaction() as transaction:
            jobs.lease(self._vault, transaction, job_id, worker, lease_ms)

    def release_job(
        self,
        job_id: UUID,
        worker: str,
        recipient: bytes,
        rows: Sequence[SealedRow],
        lease_ms: int = jobs.LONGEST_LEASE_MS,
    ) -> bytes:
        """Lease the job and seal the keys of its document to the worker's own key.

        `rows` are all rows of the document that the index has. The job is about those of its first opening;
        what joins the study later stays as it is. Raises `Conflict` "study_busy" where the vault knows one
        more row, not published yet; "leased", "settled".
        """
        vault = self._vault
        (day, _), *_ = vault.days()
        with vault.transaction() as transaction:
            job = jobs.lease(vault, transaction, job_id, worker, lease_ms)
            record_row = transaction.rows.get("record", record_id=job.record_id)
            record = vault.open(transaction.rows, record_row, lock=True)
            document = transaction.rows.get("document", document_id=job.document_id)
            if record_row is None or document is None:
                raise Conflict("The document of this job is gone.", code="settled")
            kept = _every_row(transaction, job, rows)
            details = open_rows(transaction.rows, record.key, kept)[job.document_id]
            submissions = {row.submission_id for row in kept}
            if "left" not in job.asked:
                jobs.note(vault, transaction, job, version=kept[-1].row_version, left=left_by(job, details))
            if job.worker != worker:
                _log(transaction, vault, record, job, {"step": "opened"})
            facts = open_facts(record.card, [document])[job.document_id]
            answer = {
                "details": [to_json(row) for row in details],
                "blobs": _opened_blobs(transaction, record, job.document_id, submissions),
                "submissions": sorted(str(each) for each in submissions),
                "structure": facts.author_structure,
                "instances": job.asked.get("instances", []),
                "freed": _freed(vault, job, facts, details),
                "target": self._target(transaction, job),
                "day_public": b64(day["public"]),
            }
        return seal_box(recipient, canonical(answer))

    def _target(self, transaction: Transaction, job: jobs.Job) -> dict[str, Any]:
        """Where a release goes; the two operators named it. `after` told them what differs."""
        if job.kind is not JobKind.RELEASE:
            return {}
        row = transaction.rows.get("record", record_id=UUID(job.asked["target"]))
        card = self._vault.open(transaction.rows, row).card.card
        after = job.asked.get("after")
        if row is None or card is None:
            return {"state": "unknown", "ins": None, "after": after}
        return {"state": row["state"], "ins": card.ins.value, "after": after}

    def adopt_job(self, request: AdoptRequest) -> Adopted | Denied:
        """Adopt what a job made; an equal repeat returns the kept answer.

        For a study its merged row and blobs, none of either where every instance is withdrawn; for a release
        the document in the record that two operators named. Raises `Conflict` "lease_lost", "job_differs".
        """
        check_packs(request)
        vault, job_id = self._vault, request.submission_id
        keys = {blob.blob_id: _open_key(vault, job_id, blob) for blob in request.blobs}
        target = target_of(request)
        with vault.transaction() as transaction:
            job = jobs.present(vault, transaction.rows, job_id)
            kept = transaction.rows.get("ingest_answer", submission_id=job_id, target=target)
            if kept is not None:
                return read_answer(kept["answer"])
            if job.state is not JobState.QUEUED or job.worker != request.worker:
                raise Conflict("This worker doesn't hold the job any more.", code="lease_lost")
            check_left(job, [document.details for document in request.documents])
            release = job.kind is JobKind.RELEASE
            adopted = self._release if release else self._replace
            answer = adopted(transaction, job, request, keys)
            if isinstance(answer, Denied):
                return answer
            jobs.move(transaction, job, JobState.ADOPTED)
            row = {"submission_id": job_id, "target": target, "answer": write_answer(answer)}
            transaction.rows.insert("ingest_answer", row)
            return answer

    def _release(
        self, transaction: Transaction, job: jobs.Job, request: AdoptRequest, keys: dict[UUID, bytes]
    ) -> Adopted | Denied:
        vault = self._vault
        row = transaction.rows.get("record", record_id=UUID(job.asked["target"]))
        record = vault.open(transaction.rows, row, lock=True)
        depositor = self._depositor(transaction, job, request)
        refusal = may_deposit(transaction, depositor, record, facts_of_all(request, depositor))
        if refusal is not None:
            _log(transaction, vault, record, job, {"step": "refused"}, refusal)
            return Denied(refusal)
        adoption = Adoption(vault, transaction, request, record, depositor, PurposeOfUse.MAINTENANCE)
        return adoption.carry_out(keys)

    def _depositor(self, transaction: Transaction, job: jobs.Job, request: AdoptRequest) -> Actor:
        """Who deposited, as the facts of the quarantined document have it: labels look at that.

        What the health insurer alone deposits came from its feed: from others it was refused on arrival.
        """
        vault, tx = self._vault, transaction.rows
        source = vault.open(tx, tx.get("record", record_id=job.record_id))
        document = tx.get("document", document_id=job.document_id)
        if document is None:
            raise Conflict("The document of this job is gone.", code="settled")
        facts = open_facts(source.card, [document])[job.document_id]
        return Actor(
            role=Role.DEPOSITOR,
            issuer=vault.settings.issuer,
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
        document = tx.get("document", document_id=job.document_id)
        if document is None:
            raise Conflict("The document of this job is gone.", code="settled")
        if not request.documents:
            _log(
                transaction, vault, record, job, {"step": "deleted", **_delete(transaction, record, document)}
            )
            return Adopted(job.record_id, ())
        _log(transaction, vault, record, job, {"step": "replaced", "blobs": len(request.blobs)})
        (new,) = request.documents
        adoption = Adoption(vault, transaction, request, record, jobs.automaton(vault))
        adoption.keep_blobs(keys)
        version = document["row_version"] + 1
        sealed = seal_json(
            adoption.details_key(), to_json(new.details), details_aad(job.document_id, version)
        )
        adoption.keep_row(new, job.document_id, version, sealed)
        done = AdoptedDocument(job.document_id, version, sealed, document["study_token"])
        return Adopted(job.record_id, (done,))


def _insurers(request: AdoptRequest) -> bool:
    return all(
        may_deposit_type(Depositor.INSURER, new.type_code)
        and not may_deposit_type(Depositor.CARE, new.type_code)
        for new in request.documents
    )


def settle_job(vault: Vault, transaction: Transaction, job_id: UUID) -> None:
    """End a job: what it replaced is retired, what it released is erased from quarantine. Repeatable.

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
    if job.kind is JobKind.RELEASE:
        erase_quarantined(transaction, document)
        _log_settled(transaction, vault, job, 1)
    elif document["state"] != DocumentState.DELETED:
        rows = transaction.rows.find(
            "document_row", document_id=job.document_id, row_version__le=job.asked["version"]
        )
        _log_settled(transaction, vault, job, retire(transaction, job.document_id, rows))


def open_for_maintenance(private: bytes, sealed: bytes) -> ForMaintenance:
    """The worker's side of `release_job`."""
    found = parse(open_box(private, sealed))
    blobs = {}
    for blob_id, version, kind, commitment, header, plaintext, ciphertext, dek in found["blobs"]:
        ref = BlobRef(UUID(blob_id), version, BlobKind(kind))
        sealed_blob = SealedBlob(ref, unb64(commitment), unb64(header), plaintext, ciphertext)
        blobs[ref.blob_id] = (sealed_blob, unb64(dek))
    details = tuple(map(from_json, found["details"]))
    return ForMaintenance(
        details=details,
        blobs=blobs,
        submissions=frozenset(UUID(each) for each in found["submissions"]),
        structure=found["structure"],
        study_uid=details[-1].study_uid,
        instances=frozenset(found["instances"]),
        freed=tuple(unb64(each) for each in found["freed"]),
        target=found["target"],
        day_public=unb64(found["day_public"]),
    )


def _every_row(transaction: Transaction, job: jobs.Job, rows: Sequence[SealedRow]) -> list[SealedRow]:
    """The rows that the job is about, oldest first, if the index gave all of them."""
    known = transaction.rows.find("document_row", document_id=job.document_id)
    newest = job.asked.get("version") or max((row["row_version"] for row in known), default=0)
    kept = [row for row in genuine(transaction.rows, rows, [job.document_id]) if row.row_version <= newest]
    wanted = {row["row_version"] for row in known if row["row_version"] <= newest}
    if not kept or {row.row_version for row in kept} != wanted:
        raise Conflict("A deposit is about to join this study: try again in a moment.", code="study_busy")
    return sorted(kept, key=lambda row: row.row_version)


def _opened_blobs(
    transaction: Transaction, record: OpenedRecord, document_id: UUID, submissions: set[UUID]
) -> list[list[Any]]:
    tx = transaction.rows
    ids = sorted({link["blob_id"] for link in tx.find("blob_document", document_id=document_id)})
    found = tx.find("blob", blob_id__in=ids, state=ADOPTED)
    return [_opened_blob(record, row) for row in found if row["submission_id"] in submissions]


def _opened_blob(record: OpenedRecord, row: Row) -> list[Any]:
    key = record.key
    dek = unwrap_object_key(
        key.key,
        row["wrap"],
        use=KeyUse.DATA,
        record_id=key.record_id,
        key_version=row["key_version"],
        object_id=row["blob_id"],
        version=row["version"],
        commitment=row["commitment"],
    )
    sizes = [row["plaintext_size"], row["ciphertext_size"]]
    facts = [b64(row["commitment"]), b64(row["header"]), *sizes, b64(dek)]
    return [str(row["blob_id"]), row["version"], row["kind"], *facts]


def _freed(
    vault: Vault, job: jobs.Job, facts: DocumentFacts, details: Sequence[DocumentDetails]
) -> list[str]:
    """Tokens of the withdrawn parts: what is deposited anew after this is no duplicate."""
    gone = set(job.asked.get("instances", []))
    digests = [
        instance.place.sha256
        for row in details
        for series in row.series
        for instance in (*series.instances, *series.superseded)
        if instance.sop in gone
    ]
    return [
        b64(vault.token(TokenField.PART, part_value(job.record_id, facts.author_structure, digest)))
        for digest in digests
    ]


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
    check_transition(DOCUMENT_TRANSITIONS, facts.state, DocumentState.DELETED)
    gone = replace(facts, state=DocumentState.DELETED)
    columns = seal_facts(record.card, gone, document["facts_version"] + 1)
    state = {"state": DocumentState.DELETED.value}
    transaction.rows.update("document", {**columns, **state}, document_id=document["document_id"])
    digest = columns["facts_digest"]
    assert isinstance(digest, bytes)
    return {"facts_version": columns["facts_version"], "facts_digest": digest.hex()}


def _log(
    transaction: Transaction,
    vault: Vault,
    record: OpenedRecord,
    job: jobs.Job,
    details: dict[str, Any],
    refused: ReasonCode | None = None,
) -> None:
    transaction.append(
        vault.chain_of(record),
        jobs.maintained(
            vault,
            _ACTIONS[job.kind],
            record=record.row["public_id"] if record.exists else None,
            object_id=job.document_id,
            details=details,
            refused=refused,
        ),
    )


def _log_settled(transaction: Transaction, vault: Vault, job: jobs.Job, blobs: int) -> None:
    """On chain 0: the record's own log has what led to it."""
    told = jobs.maintained(vault, Action.ERASE, object_id=job.document_id, details={"retired": blobs})
    transaction.append(vault.system_chain, told)
