"""Steps 2 to 4 of one try at a submission, as `ingestion/worker/pipeline.py` numbers them.

A discharge from quarantine goes through them as well (`ingestion/jobs/discharge.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

from content.sandbox.metering import InHand
from ingestion.answers import seal_answer
from ingestion.grouping import Group, InspectedPart, groups_of
from ingestion.worker.adoption import Adoption, Ask
from ingestion.worker.duplicates import Claiming
from ingestion.worker.inspection import Inspected
from ingestion.worker.opening import Content, OpenedSubmission
from ingestion.worker.packing import PackedGroup, Packer, Sealing
from ingestion.worker.placing import Differing
from ingestion.worker.planning import follow_plan, planned_judgements, write_plan
from ingestion.worker.publication import AdoptedGroup, publication
from ingestion.worker.queue.loop import Worker
from ingestion.worker.rejudging import as_planned, kept_together
from ingestion.worker.spending import Spending
from records.errors import Conflict
from records.people.traits import ClaimedTraits, Trait
from storage.rows.publications import Publication
from storage.rows.submissions import Submission


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
        inspected = self.worker.inspector.inspect(
            opened, content, self.in_hand, self.differing or self.comparing()
        )
        return replace(inspected, parts=self._whole_at_first(inspected.parts))

    def type_code(self, part: int) -> str | None:
        """The type that was declared of a part."""
        return self.opened.headers.declared(part).type_code

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
        judged = self._whole_at_first(judged)
        if self.submission.plan is not None:
            judged = as_planned(judged, planned_judgements(self.submission.plan))
        return judged, duplicates

    def pack(self, parts: Sequence[InspectedPart], content: Content) -> list[PackedGroup]:
        """The blobs of each document to be: those of an earlier try, if one came so far.

        The vault names an adoption by its blobs: packed into others, the same parts would be adopted twice.
        Once there is a plan there is no other. Raises `Conflict` "plan_changed" where it no longer fits.
        """
        groups = groups_of(parts, self.type_code)
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
        maker = renditions.maker(self.in_hand, self._brought_by()) if renditions else None
        return Packer(worker.index, worker.objects, sealing, worker.now_ms, self.in_hand.heartbeat, maker)

    def _brought_by(self) -> Sequence[bytes]:
        """Depositor and record; a submission that names no record is one of its own."""
        record = self.opened.expected_ins
        return (self.opened.depositor, record.encode()) if record else (self._id.bytes,)

    # Step 3: the decision is the vault's alone, and as of now: a record may have closed since reception.

    def adopt(
        self, parts: Sequence[InspectedPart], packed: Sequence[PackedGroup]
    ) -> tuple[list[InspectedPart], list[AdoptedGroup]]:
        """The parts as the vault left them, and the groups that it adopted."""
        sealed = self.submission.sealed_envelope
        adoption = Adoption(self._id, self.worker.name, sealed, self.opened)
        judged, adopted = adoption.adopt(parts, packed, self.adopt_by)
        return self._whole(judged), adopted

    def _whole_at_first(self, parts: Sequence[InspectedPart]) -> list[InspectedPart]:
        """A plan says what its try had judged of the whole, and the vault may have adopted by that."""
        return [*parts] if self.submission.plan is not None else self._whole(parts)

    def _whole(self, parts: Sequence[InspectedPart]) -> list[InspectedPart]:
        return kept_together(parts) if self.opened.headers.documents else [*parts]

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
