"""Discharge from quarantine: the set-aside part goes through the ordinary steps, into the record that two
operators named.

Until the one transaction that publishes it the part is under quarantine, after it in the record, and nowhere
twice. What is still not good stays where it is. The content decides before the operators do: an INS that
contradicts the record is not overruled. Traits that differ are, by operators who were told which: when the
part was set aside, or by a discharge into the same record that was refused. The document, its line on the log
and its verdict carry the warnings.
"""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from content.sandbox.metering import InHand
from ingestion.envelope import DICOM, SubmissionHeaders
from ingestion.grouping import InspectedPart
from ingestion.jobs.maintenance import JobTry
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome
from ingestion.worker.opening import OpenedContent, OpenedSubmission
from ingestion.worker.queue.heartbeat import Heartbeat
from ingestion.worker.queue.loop import Worker
from ingestion.worker.rejudging import overruled
from ingestion.worker.spending import Spending
from ingestion.worker.steps import Steps
from keyvault.keys.reception import ReceivedPart
from keyvault.verbs.worker.jobs.opening_jobs import ForMaintenance, Target
from records.documents.details import DocumentDetails, SetAside, damaged
from records.documents.instances import newest
from records.errors import NotFound
from records.vocabulary.codes import SubmissionState
from records.vocabulary.person_warnings import OTHER_PERSON
from storage.rows.publications import Publication, Removal
from storage.rows.submissions import PartVerdict, QuarantinedPart, Submission

DISCHARGED = "released"
"""The code of the verdict, which depositors have read since 0.1.0."""
NOBODYS_TURN = bytes(32)
"""The structure that a discharge is counted for: what two operators decided is no depositor's."""
PUBLISHED = SubmissionState.PUBLISHED.value


class Discharge:
    """One try at one discharge; its steps are numbered as those of a submission."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self._worker = worker
        self._submission = submission
        self._job = JobTry(worker, submission)
        self._aside = _set_aside(worker, self._job.in_hand.document_id)
        self._spending = Spending(worker, submission)
        heartbeat = Heartbeat(worker, submission.submission_id, self._spending.count, self._job.hold)
        self._in_hand = InHand(heartbeat.beat, self._spending.meter)

    def run(self) -> None:
        """All steps; whatever ends them, what was tried has been spent, too."""
        try:
            self._discharge(self._job.open())  # step 1: the job is leased in the submission's place
        finally:
            self._spending.count()

    def _discharge(self, opened: ForMaintenance) -> None:
        worker, aside = self._worker, self._aside
        sealed, dek = opened.blobs[aside.blob_id]
        target = opened.target
        assert target is not None  # the vault names it for each discharge
        deposited = _as_deposited(opened, target, aside, dek)
        self._spending.introduce(deposited.structure_token)
        steps = Steps(worker, self._submission, deposited, self._in_hand, worker.vault.adopt_job)
        # read as it lies and never taken over: the quarantine's key dies with it, the record's seals anew
        content = OpenedContent(worker.objects, sealed, dek)
        inspected = steps.validate(content)
        told = self._told(target)
        # before anything is claimed: what stays under quarantine must hold no claim that others wait for
        parts, duplicates = steps.claim([_again(part, told) for part in inspected.parts])
        packed = steps.pack(parts, inspected.content)
        parts, adopted = steps.adopt(parts, packed)
        steps.publish(self._with_removal(steps.rows(parts, duplicates, adopted)), self._spending)

    def _told(self, target: Target) -> frozenset[str]:
        """The sentences that the operators could read before they decided."""
        before = self._worker.index.parts(target.after) if target.after is not None else []
        return frozenset((self._aside.reason, *(part.reason for part in before)))

    def _with_removal(self, rows: Publication) -> Publication:
        """With the verdict that the part's own submission has from now on, if it is in the record.

        A duplicate stays: what the vault adopted nothing of, it has not let go of, and two operators destroy.
        """
        (part,) = rows.parts
        # compared with the outcome, not the code: what is published with warnings has theirs
        if part.outcome != PartOutcome.PUBLISHED:
            return rows
        return replace(rows, removal=removal_of(self._aside, _verdict(self._aside, part)))


def removal_of(aside: QuarantinedPart, verdict: PartVerdict) -> Removal:
    """A quarantined document leaves the index, and its part has another verdict."""
    return Removal(
        document_id=aside.document_id,
        submissions=frozenset({aside.submission_id}),
        blobs=frozenset({(aside.blob_id, aside.version)}),
        whole=True,
        verdict=(aside.submission_id, verdict),
    )


def _set_aside(worker: Worker, document_id: UUID) -> QuarantinedPart:
    found = worker.index.quarantined_document(document_id)
    if found is None:
        raise NotFound("The document of this job isn't in the index.", code="no_such_document")
    return found


def _as_deposited(
    opened: ForMaintenance, target: Target, aside: QuarantinedPart, dek: bytes
) -> OpenedSubmission:
    """The quarantined part as a submission of its own, for the record that was named."""
    details = newest(opened.details)
    declared = details.set_aside or SetAside()
    headers = {"kind": declared.kind or DICOM, "document": declared.document}
    return OpenedSubmission(
        received=details.received,
        headers=SubmissionHeaders.of_json(headers),
        parts=(ReceivedPart(aside.blob_id, aside.offset, aside.length, _sha256(details)),),
        keys={(aside.blob_id, aside.version): dek},
        structure=opened.structure,
        structure_token=NOBODYS_TURN,
        depositor=bytes(32),
        record_state=target.state,
        expected_ins=target.ins,
        day_public=opened.day_public,
    )


def _sha256(details: DocumentDetails) -> bytes:
    if details.content is None:
        raise damaged()
    return details.content.place.sha256


def _again(part: InspectedPart, told: Collection[str]) -> InspectedPart:
    """What two operators may overrule, and what stays under quarantine.

    `told`: the sentences that they could read before they decided. They name the traits that differ.
    """
    judgement = part.judgement
    if judgement.code == OTHER_PERSON and judgement.reason in told:
        return overruled(part)
    if judgement.outcome is PartOutcome.QUARANTINED:
        return replace(part, judgement=Judgement(PartOutcome.REJECTED, judgement.code, judgement.reason))
    return part


def _verdict(aside: QuarantinedPart, part: PartVerdict) -> PartVerdict:
    judgement = JUDGEMENTS[DISCHARGED]
    warned = [] if part.code == "published" else [part.reason]
    return PartVerdict(
        number=aside.number,
        outcome=part.outcome,
        code=judgement.code,
        reason=" ".join((judgement.reason, *warned)),
        document_id=part.document_id,
    )


def destroyed(worker: Worker, submission: Submission) -> Publication:
    """What the index has to show once the vault has erased the keys of a quarantined document."""
    in_hand = worker.vault.job(submission.submission_id)
    aside = _set_aside(worker, in_hand.document_id)
    judgement = JUDGEMENTS["destroyed"]
    verdict = PartVerdict(
        number=aside.number, outcome=judgement.outcome.value, code=judgement.code, reason=judgement.reason
    )
    removal = removal_of(aside, verdict)
    return Publication(state=PUBLISHED, finished_at=worker.now_ms(), parts=(), removal=removal)


class Destruction:
    """One try at taking a destroyed document out of the index."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self._worker = worker
        self._submission = submission

    def run(self) -> None:
        rows = destroyed(self._worker, self._submission)
        self._worker.index.publish(self._submission.submission_id, self._worker.name, rows)
