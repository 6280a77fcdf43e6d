"""The loop of a worker: it takes what is due, keeps it while it works, and puts it off where that fails.

The index is the queue (ADR 7): a row is taken by compare-and-set for the time of a lease, and may be
taken any number of times. What is done with it are the tasks' steps (`ingestion/worker/pipeline.py`,
`ingestion/jobs/`), each of which may be repeated by whoever takes the row next.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from ingestion.worker.inspection import Inspector
from ingestion.worker.queue.putting_off import PutOff
from ingestion.worker.queue.standing_in import Bench
from ingestion.worker.renditions import Renditions
from ingestion.worker.settling import Ended, settle, settle_many
from keyvault.process.guard import WorkerDoor
from records.errors import CoffreError
from storage.ports.index import NO_ALLOWANCE, WorkerIndex
from storage.ports.objects import ObjectStore
from storage.rows.submissions import Sharing, Submission

LEASE_MS = 60_000
LONGEST_PAUSE_MS = 600_000
PAUSE_WHILE_AWAY_MS = 5_000
PAUSE_WHILE_ELSEWHERE_MS = 2_000
HANGS_S = 300.0
"""Between two pieces, or two looks at a child, nothing takes so long: each call to an engine is bounded."""
ALONE = Sharing(most=1, largest=0)
log = logging.getLogger("coffre.ingestion")

# no fault of the submission's: it is tried as soon as what it needs is there again
_AWAY = frozenset(
    {"store_busy", "store_down", "store_failing", "store_unsure", "sandbox_unavailable", "vault_unavailable"}
)
# another worker has it, or had: nothing to do but to look again soon
_ELSEWHERE = frozenset({"leased", "lease_lost", "settled", "plan_exists", "study_busy"})


LetGo = Callable[[Collection[UUID], Collection[UUID]], None]
"""Told which submissions were published and which are to be tried alone, while another is still in hand."""


class Task(Protocol):
    """One try at one submission, or at one job on adopted content."""

    def run(self) -> None: ...


class Sign(Protocol):
    """The sign of life of one loop: who looks finds one that neither comes by nor rests."""

    def beat(self) -> None: ...

    def rest(self) -> None: ...


class _Unseen:
    """Of a loop that nobody watches."""

    def beat(self) -> None:
        return

    rest = beat


class Together(Protocol):
    """One try at several submissions; `run` answers those that it published at last.

    Those that are let go before are not in hand any more. `suits` is False for one alone that is too large.
    """

    @property
    def suits(self) -> bool: ...

    def run(self, let_go: LetGo) -> Collection[UUID]: ...


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker works with. `name` is unique per process and thread.

    `tasks`: what is done with a submission of each kind; `allowance_ms`: CPU that a structure's files may
    cost in a day before it comes after all others; `bench`: stand-ins, which take submissions of others
    beside slow ones; `beside`: it is one, and serves only structures that no worker serves; `introduced`:
    depositors whose structure the index knows; `sharing`: how much of one depositor `together` may have at
    once, which answers the submissions that it published and leaves the others to be tried alone;
    `renditions`: who makes them, None: nobody; `renders`: also of what is deposited; `sign`: its sign of
    life, which a stand-in doesn't give for it.
    """

    name: str
    index: WorkerIndex
    objects: ObjectStore
    vault: WorkerDoor
    inspector: Inspector
    done: Callable[[UUID], None]
    tasks: Mapping[str, Callable[["Worker", Submission], Task]]
    clock: Callable[[], float] = time.time
    stopping: Callable[[], bool] = lambda: False
    lease_ms: int = LEASE_MS
    allowance_ms: int = NO_ALLOWANCE
    bench: Bench | None = None
    beside: bool = False
    introduced: set[bytes] = field(default_factory=set)
    sharing: Sharing = ALONE
    together: Callable[["Worker", Sequence[Submission]], Together] | None = None
    renditions: Renditions | None = None
    renders: bool = True
    ended: Ended = field(default_factory=Ended)
    sign: Sign = field(default_factory=_Unseen)

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def ingest_next(self, taken: Callable[[UUID], object] = lambda _: None) -> bool:
        """Carry out the submission whose turn it is; False where none waits. `taken` is told which it is."""
        return self.ingest_some(taken) is not None

    def ingest_some(self, taken: Callable[[UUID], object] = lambda _: None) -> int | None:
        """The same; answers how many of those that were tried together are left to be tried alone, which wait
        for a turn each. None where none waits.
        """
        self.sign.beat()
        self.settle_ended()
        now = self.now_ms()
        found = self.index.claim_some(
            self.name,
            now,
            now + self.lease_ms,
            self.sharing,
            allowance_ms=self.allowance_ms,
            beside=self.beside,
        )
        if not found:
            return None
        taken(found[0].submission_id)
        with self._standing_in():
            if self.together is not None and found[0].attempts == 1 and found[0].kind == "deposit":
                return self._carry_out_together(self.together, found)
            self._carry_out(found[0])
        return 0

    def _carry_out_together(
        self, together: Callable[["Worker", Sequence[Submission]], Together], found: Sequence[Submission]
    ) -> int:
        """What isn't published here is tried alone, by whoever takes it: one of them delays no other. Answers
        how many these are.
        """
        left, code, alone = {each.submission_id: each for each in found}, "", 0

        def let_go(published: Collection[UUID], others: Collection[UUID], pause_ms: int = 0) -> None:
            self.ended.add(published)
            nonlocal alone
            alone += len(others)
            for submission_id in others:
                self._postpone(left[submission_id], pause_ms)
            for submission_id in (*published, *others):
                self.done(left.pop(submission_id).submission_id)

        try:
            shared = together(self, found)
            if shared.suits:
                let_go(shared.run(let_go), ())
            else:
                self._carry_out(left.pop(found[0].submission_id))
        except PutOff:
            pass
        except Exception as error:
            code = code_of(error)
        let_go((), tuple(left), PAUSE_WHILE_AWAY_MS if code in _AWAY else 0)
        return alone

    def settle_ended(self, *, all_of_them: bool = False) -> None:
        """Settle what was published together, many at a time; `all_of_them`: now. Published already, which is
        all that depositors wait for: what isn't settled here, the sweeper settles.
        """
        submissions = self.ended.due(all_of_them=all_of_them)
        with suppress(CoffreError):
            settle_many(self.index, self.objects, self.vault, submissions, self.now_ms())

    def _standing_in(self) -> AbstractContextManager[None]:
        if self.bench is None:
            return nullcontext()
        # leases are kept by name: of two threads under one, each could go on with what the other lost
        own = self.name.partition("+")[0]
        return self.bench.standing_in(
            lambda place: replace(self, name=f"{own}+{place}", beside=True, sign=_Unseen()).ingest_next(),
            self.stopping,
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
            self.tasks[submission.kind](self, submission).run()
        except PutOff as reason:
            self._postpone(submission, reason.pause_ms)
        except Exception as error:
            self._failed(submission, code_of(error))
        else:
            # published already, which is all that a depositor waits for: what isn't settled now, the sweeper
            # settles (docs/vault.md section 2, step 5)
            with suppress(CoffreError):
                settle(self.index, self.objects, self.vault, submission.submission_id, self.now_ms())
        finally:
            self.done(submission.submission_id)

    def _failed(self, submission: Submission, code: str) -> None:
        if code in _ELSEWHERE:
            self._postpone(submission, PAUSE_WHILE_ELSEWHERE_MS)
            return
        # no traceback: its frames could name what is being ingested
        log.error("submission failed, will be tried again", extra={"code": code})
        # a file that breaks its worker each time must not be all that workers do
        longest = PAUSE_WHILE_AWAY_MS if code in _AWAY else LONGEST_PAUSE_MS
        self._postpone(submission, min(longest, 1_000 * 2 ** min(submission.attempts, 10)))

    def _postpone(self, submission: Submission, pause_ms: int) -> None:
        """Give both leases back: the vault's first, since the index tells when it is due again."""
        with suppress(CoffreError):  # it ends by itself then, later
            self.vault.give_back(submission.submission_id, self.name)
        with suppress(CoffreError):  # likewise
            self.index.postpone(submission.submission_id, self.name, self.now_ms() + pause_ms)


def code_of(error: Exception) -> str:
    """What the log says of a failure: no text, which could name what is being ingested."""
    return error.code if isinstance(error, CoffreError) else type(error).__name__
