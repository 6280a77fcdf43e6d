"""Jobs on adopted content, as rows of the vault: each holds the request, its state and its worker.

A job is leased like a submission; `records.vocabulary.codes.JOB_TRANSITIONS` says how it moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.secret_keys import Use
from keyvault.log.appending import Event
from keyvault.store import Row, VaultTransaction, new_id
from keyvault.transaction import Transaction
from keyvault.verbs.job_request import JobRequest
from keyvault.verbs.leases import LONGEST_LEASE_MS
from records.errors import Conflict, NotFound
from records.people.actors import Actor
from records.vocabulary.codes import (
    JOB_TRANSITIONS,
    Action,
    JobKind,
    JobState,
    PurposeOfUse,
    ReasonCode,
    Role,
    check_transition,
)

IN_HAND = (JobState.QUEUED, JobState.ADOPTED)
OPEN = (JobState.PROPOSED, *IN_HAND)


@dataclass(frozen=True, slots=True)
class Job:
    """A row of `job`, opened. `record_id` is the record whose content the worker opens."""

    job_id: UUID
    kind: JobKind
    state: JobState
    record_id: UUID
    worker: str | None
    lease_until: int
    created_at: int
    request: JobRequest = field(repr=False)

    @property
    def document_id(self) -> UUID:
        return self.request.document


def create(
    vault: Vault,
    transaction: Transaction,
    kind: JobKind,
    state: JobState,
    record_id: UUID,
    request: JobRequest,
) -> Job:
    """Keep a new job."""
    job = Job(new_id(), kind, state, record_id, None, 0, transaction.now_ms, request)
    transaction.rows.insert(
        "job",
        {
            "job_id": job.job_id,
            "kind": kind.value,
            "record_id": record_id,
            "state": state.value,
            "worker": None,
            "lease_until": 0,
            "payload": _sealed(vault, job.job_id, request),
            "created_at": transaction.now_ms,
        },
    )
    return job


def find(vault: Vault, tx: VaultTransaction, job_id: UUID, *, lock: bool = True) -> Job | None:
    """The job. `lock`: held until the transaction ends, which has to be one that writes."""
    row = tx.get("job", lock=lock, job_id=job_id)
    return None if row is None else _opened(vault, row)


def present(vault: Vault, tx: VaultTransaction, job_id: UUID, *, lock: bool = True) -> Job:
    """The same. Raises `NotFound` "no_such_job"."""
    job = find(vault, tx, job_id, lock=lock)
    if job is None:
        raise NotFound("There is no such job in the vault.", code="no_such_job")
    return job


def of_document(vault: Vault, tx: VaultTransaction, record_id: UUID, document_id: UUID) -> Job | None:
    """The job that is open on this document; the caller holds the record, so that there is one at most."""
    rows = tx.find("job", record_id=record_id, state__in=[state.value for state in OPEN])
    jobs = (_opened(vault, row) for row in rows)
    return next((job for job in jobs if job.document_id == document_id), None)


def latest(vault: Vault, tx: VaultTransaction, record_id: UUID) -> dict[UUID, Job]:
    """The newest job of each document of a record."""
    rows = tx.find("job", record_id=record_id, order=("created_at", "job_id"))
    return {job.document_id: job for job in (_opened(vault, row) for row in rows)}


def waiting(vault: Vault, tx: VaultTransaction, limit: int | None = None) -> list[Job]:
    """Jobs that a worker has to carry out, oldest first."""
    states = [state.value for state in IN_HAND]
    return [_opened(vault, row) for row in tx.find("job", state__in=states, order="created_at", limit=limit)]


def move(transaction: Transaction, job: Job, state: JobState) -> Job:
    """The job in its next state. Raises `Conflict` "bad_transition"."""
    check_transition(JOB_TRANSITIONS, job.state, state)
    transaction.rows.update("job", {"state": state.value}, job_id=job.job_id)
    return replace(job, state=state)


def note_opened(
    vault: Vault, transaction: Transaction, job: Job, *, version: int, left: str, row: int | None
) -> Job:
    """Keep what the first opening of a job settles: the rows it is about, and what it has to leave."""
    return _note(vault, transaction, job, replace(job.request, version=version, left=left, row=row))


def note_unrendered(vault: Vault, transaction: Transaction, job: Job) -> None:
    """Nothing came of a rendering: its row stays."""
    _note(vault, transaction, job, replace(job.request, row=None))


def _note(vault: Vault, transaction: Transaction, job: Job, request: JobRequest) -> Job:
    payload = _sealed(vault, job.job_id, request)
    transaction.rows.update("job", {"payload": payload}, job_id=job.job_id)
    return replace(job, request=request)


def lease(vault: Vault, transaction: Transaction, job_id: UUID, worker: str, lease_ms: int) -> Job:
    """Take or prolong the lease, 15 minutes at most; answers the job as it was before.

    Raises `Conflict` "leased" while another worker holds it, "settled" once it is done.
    """
    job = present(vault, transaction.rows, job_id)
    if job.state not in IN_HAND:
        raise Conflict("This job is settled.", code="settled")
    if job.worker != worker and job.lease_until > transaction.now_ms:
        raise Conflict("Another worker holds this job.", code="leased")
    until = transaction.now_ms + min(lease_ms, LONGEST_LEASE_MS)
    transaction.rows.update("job", {"worker": worker, "lease_until": until}, job_id=job_id)
    return job


def automaton(vault: Vault) -> Actor:
    """The actor where no person asked (R8: a declared automaton)."""
    return Actor(role=Role.OPERATOR, issuer=vault.settings.issuer, subject="coffre maintenance")


def maintained(
    vault: Vault,
    action: Action,
    *,
    record: UUID | None = None,
    object_id: UUID | None = None,
    details: Mapping[str, object] = MappingProxyType({}),
    refused: ReasonCode | None = None,
) -> Event:
    """What maintenance did, or was refused, without a person who asks at this moment."""
    return Event.of(
        action,
        PurposeOfUse.MAINTENANCE,
        automaton(vault),
        refused=refused,
        record=record,
        object_id=object_id,
        details=details,
    )


def _opened(vault: Vault, row: Row) -> Job:
    return Job(
        row["job_id"],
        JobKind(row["kind"]),
        JobState(row["state"]),
        row["record_id"],
        row["worker"],
        row["lease_until"],
        row["created_at"],
        JobRequest.of_json(vault.keyring.system_chain.open(Use.JOB, row["payload"], _aad(row["job_id"]))),
    )


def _sealed(vault: Vault, job_id: UUID, request: JobRequest) -> bytes:
    return vault.keyring.system_chain.seal(Use.JOB, request.to_json(), _aad(job_id))


def _aad(job_id: UUID) -> bytes:
    return b"coffre-job-row-v1\x00" + job_id.bytes
