"""The steps of a submission, numbered as docs/vault.md section 2 numbers them.

1. **Open.** The vault leases the submission to this worker, verifies its depositor as of reception, and
   opens its envelope for a key that this try alone has.
2. **Validate.** Every part is judged in the sandbox and finds its record; what was deposited before is
   recognised; what is kept is packed, so that every byte of a pack belongs to one document.
3. **Adopt**, once for each record: the vault decides, and takes over keys and details
   (`ingestion/worker/adoption.py`).
4. **Publish.** One transaction of the index adds all rows and the verdict: the only instant of visibility.
5. **Settle** (`ingestion/worker/queue/loop.py`): no key opens the submission any more, and what was not
   adopted goes.

The vault and the index share no transaction. A worker may die between any two steps, and another one begins
at step 1 again: each step finds what an earlier try did and goes on from there. Before step 3 nothing of a
try is in a record; after it the vault knows a document that the index doesn't show until step 4.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

from content.sandbox.metering import InHand
from ingestion.answers import seal_answer
from ingestion.envelope import NO_ENVELOPE
from ingestion.grouping import Group, InspectedPart, groups_of
from ingestion.outcomes import JUDGEMENTS, Judgement, refused
from ingestion.worker.adoption import Adoption, Ask
from ingestion.worker.claiming import Claiming
from ingestion.worker.inspection import Inspected
from ingestion.worker.opening import Content, OpenedContent, OpenedSubmission, sealed_blob
from ingestion.worker.packing import (
    PackedGroup,
    Packer,
    Sealing,
)
from ingestion.worker.placing import Differing
from ingestion.worker.planning import follow_plan, planned_judgements, write_plan
from ingestion.worker.publication import AdoptedGroup, publication
from ingestion.worker.queue.loop import Heartbeat, Worker
from ingestion.worker.rejudging import as_planned
from ingestion.worker.spending import Spending
from keyvault.crypto.boxes import new_box_key
from keyvault.verbs.attempt import Denied
from keyvault.verbs.worker.ingest_request import open_for_ingest
from keyvault.verbs.worker.received import ReceivedBlobKey
from records.errors import CoffreError, Conflict
from records.traits import ClaimedTraits, Trait
from records.vocabulary.codes import SubmissionState
from storage.rows import Blob, CpuUse, PartVerdict, Publication, Submission

DEPOSIT = "deposit"


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps 2 to 4 of one try, which what is discharged from quarantine goes through as well.

    `opened` is what step 1 gave; `adopt_by` is the verb of step 3; `differing` what compares traits, where
    several submissions have the same.
    """

    worker: Worker
    submission: Submission
    opened: OpenedSubmission
    in_hand: InHand
    adopt_by: Ask
    differing: Differing | None = None

    @property
    def _id(self) -> UUID:
        return self.submission.submission_id

    # Step 2: every file is a stranger's until the sandbox has judged it, and only then is asked whose it is.

    def validate(self, content: Content) -> Inspected:
        """Every part with its judgement and its record, in the order they came."""
        opened = self.opened
        if self.submission.plan is not None:
            # whether the record still takes deposits is for the vault, which may have adopted this one: to
            # refuse it now would leave a document that is in the record and never shown
            opened = replace(opened, record_state="active")
        return self.worker.inspector.inspect(
            opened, content, self.in_hand, self.differing or self.comparing()
        )

    def comparing(self) -> Differing:
        """Has the vault compare traits with those of the record: a worker never sees these."""

        @cache  # the instances of a study say the same of their person
        def differing(record: str, claims: tuple[ClaimedTraits, ...]) -> frozenset[Trait]:
            found = self.worker.vault.differing_traits(self._id, self.worker.name, record, claims)
            return frozenset(found)

        return differing

    def claim(self, parts: Sequence[InspectedPart]) -> tuple[list[InspectedPart], dict[int, UUID]]:
        """The parts, less what this structure deposited before, and the documents that duplicates repeat.

        Claims come before the first byte is written: of two equal submissions one has to wait for the other.
        The plan comes after them, since its verdicts are those that claims had led to.
        """
        claiming = Claiming(self.worker.index, self.worker.vault, self._id)
        judged, duplicates = claiming.claim(parts, self.opened)
        if self.submission.plan is not None:
            judged = as_planned(judged, planned_judgements(self.submission.plan))
        return judged, duplicates

    def pack(self, parts: Sequence[InspectedPart], content: Content) -> list[PackedGroup]:
        """The blobs of each document to be: those of an earlier try, if one came so far.

        The vault names an adoption by its blobs: packed into others, the same parts would be adopted twice.
        Once there is a plan there is no other. Raises `Conflict` "plan_changed" where it no longer fits.
        """
        document = self.opened.headers.document
        groups = groups_of(parts, document.type_code if document else None)
        plan = self.submission.plan
        if plan is None:
            return self._pack_anew(parts, groups, content)
        followed = follow_plan(plan, groups, self.worker.index.blobs(self._id))
        if followed is None:
            raise Conflict("An earlier try grouped this submission otherwise.", code="plan_changed")
        return followed

    def _pack_anew(
        self, parts: Sequence[InspectedPart], groups: Sequence[Group], content: Content
    ) -> list[PackedGroup]:
        worker = self.worker
        packed = self.packer().pack(groups, content)
        made = [blob for each in packed for blob in each.blobs if blob.role != "received"]
        if packed:
            # rows and plan in one transaction, before the vault hears of any: what it adopts is never lost
            worker.index.add_blobs(self._id, worker.name, made, write_plan(packed, parts))
        return packed

    def packer(self) -> Packer:
        """Writes the blobs of this submission."""
        worker, opened = self.worker, self.opened
        sealing = Sealing(self._id, opened.depositor, opened.day_public)
        renditions = worker.renditions if worker.renders else None
        maker = renditions.maker(self.in_hand, self._id) if renditions else None
        return Packer(worker.index, worker.objects, sealing, worker.now_ms, self.in_hand.heartbeat, maker)

    # Step 3: the decision is the vault's alone, and as of now: a record may have closed since reception.

    def adopt(
        self, parts: Sequence[InspectedPart], packed: Sequence[PackedGroup]
    ) -> tuple[list[InspectedPart], list[AdoptedGroup]]:
        """The parts as the vault left them, and the groups that it adopted."""
        sealed = self.submission.sealed_envelope
        adoption = Adoption(self._id, self.worker.name, sealed, self.opened)
        return adoption.adopt(parts, packed, self.adopt_by)

    # Step 4: all rows at once, or a reader would see half a study and a depositor a verdict without document.

    def rows(
        self, parts: Sequence[InspectedPart], duplicates: dict[int, UUID], adopted: Sequence[AdoptedGroup]
    ) -> Publication:
        """What the index is to show: documents, verdicts, and the names that a waiting request is told."""
        # to the request that waits alone: neither intake nor the index may read UIDs (ADR 3)
        answer = seal_answer(self.opened.headers.answer_key, parts)
        tokens, now = self.worker.vault.tokens, self.worker.now_ms()
        return publication(self._id, parts, duplicates, adopted, tokens, now, answer)

    def publish(self, rows: Publication, spending: Spending) -> None:
        """The instant of visibility. What was spent is counted with it, so that no repeat counts it twice."""
        self.worker.index.publish(self._id, self.worker.name, replace(rows, cpu_use=spending.use()))


class Ingestion:
    """One try at one submission of a depositor."""

    def __init__(
        self,
        worker: Worker,
        submission: Submission,
        *,
        blobs: Sequence[Blob] | None = None,
        beat: Callable[[], None] | None = None,
    ) -> None:
        """`blobs`, `beat`: where several are tried together, its objects, and what is called meanwhile."""
        self._worker = worker
        self.submission = submission
        self.submission_id = submission.submission_id
        self._blobs = worker.index.blobs(self.submission_id) if blobs is None else blobs
        # of this try alone and in memory: what the vault seals to it dies with the process
        self._private, self._public = new_box_key()
        self._spending = Spending(worker, submission)
        # `release_ingest` by the holder of the vault's lease prolongs it, and makes no second event
        self.heartbeat = Heartbeat(worker, self.submission_id, self._spending.count, self._release)
        self._in_hand = InHand(beat or self.heartbeat.beat, self._spending.meter)

    def run(self) -> None:
        """All steps; whatever ends them, what was tried has been spent, too."""
        try:
            opened = self.open()
            if isinstance(opened, Judgement):
                self._reject(opened)
                return
            self.introduce(opened)
            self._ingest(self.steps(opened), self.content(opened))
        finally:
            self.count_spent()

    def introduce(self, opened: OpenedSubmission) -> None:
        """Before any file is examined: from here on its structure pays, and may not be served twice."""
        self._spending.introduce(opened.structure_token)

    def spent(self) -> CpuUse | None:
        """What was spent, to be counted by who publishes it."""
        return self._spending.use()

    def count_spent(self) -> None:
        """Count what was spent, where nothing was published."""
        self._spending.count()

    def _ingest(self, steps: Steps, received: Content) -> None:
        inspected = steps.validate(received)
        parts, duplicates = steps.claim(inspected.parts)
        # not `received`: instances put together from metadata and bulk data lie nowhere as they came
        packed = steps.pack(parts, inspected.content)
        parts, adopted = steps.adopt(parts, packed)
        steps.publish(steps.rows(parts, duplicates, adopted), self._spending)

    # Step 1: without it nothing is known but sizes and times, and nobody else can open while it lasts.

    def open(self) -> OpenedSubmission | Judgement:
        """What the vault opens for this try, or what refuses the submission as a whole."""
        try:
            answer = self._release()
        except CoffreError as error:
            if error.code != "day_key_gone":
                raise
            # the key died with its day (docs/vault.md section 5): no later try could open it either
            return JUDGEMENTS["reception_key_gone"]
        if isinstance(answer, Denied):
            return refused(answer.reason)
        return OpenedSubmission.of(open_for_ingest(self._private, answer, self.submission_id))

    def keys(self) -> list[ReceivedBlobKey]:
        """Of what was received: what an earlier try packed it has sealed itself; the vault opens those keys
        at step 3, for itself.
        """
        return [
            ReceivedBlobKey(blob.blob_id, blob.version, blob.sealed_key)
            for blob in self._blobs
            if blob.role == "received" and blob.sealed_key is not None
        ]

    def _release(self) -> bytes | Denied:
        worker, sealed = self._worker, self.submission.sealed_envelope or NO_ENVELOPE
        return worker.vault.release_ingest(
            self.submission_id, worker.name, self._public, sealed, self.keys(), worker.lease_ms
        )

    def steps(self, opened: OpenedSubmission) -> Steps:
        """What follows step 1."""
        return Steps(self._worker, self.submission, opened, self._in_hand, self._worker.vault.adopt)

    def content(self, opened: OpenedSubmission) -> OpenedContent:
        """What was received, to be taken over as it is where one document takes all of it."""
        # there is one: intake seals all parts of a request into a single blob
        received = next(blob for blob in self._blobs if blob.role == "received")
        key = opened.keys[received.blob_id, received.version]
        return OpenedContent(self._worker.objects, sealed_blob(received), key, blob=received)

    def _reject(self, judgement: Judgement) -> None:
        rows = rejection(judgement, self._worker.now_ms())
        self._worker.index.publish(self.submission_id, self._worker.name, rows)


def rejection(judgement: Judgement, now_ms: int) -> Publication:
    """Step 4 where the vault wouldn't open it: one verdict for the whole, of which no part is known."""
    part = PartVerdict(
        number=1, outcome=judgement.outcome.value, code=judgement.code, reason=judgement.reason
    )
    return Publication(state=SubmissionState.REJECTED.value, finished_at=now_ms, parts=(part,))
