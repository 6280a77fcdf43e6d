"""Requests for jobs on adopted content: to compact a quiet study, to withdraw instances of one, to make its
renditions.

Each becomes a job that a worker carries out (`keyvault.verbs.worker.jobs.opening_jobs`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.search_tokens import TokenField
from keyvault.opened_records import PERSON
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.attempt import Attempt, attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.job_request import JobRequest
from keyvault.verbs.judging import judged
from keyvault.verbs.rows import STUDY, SealedRow, genuine, open_rows
from records.documents.details import DocumentDetails
from records.errors import Conflict, Invalid, NotFound
from records.vocabulary.codes import Action, DocumentState, JobKind, JobState, ReasonCode
from records.vocabulary.rejections import check_rejection

MOST_WITHDRAWN = 10_000


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A record, and the token under which the index has one of its studies."""

    record_id: UUID
    study_token: bytes | None


class RequestingVerbs:
    """Part of the operator's door; a depositor asks through it for what it deposited itself."""

    _vault: Vault

    def find_study(
        self, call: Call, record: str, action: Action, study_uid: str | None = None
    ) -> FoundStudy | Denied:
        """The record that an INS or public id names, for `action` on a study. Logged on it."""
        vault, actor = self._vault, self._vault.actor(call.token)
        if action not in (Action.COMPACT, Action.WITHDRAW, Action.RENDER):
            raise Invalid("This is asked for work on a study only.", code="bad_request")
        with vault.transaction() as transaction:
            found = attempt(vault, transaction, call, actor, action, locator=record, discloses=False)
            if isinstance(found, Denied):
                return found
            # that there is such a record is an answer too
            transaction.append(found.record.chain, found.event())
        token = vault.token(TokenField.STUDY, study_uid) if study_uid else None
        return FoundStudy(found.record.row["record_id"], token)

    def compact(self, call: Call, record_id: UUID, document_id: UUID) -> UUID | Denied:
        """Queue the compaction of a study; answers the job, which may be one that waits already.

        Raises `NotFound` "no_such_document", `Conflict` "nothing_to_compact".
        """
        vault, actor = self._vault, self._vault.actor(call.token)
        with vault.transaction() as transaction:
            found = attempt(vault, transaction, call, actor, Action.COMPACT, record_id=record_id)
            if isinstance(found, Denied):
                return found
            job = queue_compaction(vault, transaction, record_id, document_id)
            if job is None:
                raise Conflict("This study lies in one pack already.", code="nothing_to_compact")
            transaction.append(found.record.chain, found.event(object_id=str(document_id)))
        return job.job_id

    def render(self, call: Call, record_id: UUID, document_id: UUID) -> UUID | Denied:
        """Queue the making of a study's renditions; answers the job, which may be one that waits already.

        Raises `NotFound` "no_such_document", `Conflict` "job_in_hand".
        """
        vault, actor = self._vault, self._vault.actor(call.token)
        with vault.transaction() as transaction:
            found = attempt(vault, transaction, call, actor, Action.RENDER, record_id=record_id)
            if isinstance(found, Denied):
                return found
            job = _on_study(vault, transaction, record_id, document_id, JobKind.RENDER)
            if job is None:
                request = JobRequest(document=document_id)
                kind = JobKind.RENDER
                job = jobs.create(vault, transaction, kind, JobState.QUEUED, record_id, request)
            transaction.append(found.record.chain, found.event(object_id=str(document_id)))
        return job.job_id

    def withdraw(
        self,
        call: Call,
        record_id: UUID,
        document_id: UUID,
        rows: Sequence[SealedRow],
        instances: Sequence[str],
        code: str,
    ) -> UUID | Denied:
        """Queue the withdrawal of these SOP instances of a study (none: of all); answers the job.

        `code` is one of `REJECTIONS`. What is withdrawn whole is deleted logically. Raises `NotFound`
        "no_such_document", "no_such_instance"; `Conflict` "job_in_hand"; `Invalid` "bad_rejection".
        """
        _check_withdrawal(instances, code)
        vault, actor = self._vault, self._vault.actor(call.token)
        with vault.transaction() as transaction:
            found = attempt(vault, transaction, call, actor, Action.WITHDRAW, record_id=record_id)
            if isinstance(found, Denied):
                return found
            document = _study(transaction, found, document_id)
            if document is not None:
                details = open_rows(
                    transaction.rows, found.record.key, genuine(transaction.rows, rows, [document_id])
                )
                chosen = _chosen(details.get(document_id, ()), instances)
                return self._withdraw(transaction, found, document, chosen, code)
            reason = ReasonCode.NO_SUCH_DOCUMENT
            named = str(document_id)
            refused = refuse(vault, transaction, call, actor, Action.WITHDRAW, found.record, reason, named)
        if refused.is_of_quota:
            return refused
        raise _no_document()

    def _withdraw(
        self, transaction: Transaction, found: Attempt, document: Row, instances: Sequence[str], code: str
    ) -> UUID:
        vault, record_id, document_id = self._vault, document["record_id"], document["document_id"]
        if jobs.of_document(vault, transaction.rows, record_id, document_id) is not None:
            raise Conflict("This study is being worked on: ask again in a moment.", code="job_in_hand")
        told = {"code": code, "instances": len(instances)}
        request = JobRequest(document=document_id, code=code, instances=tuple(instances))
        job = jobs.create(vault, transaction, JobKind.WITHDRAW, JobState.QUEUED, record_id, request)
        transaction.append(found.record.chain, found.event(object_id=str(document_id), details=told))
        return job.job_id


class PlanningVerbs:
    """Part of the housekeeper's door: which jobs wait, and compaction without a person asking."""

    _vault: Vault

    def waiting_jobs(self, limit: int = 100) -> list[tuple[UUID, str]]:
        """Ids and kinds of the jobs that a worker has to carry out, oldest first."""
        with self._vault.store.reading() as tx:
            return [(job.job_id, job.kind.value) for job in jobs.waiting(self._vault, tx, limit)]

    def plan_compaction(self, record_id: UUID, document_id: UUID) -> UUID | None:
        """Queue the compaction of a study that lies in several packs; None where there is nothing to do."""
        vault = self._vault
        with vault.transaction() as transaction:
            row = transaction.rows.get("record", lock=True, record_id=record_id)
            if row is None or row["kind"] != PERSON:
                return None
            try:
                job = queue_compaction(vault, transaction, record_id, document_id)
            except NotFound:
                return None
            if job is None:
                return None
            record = vault.open(transaction.rows, row)
            told = jobs.maintained(vault, Action.COMPACT, record=row["public_id"], object_id=document_id)
            transaction.append(record.chain, told)
        return job.job_id


def queue_compaction(
    vault: Vault, transaction: Transaction, record_id: UUID, document_id: UUID
) -> jobs.Job | None:
    """The compaction of a study in a locked record; None where it lies in one pack.

    Raises `NotFound` "no_such_document", `Conflict` "job_in_hand" where another kind of job is open on it.
    """
    job = _on_study(vault, transaction, record_id, document_id, JobKind.COMPACT)
    if job is not None:
        return job
    if len(transaction.rows.find("document_row", document_id=document_id, limit=2)) < 2:
        return None
    request = JobRequest(document=document_id)
    return jobs.create(vault, transaction, JobKind.COMPACT, JobState.QUEUED, record_id, request)


def _on_study(
    vault: Vault, transaction: Transaction, record_id: UUID, document_id: UUID, kind: JobKind
) -> jobs.Job | None:
    """The job of this kind that is open on a study in a locked record.

    Raises `NotFound` "no_such_document", `Conflict` "job_in_hand" where another kind of job is.
    """
    document = transaction.rows.get("document", document_id=document_id, record_id=record_id)
    if document is None or document["kind"] != "study" or document["state"] != DocumentState.APPROVED:
        raise _no_document()
    job = jobs.of_document(vault, transaction.rows, record_id, document_id)
    if job is not None and job.kind is not kind:
        raise Conflict("This study is being worked on: ask again in a moment.", code="job_in_hand")
    return job


def _study(transaction: Transaction, found: Attempt, document_id: UUID) -> Row | None:
    """The study, if this actor may withdraw from it."""
    row, _ = judged(transaction.rows, found, {document_id}).get(document_id, (None, None))
    return row if row is not None and row["kind"] == STUDY else None


def _check_withdrawal(instances: Sequence[str], code: str) -> None:
    check_rejection(code)
    if len(instances) > MOST_WITHDRAWN:
        raise Invalid(f"Name at most {MOST_WITHDRAWN} instances to withdraw.", code="bad_rejection")


def _chosen(details: Sequence[DocumentDetails], instances: Sequence[str]) -> list[str]:
    """The instances to withdraw, all of them present."""
    present = {each.sop for row in details for series in row.series for each in series.instances}
    if not present or not set(instances) <= present:
        raise NotFound("There is no such instance in this study.", code="no_such_instance")
    return sorted(set(instances) or present)


def _no_document() -> NotFound:
    return NotFound("There is no such study in this record.", code="no_such_document")
