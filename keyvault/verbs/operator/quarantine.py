"""The verbs of quarantine, for operators: list, discharge into a record, destroy.

Two operators decide: the first one's call is a proposal, the second's the same call again (docs/vault.md
section 3, R48). Nothing of the content is opened here, and no identity is answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.context import QUARANTINE, OpenedRecord, Transaction, Vault
from keyvault.keys.cards import open_facts
from keyvault.log.appending import Chain, Event
from keyvault.quotas import Touch
from keyvault.store import Row, VaultTransaction
from keyvault.verbs import jobs
from keyvault.verbs.attempt import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.housekeeper.retiring import erase_quarantined
from records.actors import Actor
from records.actors_json import actor_from_json, actor_to_json
from records.emergency import SHORTEST_REASON
from records.errors import CoffreError, Conflict, Invalid, NotFound
from records.policy import AccessRequest, Deny, Facts, RecordFacts, decide
from records.vocabulary.codes import (
    Action,
    JobKind,
    JobState,
    Outcome,
    PurposeOfUse,
    ReasonCode,
    RecordState,
)

PROPOSAL_MS = 24 * 3_600_000
LONGEST_REASON = 500
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job as an operator sees it; `created_at` is ms. It repeats the release refused as `after`, if any."""

    job_id: UUID
    kind: str
    state: str
    created_at: int
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A quarantined document: who deposited it, since when (ms), what was asked of it last."""

    document_id: UUID
    structure: str = field(repr=False)
    since: int
    job: JobSeen | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What two operators agree on."""

    kind: JobKind
    action: Action
    target: OpenedRecord | None
    chain: Chain
    asked: dict[str, Any]


class QuarantineVerbs:
    """Part of the operator's door."""

    _vault: Vault

    def quarantined(self, call: Call, documents: Sequence[UUID]) -> tuple[SetAside, ...] | Denied:
        """Those of the documents that lie under quarantine, with their depositor. Logged on chain 0."""
        vault, actor = self._vault, caller(self._vault, call, "quarantined", documents=documents)
        if len(documents) > MOST_AT_ONCE:
            raise Invalid(f"Ask for at most {MOST_AT_ONCE} documents at once.", code="too_many_documents")
        with vault.transaction() as transaction:
            denied = _denied(vault, transaction, call, actor, Action.REVIEW_QUARANTINE, _nowhere())
            if denied is not None:
                return denied
            rows = transaction.rows.find("document", document_id__in=list(documents))
            found = [each for row in rows if (each := self._set_aside(transaction.rows, row)) is not None]
            details = {"documents": len(found)}
            _log(transaction, vault.system_chain, call, actor, Action.REVIEW_QUARANTINE, details)
        return tuple(sorted(found, key=lambda each: (each.since, each.document_id)))

    def _set_aside(self, tx: VaultTransaction, row: Row) -> SetAside | None:
        record_row = tx.get("record", record_id=row["record_id"])
        if record_row is None or record_row["kind"] != QUARANTINE:
            return None
        record = self._vault.open(tx, record_row)
        facts = open_facts(record.card, [row])[row["document_id"]]
        job = jobs.latest(self._vault, tx, row["record_id"]).get(row["document_id"])
        return SetAside(
            row["document_id"],
            facts.author_structure,
            row["created_at"],
            _seen(job, job.state) if job else None,
        )

    def release_quarantined(
        self, call: Call, document_id: UUID, record: str, reason: str
    ) -> JobSeen | Denied:
        """Propose the release of a document into a record, or agree to another operator's proposal.

        The answer's state is "proposed", or "queued" once two agree. Raises `Conflict` "second_operator",
        "other_proposal", "job_in_hand"; `NotFound` "not_quarantined".
        """
        vault = self._vault

        def plan(transaction: Transaction, row: Row | None) -> _Plan:
            target = vault.open(transaction.rows, row, lock=row is not None)
            named = {"target": str(target.row["record_id"]), "reason": reason}
            return _Plan(JobKind.RELEASE, Action.RELEASE, target, vault.chain_of(target), named)

        return self._agree(call, document_id, reason, plan, record)

    def destroy_quarantined(self, call: Call, document_id: UUID, reason: str) -> JobSeen | Denied:
        """Propose the destruction of a document, or agree to it: its keys are erased in that transaction.

        Raises what `release_quarantined` raises. The answer's state is "proposed" or "adopted".
        """
        vault = self._vault

        def plan(*_: object) -> _Plan:
            return _Plan(JobKind.DESTROY, Action.DESTROY, None, vault.system_chain, {"reason": reason})

        return self._agree(call, document_id, reason, plan)

    def _agree(
        self,
        call: Call,
        document_id: UUID,
        reason: str,
        plan_of: Callable[[Transaction, Row | None], _Plan],
        record: str | None = None,
    ) -> JobSeen | Denied:
        _check_reason(reason)
        vault = self._vault
        asked = {"document_id": document_id, "reason": reason}
        if record is None:
            actor = caller(vault, call, "destroy_quarantined", **asked)
        else:
            actor = caller(vault, call, "release_quarantined", record=record, **asked)
        with vault.transaction() as transaction:
            row = vault.find_record(transaction.rows, record) if record is not None else None
            touched = vault.touched(row, document_id if record is None else record)
            over = transaction.over_quota(Touch(actor, touched))  # before anything is opened
            plan = plan_of(transaction, row)
            facts = plan.target.facts if plan.target is not None else _nowhere()
            denied = _denied(vault, transaction, call, actor, plan.action, facts, over=over)
            if denied is not None:
                return denied
            answer = self._decided(transaction, call, actor, plan, document_id)
        if isinstance(answer, CoffreError):
            raise answer  # once its line and its count are kept: it tells whether the record exists
        return answer

    def _decided(
        self, transaction: Transaction, call: Call, actor: Actor, plan: _Plan, document_id: UUID
    ) -> JobSeen | CoffreError:
        """What becomes of a permitted question; one that comes to nothing has its line as well."""
        try:
            document = _held(self._vault, transaction, document_id)
            job = _open_job(self._vault, transaction, document)
            if job is not None:
                _check_agrees(job, plan, actor)
        except (Conflict, NotFound) as error:
            refused = (
                ReasonCode.NO_SUCH_DOCUMENT if isinstance(error, NotFound) else ReasonCode.NOT_AUTHORISED
            )
            details = {"refused": error.code}
            _log(
                transaction,
                self._vault.system_chain,
                call,
                actor,
                plan.action,
                details,
                document_id,
                None,
                refused,
            )
            return error
        if job is None:
            return self._propose(transaction, call, actor, plan, document)
        return self._second(transaction, call, actor, plan, document, job)

    def _propose(
        self, transaction: Transaction, call: Call, actor: Actor, plan: _Plan, document: Row
    ) -> JobSeen:
        vault = self._vault
        first = actor_to_json(actor)
        asked = {"document": str(document["document_id"]), "first": first, **plan.asked}
        after = _refused_before(vault, transaction, document, plan)
        if after is not None:
            asked["after"] = after
        job = jobs.create(vault, transaction, plan.kind, JobState.PROPOSED, document["record_id"], asked)
        details = {"step": "proposed", "reason": plan.asked["reason"]}
        _log(transaction, vault.system_chain, call, actor, plan.action, details, document["document_id"])
        return _seen(job, JobState.PROPOSED)

    def _second(
        self, transaction: Transaction, call: Call, actor: Actor, plan: _Plan, document: Row, job: jobs.Job
    ) -> JobSeen:
        """Both operators are on the log before anything can be opened or is erased."""
        first = actor_from_json(job.asked["first"])
        details = {"step": "agreed", "reason": job.asked["reason"], "operators": 2}
        public_id = plan.target.row["public_id"] if plan.target is not None else None
        for each in (first, actor):
            _log(
                transaction, plan.chain, call, each, plan.action, details, document["document_id"], public_id
            )
        jobs.move(transaction, job, JobState.QUEUED)
        state = JobState.QUEUED
        if plan.kind is JobKind.DESTROY:
            erase_quarantined(transaction, document)
            transaction.rows.update("job", {"state": JobState.ADOPTED.value}, job_id=job.job_id)
            state = JobState.ADOPTED
        return _seen(job, state)


def _seen(job: jobs.Job, state: JobState) -> JobSeen:
    after = job.asked.get("after")
    return JobSeen(job.job_id, job.kind.value, state.value, job.created_at, UUID(after) if after else None)


def _refused_before(vault: Vault, transaction: Transaction, document: Row, plan: _Plan) -> str | None:
    """The last release of this document into the same record that was tried and refused."""
    last = jobs.latest(vault, transaction.rows, document["record_id"]).get(document["document_id"])
    if last is None or plan.kind is not JobKind.RELEASE or last.asked.get("target") != plan.asked["target"]:
        return None
    tried = "left" in last.asked  # a proposal that nobody agreed to was opened by no worker
    return str(last.job_id) if tried else last.asked.get("after")


def _open_job(vault: Vault, transaction: Transaction, document: Row) -> jobs.Job | None:
    """The proposal or job on a document; a proposal that is over is ended."""
    job = jobs.of_document(vault, transaction.rows, document["record_id"], document["document_id"])
    if job is None or not _is_stale(job, transaction.now_ms):
        return job
    jobs.move(transaction, job, JobState.REFUSED)
    return None


def _check_agrees(job: jobs.Job, plan: _Plan, actor: Actor) -> None:
    if job.state is not JobState.PROPOSED:
        raise Conflict("This was decided, and is being carried out.", code="job_in_hand")
    if job.kind is not plan.kind or job.asked.get("target") != plan.asked.get("target"):
        raise Conflict(
            "Another operator proposed something else for this document: agree to that, or wait until the "
            "proposal ends after a day.",
            code="other_proposal",
        )
    first = actor_from_json(job.asked["first"])
    if (first.issuer, first.subject) == (actor.issuer, actor.subject):
        raise Conflict("A second, different operator has to agree.", code="second_operator")


def _is_stale(job: jobs.Job, now_ms: int) -> bool:
    return job.state is JobState.PROPOSED and job.created_at + PROPOSAL_MS <= now_ms


def _held(vault: Vault, transaction: Transaction, document_id: UUID) -> Row:
    """A quarantined document, its record locked."""
    document = transaction.rows.get("document", document_id=document_id)
    record = transaction.rows.get("record", lock=True, record_id=document["record_id"]) if document else None
    if document is None or record is None or record["kind"] != QUARANTINE:
        raise NotFound("There is no such document under quarantine.", code="not_quarantined")
    return document


def _check_reason(reason: str) -> None:
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON:
        raise Invalid(
            f"Write why, in {SHORTEST_REASON} to {LONGEST_REASON} characters; it goes on the log.",
            code="reason_missing",
        )


def _nowhere() -> RecordFacts:
    return RecordFacts(RecordState.ACTIVE, None)


def _denied(
    vault: Vault,
    transaction: Transaction,
    call: Call,
    actor: Actor,
    action: Action,
    facts: RecordFacts,
    *,
    over: bool = False,
) -> Denied | None:
    request = AccessRequest(actor, action, PurposeOfUse.MAINTENANCE, transaction.now, call.reason)
    decision = Deny(ReasonCode.QUOTA_EXCEEDED) if over else decide(request, Facts(facts))
    if not isinstance(decision, Deny):
        return None
    _log(transaction, vault.system_chain, call, actor, action, {}, None, None, decision.reason)
    return Denied(decision.reason)


def _log(
    transaction: Transaction,
    chain: Chain,
    call: Call,
    actor: Actor,
    action: Action,
    details: dict[str, Any],
    document_id: UUID | None = None,
    record: UUID | None = None,
    refused: ReasonCode | None = None,
) -> None:
    transaction.append(
        chain,
        Event(
            action=action,
            outcome=Outcome.DENY if refused else Outcome.PERMIT,
            reason=refused or ReasonCode.OPERATOR,
            purpose=PurposeOfUse.MAINTENANCE,
            actor=actor,
            record=record,
            object_id=str(document_id) if document_id else None,
            details=details,
        ),
    )
