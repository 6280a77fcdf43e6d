"""Take a submission from received to published: lease, open, validate, claim, pack, adopt, publish, settle.

Two stores, no shared transaction (docs/vault.md section 2): every step may be repeated by another worker
after a crash, and the rows of the index become visible in one transaction at the end. `ingest` is the whole
task of a queue: it takes an id and may be delivered any number of times.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol
from uuid import UUID

from content.sandbox.metering import InHand
from ingestion.answers import seal_answer
from ingestion.envelope import NO_ENVELOPE, Declared
from ingestion.grouping import Group, InspectedPart, groups_of
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome
from ingestion.worker.claiming import Busy, Claiming
from ingestion.worker.details import Deposit, document_details, study_details
from ingestion.worker.identifiers import with_shared_study
from ingestion.worker.inspection import Differing, Inspector, overruled
from ingestion.worker.opening import Content, OpenedSubmission, ReceivedContent
from ingestion.worker.packing import (
    PackedGroup,
    Packer,
    Sealing,
    follow_plan,
    planned_judgements,
    write_plan,
)
from ingestion.worker.publication import AdoptedGroup, adopted_groups, publication
from ingestion.worker.standing_in import Bench
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.sealed_blob import BlobKind
from keyvault.process.guard import WorkerDoor
from keyvault.verbs.attempt import Denied
from keyvault.verbs.worker.adopt_request import Adopted, AdoptRequest, NewBlob, NewDocument
from keyvault.verbs.worker.ingesting import open_for_ingest
from keyvault.verbs.worker.received import ReceivedBlobKey
from keyvault.verbs.worker.settling import SettlingVerbs
from records.details import SetAside
from records.errors import CoffreError, Conflict
from records.traits import ClaimedTraits, Trait
from records.vocabulary.codes import ReasonCode, SubmissionState
from records.vocabulary.identifier_warnings import STUDY_UID_SHARED
from records.vocabulary.person_warnings import OTHER_PERSON
from storage.index_ports import NO_ALLOWANCE, Settling, WorkerIndex
from storage.ports import ObjectStore
from storage.rows import Blob, CpuUse, Part, Publication, Submission

DEPOSIT = "deposit"
LEASE_MS = 60_000
BEATS = 4  # a lease is prolonged so often before it could end
LONGEST_PAUSE_MS = 600_000
PAUSE_WHILE_AWAY_MS = 5_000
log = logging.getLogger("coffre.ingestion")

# no fault of the submission's: it is tried as soon as what it needs is there again
_AWAY = frozenset(
    {"store_busy", "store_down", "store_failing", "store_unsure", "sandbox_unavailable", "vault_unavailable"}
)
# another worker has it, or had: nothing to do but to look again soon
_ELSEWHERE = frozenset({"leased", "lease_lost", "settled", "plan_exists", "study_busy"})

_DENIED = {
    ReasonCode.RECORD_CLOSED: "record_closed",
    ReasonCode.RECORD_SUSPENDED: "record_suspended",
    ReasonCode.NO_SUCH_RECORD: "no_record",
    ReasonCode.BAD_CREDENTIAL: "bad_credential",
    ReasonCode.QUOTA_EXCEEDED: "quota_exceeded",
    ReasonCode.DEPOSITOR_NOT_ENTITLED: "depositor_not_entitled",
}


class Stopping(Exception):  # noqa: N818 - not an error either
    """The process is about to end; the next one goes on."""


class NotItsTurn(Exception):  # noqa: N818 - nor is this
    """A stand-in learnt whose submission it took, and that structure may be served already."""


class Task(Protocol):
    """One try at one submission, or at one job on adopted content."""

    def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker works with. `name` is unique per process and thread.

    `allowance_ms`: CPU that a structure's files may cost in a day before it comes after all others; `bench`:
    stand-ins, which take submissions of others beside slow ones; `beside`: it is one, and serves only
    structures that no worker serves; `introduced`: depositors whose structure the index knows.
    """

    name: str
    index: WorkerIndex
    objects: ObjectStore
    vault: WorkerDoor
    inspector: Inspector
    done: Callable[[UUID], None]
    clock: Callable[[], float] = time.time
    stopping: Callable[[], bool] = lambda: False
    lease_ms: int = LEASE_MS
    allowance_ms: int = NO_ALLOWANCE
    bench: Bench | None = None
    beside: bool = False
    introduced: set[bytes] = field(default_factory=set)
    maintenance: Mapping[str, Callable[["Worker", Submission], "Task"]] = field(default_factory=dict)

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def ingest_next(self, taken: Callable[[UUID], object] = lambda _: None) -> bool:
        """Carry out the submission whose turn it is; False where none waits. `taken` is told which it is."""
        now = self.now_ms()
        submission = self.index.claim_next(
            self.name, now, now + self.lease_ms, allowance_ms=self.allowance_ms, beside=self.beside
        )
        if submission is None:
            return False
        taken(submission.submission_id)
        with self._standing_in():
            self._carry_out(submission)
        return True

    def _standing_in(self) -> AbstractContextManager[None]:
        if self.bench is None:
            return nullcontext()
        own = self.name.partition("+")[0]
        return self.bench.standing_in(
            lambda place: replace(self, name=f"{own}+{place}", beside=True).ingest_next(), self.stopping
        )

    def ingest(self, submission_id: UUID) -> bool:
        """Carry out one submission; False where it isn't due (done, or in another worker's hands)."""
        now = self.now_ms()
        submission = self.index.claim(submission_id, self.name, now, now + self.lease_ms)
        if submission is None:
            return False
        self._carry_out(submission)
        return True

    def _carry_out(self, submission: Submission) -> None:
        """Whatever goes wrong, the submission stays in the queue: it is tried again, later and later."""
        try:
            self._task(submission).run()
        except Busy:
            self._postpone(submission, 500)
        except (Stopping, NotItsTurn):
            self._postpone(submission, 0)
        except Exception as error:
            code = error.code if isinstance(error, CoffreError) else type(error).__name__
            if code in _ELSEWHERE:
                self._postpone(submission, 2_000)
                return
            # no traceback: its frames could name what is being ingested
            log.error("submission failed, will be tried again", extra={"code": code})  # noqa: TRY400
            longest = PAUSE_WHILE_AWAY_MS if code in _AWAY else LONGEST_PAUSE_MS
            self._postpone(submission, min(longest, 1_000 * 2 ** min(submission.attempts, 10)))
        else:
            with suppress(CoffreError):  # the sweeper settles what is left
                settle(self.index, self.objects, self.vault, submission.submission_id, self.now_ms())
        finally:
            self.done(submission.submission_id)

    def _task(self, submission: Submission) -> "Task":
        if submission.kind == DEPOSIT:
            return Ingestion(self, submission)
        return self.maintenance[submission.kind](self, submission)

    def _postpone(self, submission: Submission, pause_ms: int) -> None:
        """Give both leases back: the vault's first, since the index tells when it is due again."""
        with suppress(CoffreError):  # it ends by itself then, later
            self.vault.give_back(submission.submission_id, self.name)
        with suppress(CoffreError):  # likewise
            self.index.postpone(submission.submission_id, self.name, self.now_ms() + pause_ms)


def settle(
    index: Settling, objects: ObjectStore, vault: SettlingVerbs, submission_id: UUID, now_ms: int
) -> None:
    """End a finished submission: no key opens it any more, what wasn't adopted goes. Repeatable."""
    vault.settle(submission_id)
    abandoned = index.settle(submission_id, now_ms)
    for blob in abandoned:
        objects.delete(blob.blob_id, blob.version)
    index.forget_blobs(abandoned)


class Ingestion:
    """One try at one submission."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self._worker = worker
        self._submission = submission
        self._id = submission.submission_id
        self._blobs = worker.index.blobs(self._id)
        self._private, self._public = new_box_key()
        self._beat = time.monotonic()
        self._in_hand = InHand(self._heartbeat)
        self._structure_token: bytes | None = None

    def run(self) -> None:
        try:
            self._run()
        except BaseException:
            self._count_cpu()  # what was tried has been spent, too
            raise

    def _run(self) -> None:
        try:
            opened = self._open()
        except CoffreError as error:
            if error.code != "day_key_gone":
                raise
            self._reject("reception_key_gone")
            return
        if isinstance(opened, Denied):
            self._reject(_DENIED.get(opened.reason, "not_entitled"))
            return
        if self._submission.plan is not None:
            # whether the record still takes deposits is for the vault, which may have adopted this one
            opened = replace(opened, record_state="active")
        self._structure_token = opened.structure_token
        self._introduce(opened.structure_token)
        received = self._received
        as_received = ReceivedContent(
            self._worker.objects, received, opened.keys[received.blob_id, received.version]
        )
        inspector, differing = self._worker.inspector, self._differing()
        inspected = inspector.inspect(opened, as_received, self._in_hand, differing)
        content = inspected.content
        parts, duplicates = self._claim(inspected.parts, opened)
        parts = self._as_planned(parts)
        packed = self._pack(parts, opened, content)
        parts, adopted = self._adopt(parts, packed, opened)
        parts = _like_their_first(parts)
        answer = seal_answer(opened.headers.answer_key, parts)
        tokens, now = self._worker.vault.tokens, self._worker.now_ms()
        rows = publication(self._id, parts, duplicates, adopted, tokens, now, answer)
        rows = replace(self._finished(rows), cpu_use=self._cpu_use())
        self._worker.index.publish(self._id, self._worker.name, rows)

    def _introduce(self, structure_token: bytes) -> None:
        """Who was not known counted for itself until now; from here on it has the turns of its structure."""
        worker, depositor = self._worker, self._submission.depositor_token
        if depositor in worker.introduced:
            return
        new = worker.index.introduce(depositor, structure_token, worker.now_ms())
        worker.introduced.add(depositor)
        if new and worker.beside:
            raise NotItsTurn

    def _cpu_use(self) -> CpuUse | None:
        """What was spent on this submission and isn't counted yet."""
        spent = self._in_hand.meter.take()
        if self._structure_token is None:
            return None
        token = self._submission.depositor_token
        return CpuUse(depositor_token=token, structure_token=self._structure_token, cpu_ms=spent)

    def _count_cpu(self) -> None:
        use = self._cpu_use()
        if use is not None and use.cpu_ms:
            with suppress(CoffreError):
                self._worker.index.count_cpu(use, self._worker.now_ms())

    def _finished(self, rows: Publication) -> Publication:
        """What is published, as it is."""
        return rows

    @property
    def _received(self) -> Blob:
        return next(blob for blob in self._blobs if blob.role == "received")

    def _open(self) -> OpenedSubmission | Denied:
        """Step 1: the vault leases the submission and opens its envelope for this worker alone."""
        answer = self._release()
        if isinstance(answer, Denied):
            return answer
        return OpenedSubmission.of(open_for_ingest(self._private, answer, self._id))

    def _release(self) -> bytes | Denied:
        keys = [
            ReceivedBlobKey(blob.blob_id, blob.version, blob.sealed_key)
            for blob in self._blobs
            if blob.role == "received" and blob.sealed_key is not None
        ]
        envelope = self._submission.sealed_envelope or NO_ENVELOPE
        worker = self._worker
        return worker.vault.release_ingest(
            self._id, worker.name, self._public, envelope, keys, worker.lease_ms
        )

    def _heartbeat(self) -> None:
        """Keep both leases while a long submission is validated and packed."""
        if self._worker.stopping():
            raise Stopping
        if time.monotonic() - self._beat < self._worker.lease_ms / 1000 / BEATS:
            return
        self._beat = time.monotonic()
        until = self._worker.now_ms() + self._worker.lease_ms
        if not self._worker.index.renew(self._id, self._worker.name, until):
            raise Conflict("The lease of this submission is lost.", code="lease_lost")
        self._count_cpu()
        self._prolong()

    def _prolong(self) -> None:
        """The vault's lease."""
        self._release()

    def _differing(self) -> Differing:
        """Has the vault compare traits with those of the record, whoever named it."""

        @cache  # the instances of a study say the same of their person
        def differing(record: str, claims: tuple[ClaimedTraits, ...]) -> frozenset[Trait]:
            return frozenset(self._worker.vault.differing_traits(self._id, self._worker.name, record, claims))

        return differing

    def _claim(
        self, parts: Sequence[InspectedPart], opened: OpenedSubmission
    ) -> tuple[list[InspectedPart], dict[int, UUID]]:
        """Find what this structure deposited before, byte for byte; claim the rest before a twin does."""
        return Claiming(self._worker.index, self._worker.vault, self._id).claim(parts, opened)

    def _as_planned(self, parts: Sequence[InspectedPart]) -> list[InspectedPart]:
        """An earlier try may be adopted already: what it judged stands."""
        if self._submission.plan is None:
            return list(parts)
        planned = planned_judgements(self._submission.plan)
        return [_as_planned(part, planned[part.number]) for part in parts]

    def _pack(
        self, parts: Sequence[InspectedPart], opened: OpenedSubmission, content: Content
    ) -> list[PackedGroup]:
        declared = opened.headers.document or Declared()
        groups = groups_of(parts, declared.type_code)
        if self._submission.plan is not None:
            followed = follow_plan(self._submission.plan, groups, self._blobs)
            if followed is not None:
                return followed
            raise Conflict("An earlier try grouped this submission otherwise.", code="plan_changed")
        return self._pack_anew(parts, groups, opened, content)

    def _pack_anew(
        self,
        parts: Sequence[InspectedPart],
        groups: Sequence[Group],
        opened: OpenedSubmission,
        content: Content,
    ) -> list[PackedGroup]:
        worker = self._worker
        sealing = Sealing(self._id, opened.depositor, opened.day_public)
        packer = Packer(worker.index, worker.objects, sealing, worker.now_ms, self._heartbeat)
        packed = packer.pack(groups, content)
        made = [blob for each in packed for blob in each.blobs if blob.role != "received"]
        if packed:
            worker.index.add_blobs(self._id, worker.name, made, write_plan(packed, parts))
        return packed

    def _adopt(
        self, parts: Sequence[InspectedPart], packed: Sequence[PackedGroup], opened: OpenedSubmission
    ) -> tuple[list[InspectedPart], list[AdoptedGroup]]:
        """Step 3, once per record: the vault decides; what it denies is rejected."""
        adopted: list[AdoptedGroup] = []
        judged = list(parts)
        for record in dict.fromkeys(each.group.record for each in packed):
            mine = [each for each in packed if each.group.record == record]
            answer = self._adopt_one(self._request(record, mine, opened))
            if isinstance(answer, Denied):
                refusal = JUDGEMENTS[_DENIED.get(answer.reason, "not_entitled")]
                numbers = {part.number for each in mine for part in each.group.parts}
                judged = [_judge(p, refusal) if p.number in numbers else p for p in judged]
            else:
                adopted += adopted_groups(mine, answer)
        return _told_of_shared(judged, adopted), adopted

    def _adopt_one(self, request: AdoptRequest) -> Adopted | Denied:
        return self._worker.vault.adopt(request)

    def _request(
        self, record: str | None, packed: Sequence[PackedGroup], opened: OpenedSubmission
    ) -> AdoptRequest:
        return AdoptRequest(
            submission_id=self._id,
            worker=self._worker.name,
            sealed_envelope=self._submission.sealed_envelope or NO_ENVELOPE,
            record=record,
            documents=tuple(self._document(each, opened) for each in packed),
            blobs=tuple(new_blob(blob) for each in packed for blob in each.blobs),
        )

    def _document(self, each: PackedGroup, opened: OpenedSubmission) -> NewDocument:
        group, first = each.group, each.group.parts[0]
        deposit = Deposit(opened.received, opened.structure, self._id)
        pack, offsets = each.pack.blob_id, each.offsets
        if first.is_dicom and group.record is not None:
            series = each.series_blobs()
            details = study_details(group, deposit, pack=pack, offsets=offsets, series_blobs=series)
        else:
            headers, aside = opened.headers, None
            if group.record is None:  # what its release has to know (ingestion/jobs/discharge.py)
                document = headers.document.to_json() if headers.document else None
                aside = SetAside(kind=headers.kind, document=document)
            declared = headers.document or Declared()
            details = document_details(
                group, deposit, pack=pack, offsets=offsets, declared=declared, set_aside=aside
            )
        return NewDocument(
            kind=group.kind,
            type_code=group.type_code,
            study_uid=group.study_uid,
            details=details,
            blobs=tuple((blob.blob_id, blob.version) for blob in each.blobs),
        )

    def _reject(self, code: str) -> None:
        """Refuse the submission as a whole: the vault wouldn't open it."""
        judgement = JUDGEMENTS[code]
        part = Part(number=1, outcome=judgement.outcome.value, code=code, reason=judgement.reason)
        rows = Publication(
            state=SubmissionState.REJECTED.value, finished_at=self._worker.now_ms(), parts=(part,)
        )
        self._worker.index.publish(self._id, self._worker.name, rows)


def _judge(part: InspectedPart, judgement: Judgement) -> InspectedPart:
    return replace(part, judgement=judgement)


def _told_of_shared(parts: Sequence[InspectedPart], adopted: Sequence[AdoptedGroup]) -> list[InspectedPart]:
    """Depositor and operators learn that two structures used one Study Instance UID, not who the other is."""
    shared = {part.number for each in adopted if each.document.shared for part in each.packed.group.parts}
    if shared:
        log.warning("two structures used one study identifier", extra={"code": STUDY_UID_SHARED})
    return [_judge(p, with_shared_study(p.judgement)) if p.number in shared else p for p in parts]


def _like_their_first(parts: Sequence[InspectedPart]) -> list[InspectedPart]:
    """A part that repeats one which was refused after all is refused with it, not a duplicate of nothing."""
    refused = {p.number: p.judgement for p in parts if p.judgement.outcome is PartOutcome.REJECTED}
    return [_judge(p, refused[p.repeats]) if p.repeats in refused else p for p in parts]


def _as_planned(part: InspectedPart, planned: Judgement) -> InspectedPart:
    if part.judgement.outcome is planned.outcome:
        return part
    if planned.outcome is PartOutcome.PUBLISHED and part.judgement.code == OTHER_PERSON:
        return overruled(part)  # COFFRE_IDENTITY_CHECK or the record's traits are other ones by now
    if planned.outcome is PartOutcome.PUBLISHED:
        raise CoffreError("A part that was accepted isn't any more; try again.", code="verdict_changed")
    return _judge(part, planned)


def new_blob(blob: Blob) -> NewBlob:
    assert blob.sealed_key is not None
    return NewBlob(
        blob_id=blob.blob_id,
        version=blob.version,
        kind=BlobKind(blob.kind),
        sealed_key=blob.sealed_key,
        commitment=blob.commitment,
        header=blob.header,
        plaintext_size=blob.plaintext_size,
        ciphertext_size=blob.ciphertext_size,
    )
