"""Open adopted content for a worker: its keys are released with purpose MAINTENANCE.

A worker opens content under a job alone, and each opening is on the record's log before a key leaves
(docs/vault.md section 3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from audit.canonical import canonical, parse
from keyvault.context import Vault
from keyvault.crypto.boxes import open_box, seal_box
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, SealedBlob
from keyvault.crypto.search_tokens import TokenField, part_value
from keyvault.keys.blob_keys import ADOPTED, open_data_key
from keyvault.keys.cards import open_facts
from keyvault.opened_records import OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.leases import LONGEST_LEASE_MS
from keyvault.verbs.rows import SealedRow, genuine, open_rows
from keyvault.verbs.worker.jobs.job_log import log_step
from keyvault.verbs.worker.jobs.job_result import left_by
from records.documents.details import DocumentDetails
from records.documents.details_json import from_json, to_json
from records.documents.facts import DocumentFacts
from records.documents.instances import newest
from records.errors import Conflict
from records.text.base64url import b64, unb64
from records.vocabulary.codes import JobKind


@dataclass(frozen=True, slots=True)
class JobInHand:
    """The names by which a worker loads the rows of a job."""

    kind: str
    record_id: UUID
    document_id: UUID


@dataclass(frozen=True, slots=True)
class Target:
    """Where a discharge goes: state and INS of the record; `after`, the refused discharge it repeats."""

    state: str
    ins: str | None = field(repr=False)
    after: UUID | None

    def to_json(self) -> dict[str, Any]:
        after = None if self.after is None else str(self.after)
        return {"state": self.state, "ins": self.ins, "after": after}

    @classmethod
    def of_json(cls, members: Mapping[str, Any]) -> Self:
        after = members["after"]
        return cls(members["state"], members["ins"], None if after is None else UUID(after))


@dataclass(frozen=True, slots=True)
class ForMaintenance:
    """A job opened for a worker: the document's rows, oldest first, and the blobs they stand on.

    `instances` and `freed` are what a withdrawal takes out: SOP Instance UIDs, tokens of their parts.
    `target`: of a discharge alone. `row`: of a rendering alone, the version of the newest row.
    """

    details: tuple[DocumentDetails, ...] = field(repr=False)
    blobs: dict[UUID, tuple[SealedBlob, bytes]] = field(repr=False)
    submissions: frozenset[UUID]
    structure: str
    study_uid: str | None
    instances: frozenset[str]
    freed: tuple[bytes, ...]
    target: Target | None
    row: int | None
    day_public: bytes


class OpeningJobs:
    """Part of the worker's door: what a job is about, its lease, its content."""

    _vault: Vault

    def job(self, job_id: UUID) -> JobInHand:
        """Raises `NotFound` "no_such_job"."""
        with self._vault.store.reading() as tx:
            job = jobs.present(self._vault, tx, job_id, lock=False)
        return JobInHand(job.kind.value, job.record_id, job.document_id)

    def hold_job(self, job_id: UUID, worker: str, lease_ms: int = LONGEST_LEASE_MS) -> None:
        """Prolong the lease of a job. Raises what `jobs.lease` raises."""
        with self._vault.transaction() as transaction:
            jobs.lease(self._vault, transaction, job_id, worker, lease_ms)

    def release_job(
        self,
        job_id: UUID,
        worker: str,
        recipient: bytes,
        rows: Sequence[SealedRow],
        lease_ms: int = LONGEST_LEASE_MS,
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
            record, document = self._content_of(transaction, job)
            kept = _every_row(transaction, job, rows)
            details = open_rows(transaction.rows, record.key, kept)[job.document_id]
            if job.request.left is None:
                opened_first, left = kept[-1].row_version, left_by(job, details)
                row = _newest_row(kept, details) if job.kind is JobKind.RENDER else None
                job = jobs.note_opened(vault, transaction, job, version=opened_first, left=left, row=row)
            if job.worker != worker:
                log_step(transaction, vault, record, job, {"step": "opened"})
            submissions = {row.submission_id for row in kept}
            facts = open_facts(record.card, [document])[job.document_id]
            target = self._target(transaction, job)
            answer = {
                "details": [to_json(row) for row in details],
                "blobs": _opened_blobs(transaction, record, job.document_id, submissions),
                "submissions": sorted(str(each) for each in submissions),
                "structure": facts.author_structure,
                "instances": list(job.request.instances),
                "freed": _freed(vault, job, facts, details),
                "target": {} if target is None else target.to_json(),
                "row": job.request.row,
                "day_public": b64(day["public"]),
            }
        return seal_box(recipient, canonical(answer))

    def _content_of(self, transaction: Transaction, job: jobs.Job) -> tuple[OpenedRecord, Row]:
        """The record whose content the job opens, locked, and its document."""
        row = transaction.rows.get("record", record_id=job.record_id)
        record = self._vault.open(transaction.rows, row, lock=True)
        document = transaction.rows.get("document", document_id=job.document_id)
        if row is None or document is None:
            raise Conflict("The document of this job is gone.", code="settled")
        return record, document

    def _target(self, transaction: Transaction, job: jobs.Job) -> Target | None:
        """Where a discharge goes; the two operators named it. `after` told them what differs."""
        if job.kind is not JobKind.DISCHARGE:
            return None
        row = transaction.rows.get("record", record_id=job.request.target)
        card = self._vault.open(transaction.rows, row).card.card
        if row is None or card is None:
            return Target("unknown", None, job.request.after)
        return Target(row["state"], card.ins.value, job.request.after)


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
        study_uid=newest(details).study_uid,
        instances=frozenset(found["instances"]),
        freed=tuple(unb64(each) for each in found["freed"]),
        target=Target.of_json(found["target"]) if found["target"] else None,
        row=found["row"],
        day_public=unb64(found["day_public"]),
    )


def _every_row(transaction: Transaction, job: jobs.Job, rows: Sequence[SealedRow]) -> list[SealedRow]:
    """The rows that the job is about, oldest first, if the index gave all of them."""
    known = transaction.rows.find("document_row", document_id=job.document_id)
    highest = job.request.version or max((row["row_version"] for row in known), default=0)
    kept = [row for row in genuine(transaction.rows, rows, [job.document_id]) if row.row_version <= highest]
    wanted = {row["row_version"] for row in known if row["row_version"] <= highest}
    if not kept or {row.row_version for row in kept} != wanted:
        raise Conflict("A deposit is about to join this study: try again in a moment.", code="study_busy")
    return sorted(kept, key=lambda row: row.row_version)


def _newest_row(rows: Sequence[SealedRow], details: Sequence[DocumentDetails]) -> int:
    """The version of the row whose words stand for the document; both oldest version first."""
    last = newest(details)
    return next(row.row_version for row, each in zip(rows, details, strict=True) if each is last)


def _opened_blobs(
    transaction: Transaction, record: OpenedRecord, document_id: UUID, submissions: set[UUID]
) -> list[list[Any]]:
    tx = transaction.rows
    ids = sorted({link["blob_id"] for link in tx.find("blob_document", document_id=document_id)})
    found = tx.find("blob", blob_id__in=ids, state=ADOPTED)
    return [_opened_blob(record, row) for row in found if row["submission_id"] in submissions]


def _opened_blob(record: OpenedRecord, row: Row) -> list[Any]:
    sizes = [row["plaintext_size"], row["ciphertext_size"]]
    dek = open_data_key(record.key, row)
    facts = [b64(row["commitment"]), b64(row["header"]), *sizes, b64(dek)]
    return [str(row["blob_id"]), row["version"], row["kind"], *facts]


def _freed(
    vault: Vault, job: jobs.Job, facts: DocumentFacts, details: Sequence[DocumentDetails]
) -> list[str]:
    """Tokens of the withdrawn parts: what is deposited anew after this is no duplicate."""
    gone = set(job.request.instances)
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
