"""End the quarantine of a document: discharge it into a record, or destroy it.

Two operators decide: the first one's call is a proposal, the second's the same call again (docs/vault.md
section 3, R48). Nothing of the content is opened here.
"""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.opened_records import QUARANTINE, OpenedRecord
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs import jobs
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.content_end import erase_quarantined
from keyvault.verbs.job_request import JobRequest
from keyvault.verbs.operator.permission import denied, permit
from keyvault.verbs.operator.quarantine import JobSeen
from keyvault.verbs.preamble import Preamble
from records.durations import DAY_MS
from records.emergency import SHORTEST_REASON, long_enough
from records.errors import CoffreError, Conflict, Invalid, NotFound
from records.people.actors import Actor
from records.vocabulary.codes import Action, JobKind, JobState, Outcome, PurposeOfUse, ReasonCode

PROPOSAL_MS = DAY_MS
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class _Plan:
    """What two operators agree on; `target` is the record that a discharge goes into."""

    kind: JobKind
    document_id: UUID
    reason: str = field(repr=False)
    target: OpenedRecord | None

    @property
    def target_id(self) -> UUID | None:
        return None if self.target is None else self.target.row["record_id"]

    def request(self, first: Actor, after: UUID | None) -> JobRequest:
        """What the job keeps of it, and who proposed it."""
        return JobRequest(
            document=self.document_id, first=first, reason=self.reason, target=self.target_id, after=after
        )


class DischargingVerbs:
    """Part of the operator's door."""

    _vault: Vault

    def release_quarantined(
        self, call: Call, document_id: UUID, record: str, reason: str
    ) -> JobSeen | Denied:
        """Propose the discharge of a document into a record, or agree to another operator's proposal.

        The answer's state is "proposed", or "queued" once two agree. Raises `Conflict` "second_operator",
        "other_proposal", "job_in_hand"; `NotFound` "not_quarantined".
        """
        asked = {"document_id": document_id, "record": record, "reason": reason}
        vault, actor = self._vault, caller(self._vault, call, "release_quarantined", **asked)
        _check_reason(reason)
        with vault.transaction() as transaction:
            row = vault.find_record(transaction.rows, record)
            preamble = _preamble(call, actor, Action.DISCHARGE, vault.touched(row, record))
            over = preamble.over_quota(transaction)  # before anything is opened
            target = vault.open(transaction.rows, row, lock=row is not None)
            if refused := denied(vault, transaction, preamble, facts=target.facts, over=over):
                return refused
            plan = _Plan(JobKind.DISCHARGE, document_id, reason, target)
            answer = self._agree(transaction, preamble, plan)
        return _told(answer)

    def destroy_quarantined(self, call: Call, document_id: UUID, reason: str) -> JobSeen | Denied:
        """Propose the destruction of a document, or agree to it: its keys are erased in that transaction.

        Raises what `release_quarantined` raises. The answer's state is "proposed" or "adopted".
        """
        asked = {"document_id": document_id, "reason": reason}
        vault, actor = self._vault, caller(self._vault, call, "destroy_quarantined", **asked)
        _check_reason(reason)
        with vault.transaction() as transaction:
            preamble = _preamble(call, actor, Action.DESTROY, document_id.bytes)
            over = preamble.over_quota(transaction)
            if refused := denied(vault, transaction, preamble, over=over):
                return refused
            plan = _Plan(JobKind.DESTROY, document_id, reason, None)
            answer = self._agree(transaction, preamble, plan)
        return _told(answer)

    def _agree(
        self, transaction: Transaction, preamble: Preamble, plan: _Plan
    ) -> JobSeen | Denied | CoffreError:
        """What becomes of a permitted question; one that comes to nothing is a refusal like any other."""
        try:
            document = _held(transaction, plan.document_id)
            job = _open_job(self._vault, transaction, document)
            if job is not None:
                _check_agrees(job, plan, preamble)
        except (Conflict, NotFound) as error:
            return self._refuse(transaction, preamble, plan, error)
        if job is None:
            return self._propose(transaction, preamble, plan, document)
        return self._second(transaction, preamble, plan, document, job)

    def _refuse(
        self, transaction: Transaction, preamble: Preamble, plan: _Plan, error: CoffreError
    ) -> Denied | CoffreError:
        absent = isinstance(error, NotFound)
        refused = preamble.refuse(
            transaction,
            self._vault.system_chain,
            ReasonCode.NO_SUCH_DOCUMENT if absent else ReasonCode.NOT_AUTHORISED,
            object_id=str(plan.document_id),
            details={"refused": error.code},
        )
        return refused if refused.is_of_quota else error

    def _propose(self, transaction: Transaction, preamble: Preamble, plan: _Plan, document: Row) -> JobSeen:
        vault = self._vault
        assert preamble.actor is not None
        request = plan.request(preamble.actor, _refused_before(vault, transaction, document, plan))
        job = jobs.create(vault, transaction, plan.kind, JobState.PROPOSED, document["record_id"], request)
        details = {"step": "proposed", "reason": plan.reason}
        permit(vault, transaction, preamble, object_id=str(plan.document_id), details=details)
        return JobSeen.of(job, JobState.PROPOSED)

    def _second(
        self, transaction: Transaction, preamble: Preamble, plan: _Plan, document: Row, job: jobs.Job
    ) -> JobSeen:
        """Both operators are on the log before anything can be opened or is erased."""
        for actor in (job.request.first, preamble.actor):
            self._tell_agreed(transaction, replace(preamble, actor=actor), plan, job)
        agreed = jobs.move(transaction, job, JobState.QUEUED)
        if plan.kind is not JobKind.DESTROY:
            return JobSeen.of(agreed, JobState.QUEUED)
        erase_quarantined(transaction, document)
        return JobSeen.of(jobs.move(transaction, agreed, JobState.ADOPTED), JobState.ADOPTED)

    def _tell_agreed(self, transaction: Transaction, preamble: Preamble, plan: _Plan, job: jobs.Job) -> None:
        """The line of one of the two, on the record's chain where there is one."""
        details = {"step": "agreed", "reason": job.request.reason, "operators": 2}
        told: dict[str, Any] = {"object_id": str(plan.document_id), "details": details}
        chain = self._vault.system_chain
        if plan.target is not None:
            chain, told["record"] = self._vault.chain_of(plan.target), plan.target.row["public_id"]
        transaction.append(chain, preamble.event(Outcome.PERMIT, ReasonCode.OPERATOR, **told))


def _preamble(call: Call, actor: Actor, action: Action, counted: bytes) -> Preamble:
    return Preamble.of(call, actor, action, counted, purpose=PurposeOfUse.MAINTENANCE)


def _told(answer: JobSeen | Denied | CoffreError) -> JobSeen | Denied:
    """Raised once its line and its count are kept: it tells whether the record exists."""
    if isinstance(answer, CoffreError):
        raise answer
    return answer


def _refused_before(vault: Vault, transaction: Transaction, document: Row, plan: _Plan) -> UUID | None:
    """The last discharge of this document into the same record that was tried and refused."""
    last = jobs.latest(vault, transaction.rows, document["record_id"]).get(document["document_id"])
    if last is None or plan.kind is not JobKind.DISCHARGE or last.request.target != plan.target_id:
        return None
    tried = last.request.left is not None  # a proposal that nobody agreed to was opened by no worker
    return last.job_id if tried else last.request.after


def _open_job(vault: Vault, transaction: Transaction, document: Row) -> jobs.Job | None:
    """The proposal or job on a document; a proposal that is over is ended."""
    job = jobs.of_document(vault, transaction.rows, document["record_id"], document["document_id"])
    if job is None or not _is_stale(job, transaction.now_ms):
        return job
    jobs.move(transaction, job, JobState.REFUSED)
    return None


def _check_agrees(job: jobs.Job, plan: _Plan, preamble: Preamble) -> None:
    if job.state is not JobState.PROPOSED:
        raise Conflict("This was decided, and is being carried out.", code="job_in_hand")
    if job.kind is not plan.kind or job.request.target != plan.target_id:
        raise Conflict(
            "Another operator proposed something else for this document: agree to that, or wait until the "
            "proposal ends after a day.",
            code="other_proposal",
        )
    first, second = job.request.first, preamble.actor
    if first is None or second is None or first.person == second.person:
        raise Conflict("A second, different operator has to agree.", code="second_operator")


def _is_stale(job: jobs.Job, now_ms: int) -> bool:
    return job.state is JobState.PROPOSED and job.created_at + PROPOSAL_MS <= now_ms


def _held(transaction: Transaction, document_id: UUID) -> Row:
    """A quarantined document, its record locked."""
    document = transaction.rows.get("document", document_id=document_id)
    record = transaction.rows.get("record", lock=True, record_id=document["record_id"]) if document else None
    if document is None or record is None or record["kind"] != QUARANTINE:
        raise NotFound("There is no such document under quarantine.", code="not_quarantined")
    return document


def _check_reason(reason: str) -> None:
    if not long_enough(reason) or len(reason.strip()) > LONGEST_REASON:
        raise Invalid(
            f"Write why, in {SHORTEST_REASON} to {LONGEST_REASON} characters; it goes on the log.",
            code="reason_missing",
        )
