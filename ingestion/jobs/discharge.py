"""Release from quarantine: the set-aside part goes through the ordinary pipeline, into the record that two
operators named.

Until the one transaction that publishes it the part is under quarantine, after it in the record, and nowhere
twice. What is still not good stays where it is. The content decides before the operators do: an INS that
contradicts the record is not overruled. Traits that differ are, by operators who were told which: when the
part was set aside, or by a release into the same record that was refused. The document, its line on the log
and its verdict carry the warnings.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from ingestion.envelope import DICOM, SubmissionHeaders
from ingestion.grouping import InspectedPart
from ingestion.jobs.maintenance import AdoptedContent, JobTry
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome
from ingestion.worker.inspection import overruled
from ingestion.worker.opening import Content, OpenedSubmission
from ingestion.worker.packing import PackedGroup
from ingestion.worker.pipeline import Ingestion, Worker
from keyvault.crypto.sealed_blob import SealedBlob
from keyvault.keys.reception import ReceivedPart
from keyvault.verbs.attempt import Denied
from keyvault.verbs.worker.adopt_request import Adopted, AdoptRequest
from keyvault.verbs.worker.opening_jobs import ForMaintenance
from records.details import DocumentDetails, SetAside, damaged
from records.errors import NotFound
from records.vocabulary.codes import SubmissionState
from records.vocabulary.person_warnings import OTHER_PERSON
from storage.rows import Blob, Publication, QuarantinedPart, Removal, Submission
from storage.rows import Part as Verdict

RELEASED = "released"
PUBLISHED = SubmissionState.PUBLISHED.value


class Release(Ingestion):
    """One try at one release."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        super().__init__(worker, submission)
        self._job = JobTry(worker, submission)
        self._aside: QuarantinedPart = _set_aside(worker, self._job.in_hand.document_id)
        self._told = {self._aside.reason}
        self._sealed: SealedBlob | None = None
        self._dek = b""

    def _open(self) -> OpenedSubmission:
        """The quarantined part as a submission of its own, for the record that was named."""
        opened, aside = self._job.open(), self._aside
        self._sealed, self._dek = opened.blobs[aside.blob_id]
        if opened.target["after"] is not None:
            before = self._worker.index.parts(UUID(opened.target["after"]))
            self._told |= {part.reason for part in before}
        return _as_deposited(opened, aside, self._dek)

    @property
    def _received(self) -> Blob:
        blobs = self._worker.index.blobs(self._aside.submission_id)
        place = (self._aside.blob_id, self._aside.version)
        return next(blob for blob in blobs if (blob.blob_id, blob.version) == place)

    def _prolong(self) -> None:
        self._worker.vault.hold_job(self._id, self._worker.name, self._worker.lease_ms)

    def _claim(
        self, parts: Sequence[InspectedPart], opened: OpenedSubmission
    ) -> tuple[list[InspectedPart], dict[int, UUID]]:
        return super()._claim([_again(part, self._told) for part in parts], opened)

    def _pack(
        self, parts: Sequence[InspectedPart], opened: OpenedSubmission, content: Content
    ) -> list[PackedGroup]:
        """Sealed anew, under a key of the record's: the quarantine's key dies with it."""
        assert self._sealed is not None
        copied = AdoptedContent(self._worker.objects, self._sealed, self._dek)
        return super()._pack(parts, opened, copied)

    def _adopt_one(self, request: AdoptRequest) -> Adopted | Denied:
        return self._worker.vault.adopt_job(request)

    def _finished(self, rows: Publication) -> Publication:
        """With the verdict that the part's own submission has from now on, if it is in the record.

        A duplicate stays: what the vault adopted nothing of, it has not let go of, and two operators destroy.
        """
        (part,) = rows.parts
        if part.outcome != PartOutcome.PUBLISHED:
            return rows
        return replace(rows, removal=removal_of(self._aside, _verdict(self._aside, part)))


def removal_of(aside: QuarantinedPart, verdict: Verdict) -> Removal:
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


def _as_deposited(opened: ForMaintenance, aside: QuarantinedPart, dek: bytes) -> OpenedSubmission:
    details = opened.details[-1]
    declared = details.set_aside or SetAside()
    headers = {"kind": declared.kind or DICOM, "document": declared.document}
    part = ReceivedPart(aside.blob_id, aside.offset, aside.length, _sha256(details))
    ins = opened.target["ins"]
    return OpenedSubmission(
        received=details.received,
        headers=SubmissionHeaders.of_json(headers),
        parts=(part,),
        keys={(aside.blob_id, aside.version): dek},
        structure=opened.structure,
        structure_token=bytes(32),  # what two operators decided is nobody's turn
        depositor=bytes(32),
        record_state=opened.target["state"],
        expected_ins=ins,
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


def _verdict(aside: QuarantinedPart, part: Verdict) -> Verdict:
    judgement = JUDGEMENTS[RELEASED]
    warned = [] if part.code == "published" else [part.reason]
    return Verdict(
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
    verdict = Verdict(
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
