"""Small deposits of one depositor that waited together: their steps share transactions and calls.

Each keeps what is its own: credential check, count, decision, details key, event, verdict and answer. The
steps are those of `ingestion/worker/pipeline.py`, in the same order, each of them for all; adoption is for
those of one record. Whatever is not plain for one of them, such as bytes that were deposited before or an
identifier or labels to be claimed, has that one tried alone, in its own turn; where a shared step fails, all
of them are. Each step finds then what was done by this one, as it does after a crash. A file that takes long
goes on alone, and the others are published before it ends (docs/adr/0019-shared-steps.md).
"""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from uuid import UUID

from ingestion.answers import seal_answer
from ingestion.envelope import NO_ENVELOPE
from ingestion.grouping import InspectedPart, groups_of
from ingestion.outcomes import refused
from ingestion.worker.adoption import Adoption
from ingestion.worker.opening import OpenedSubmission
from ingestion.worker.packing import PackedGroup
from ingestion.worker.part_tokens import tokens_of_all
from ingestion.worker.pipeline import Ingestion, rejection
from ingestion.worker.placing import Differing
from ingestion.worker.planning import write_plan
from ingestion.worker.publication import AdoptedGroup, publication, token_values
from ingestion.worker.queue.loop import LetGo, Worker, code_of
from ingestion.worker.queue.putting_off import Stopping
from ingestion.worker.steps import Steps
from keyvault.crypto.boxes import new_box_key
from keyvault.verbs.call import Denied
from keyvault.verbs.worker.deposits.ingest_request import IngestRequest, open_for_ingest
from records.errors import CoffreError
from records.people.traits import ClaimedTraits, Trait
from storage.rows.publications import Publication
from storage.rows.submissions import Blob, NewPlan, Submission

log = logging.getLogger("coffre.ingestion")
LONGEST_S = 2.0
"""Who is in hand so long after the claim goes on alone: nobody waits longer for another's file."""


@dataclass
class _Deposit:
    """One of the submissions, as far as it has come."""

    one: Ingestion
    steps: Steps
    parts: list[InspectedPart] = field(default_factory=list)
    packed: list[PackedGroup] = field(default_factory=list)
    adopted: list[AdoptedGroup] = field(default_factory=list)

    @property
    def submission_id(self) -> UUID:
        return self.steps.submission.submission_id

    @property
    def made(self) -> tuple[Blob, ...]:
        """The objects that were written for it."""
        return tuple(blob for each in self.packed for blob in each.blobs if blob.role != "received")


class SharedIngestion:
    """One try at several submissions of one depositor, none of which was tried before."""

    def __init__(self, worker: Worker, submissions: Sequence[Submission]) -> None:
        self._worker = worker
        self._private, self._public = new_box_key()
        # the beat prolongs the lease of the one in hand alone: those of the others have to outlast all steps
        self._until = time.monotonic() + min(LONGEST_S, worker.lease_ms / 4000)
        blobs = worker.index.blobs_of([each.submission_id for each in submissions])
        sizes = (sum(blob.plaintext_size for blob in found) for found in blobs.values())
        self.suits = max(sizes) <= worker.sharing.largest
        self._all = {
            each.submission_id: Ingestion(worker, each, blobs=blobs[each.submission_id], beat=self._beat)
            for each in submissions
        }
        self._waiting: list[_Deposit] = []
        self._ready: list[_Deposit] = []
        self._refused: dict[UUID, Publication] = {}
        self._compared: dict[tuple[str, tuple[ClaimedTraits, ...]], frozenset[Trait]] = {}

    def run(self, let_go: LetGo) -> Collection[UUID]:
        """The submissions that were published; what is told neither here nor by `let_go` is tried alone."""
        self._let_go = let_go
        try:
            self._waiting = self._open()
            while self._waiting:
                self._in_hand = self._waiting.pop(0)
                if self._is_prepared(self._in_hand):
                    self._ready.append(self._in_hand)
            return self._finished()
        finally:
            self._count_spent(self._all)

    def _beat(self) -> None:
        """Called for each piece: the one in hand keeps its leases, and the others don't wait for it."""
        self._in_hand.one.heartbeat.beat()
        if len(self._all) > 1 and time.monotonic() > self._until:
            self._part()

    def _part(self) -> None:
        """Publish what is ready and let the rest go: the one in hand goes on alone, and isn't begun again."""
        own = self._in_hand.submission_id
        others, published = self._all.keys() - {own}, frozenset[UUID]()
        try:
            published = frozenset(self._finished())
        except Exception as error:  # they are tried alone, as after any shared step that fails
            log.warning("shared steps failed", extra={"code": code_of(error)})
        self._count_spent(others - published)
        self._all, self._waiting, self._ready, self._refused = {own: self._in_hand.one}, [], [], {}
        self._let_go(published, others - published)

    def _finished(self) -> Collection[UUID]:
        """Steps 3 and 4 of what is ready, with what the vault refused to open."""
        rows = self._refused | self._publications(self._adopted(self._planned(self._ready)))
        self._refused = {}
        if rows:
            self._worker.index.publish_many(self._worker.name, rows)
        return rows.keys()

    def _count_spent(self, submission_ids: Iterable[UUID]) -> None:
        """What was tried has been spent, whatever came of it."""
        for submission_id in submission_ids:
            self._all[submission_id].count_spent()

    # Step 1: one transaction of the vault, in which each is checked and counted for itself.

    def _open(self) -> list[_Deposit]:
        worker, ones = self._worker, list(self._all.values())
        requests = [
            IngestRequest(one.submission_id, one.submission.sealed_envelope or NO_ENVELOPE, tuple(one.keys()))
            for one in ones
        ]
        answers = worker.vault.release_ingest_many(worker.name, self._public, requests, worker.lease_ms)
        opened = []
        for one, answer in zip(ones, answers, strict=True):
            if isinstance(answer, Denied):
                self._refused[one.submission_id] = rejection(refused(answer.reason), worker.now_ms())
                continue
            with suppress(CoffreError):  # an envelope that can't be read is told of where it is tried alone
                found = open_for_ingest(self._private, answer, one.submission_id)
                opened.append(_Deposit(one, one.steps(OpenedSubmission.of(found))))
        for each in opened:
            each.one.introduce(each.steps.opened)
            each.steps = replace(each.steps, differing=self._comparing(each.steps))
        return opened

    def _comparing(self, steps: Steps) -> Differing:
        """Asks the vault under this one's lease, unless another one's file claimed the same of the person."""
        own = steps.comparing()

        def differing(record: str, claims: tuple[ClaimedTraits, ...]) -> frozenset[Trait]:
            if (record, claims) not in self._compared:
                self._compared[record, claims] = own(record, claims)
            return self._compared[record, claims]

        return differing

    # Step 2, one after another; then claims, objects and plans of all in one transaction of the index.

    def _is_prepared(self, deposit: _Deposit) -> bool:
        """Validated and packed; False where it is not plain, or fails: then it is tried alone."""
        steps = deposit.steps
        try:
            content = deposit.one.content(steps.opened)
            inspected = steps.validate(content)
            deposit.parts = inspected.parts
            headers = steps.opened.headers
            groups = groups_of(deposit.parts, steps.type_code)
            identified = headers.declared(1).identifier() is not None
            claims_more = identified or headers.labels or headers.entry or headers.documents
            if inspected.content is not content or claims_more or len(groups) > 1:
                return False
            deposit.packed = steps.packer().pack(groups, content)
        except Stopping:
            raise
        except Exception:  # whatever it is, it is this one's alone
            return False
        return True

    def _planned(self, ready: Sequence[_Deposit]) -> list[_Deposit]:
        """Those that may be adopted, or of which there is nothing to adopt."""
        packed = [each for each in ready if each.packed]
        tokens = tokens_of_all(self._worker.vault, [(each.steps.opened, each.parts) for each in packed])
        plans = [
            NewPlan(each.submission_id, own, each.made, write_plan(each.packed, each.parts))
            for each, own in zip(packed, tokens, strict=True)
            if own is not None
        ]
        # plans before the vault hears of any, as for one alone; not added is whose bytes are held by now
        added = self._worker.index.add_plans(self._worker.name, plans) if plans else frozenset()
        for each in packed:
            if each.submission_id not in added:
                self._discard(each)
        return [each for each in ready if not each.packed or each.submission_id in added]

    def _discard(self, deposit: _Deposit) -> None:
        """What was packed for nothing; what isn't deleted now, the sweeper deletes."""
        for blob in deposit.made:
            with suppress(CoffreError):
                self._worker.objects.delete(blob.blob_id, blob.version)
                self._worker.index.end_upload(blob.blob_id, blob.version)

    # Step 3: a transaction of the vault for each record, in which each has its own decision, key and event.

    def _adopted(self, going: Sequence[_Deposit]) -> list[_Deposit]:
        """Those that the vault answered; what fails in one record leaves those of other records alone."""
        by_record: dict[str | UUID, list[_Deposit]] = {}
        for each in going:
            if each.packed:
                # what names nobody is set aside, each in a record of its own
                by_record.setdefault(each.packed[0].group.record or each.submission_id, []).append(each)
        answered = [each for each in going if not each.packed]
        for some in by_record.values():
            try:
                self._adopt(some)
            except Exception as error:
                log.warning("shared steps failed", extra={"code": code_of(error)})
                continue
            answered += some
        return answered

    def _adopt(self, some: Sequence[_Deposit]) -> None:
        requests = [self._adoption(each).request(each.packed[0].group.record, each.packed) for each in some]
        answers = self._worker.vault.adopt_many(requests)
        for each, answer in zip(some, answers, strict=True):
            each.parts, each.adopted = self._adoption(each).answered(each.parts, each.packed, answer.value)

    def _adoption(self, deposit: _Deposit) -> Adoption:
        submission = deposit.steps.submission
        sealed, opened = submission.sealed_envelope, deposit.steps.opened
        return Adoption(submission.submission_id, self._worker.name, sealed, opened)

    # Step 4: the instant of visibility is the same for all.

    def _publications(self, going: Sequence[_Deposit]) -> dict[UUID, Publication]:
        values = list(dict.fromkeys(value for each in going for value in token_values(each.adopted)))
        tokens = dict(zip(values, self._worker.vault.tokens(values), strict=True)) if values else {}
        return {
            each.submission_id: replace(
                publication(
                    each.submission_id,
                    each.parts,
                    {},
                    each.adopted,
                    lambda wanted: tuple(tokens[value] for value in wanted),
                    self._worker.now_ms(),
                    seal_answer(each.steps.opened.headers.answer_key, each.parts),
                ),
                cpu_use=each.one.spent(),
            )
            for each in going
        }
