"""Build the system from its settings: an installation, and all that runs in its processes."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from uuid import UUID

from coffre.installation.installation import Installation
from coffre.installation.page_key import page_key
from coffre.processes import confinement
from coffre.processes.bells import Bells
from coffre.processes.pulse import Pulses
from coffre.processes.worker_pool import WorkerPool
from coffre.settings import Settings
from content.limits import DEFAULT_LIMITS
from content.pixels.children import PIXEL_LIMITS, PixelChildren
from content.sandbox.parent import Sandbox
from ingestion.intake.reception import Reception
from ingestion.intake.use_cases import Intake
from ingestion.intake.waiting import Verdicts
from ingestion.jobs.dispatch import TASKS
from ingestion.worker.inspection import Inspector
from ingestion.worker.inspection_turns import Turns
from ingestion.worker.queue.loop import HANGS_S, Worker
from ingestion.worker.queue.standing_in import Bench
from ingestion.worker.renditions import Renditions
from ingestion.worker.sharing import SharedIngestion
from keyvault.credentials.proving import ProofKey
from keyvault.process.guard import GatewayDoor, ReaderDoor
from storage.index.waking import Waker
from storage.rows.submissions import Sharing
from viewer_api.session_calls import proving

STAND_INS = 3
"""Of each worker: so many structures more, whose files are slow, are served before others wait for them."""
RENDITION_S = 20.0
"""The longest that one rendition may take; what takes longer is published without."""
RENDITION_LIMITS = replace(PIXEL_LIMITS, cpu_seconds=10, wall_seconds=RENDITION_S)
LARGEST_SHARED = 2 * 2**20
"""A deposit of more bytes shares no transaction with another: its files take longer than these cost."""


class System(Installation):
    """A wired Coffre: an installation with everything that runs in its processes.

    Parts are made when first asked for, and closed together.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        vault_here: bool = False,
        bells: Bells | None = None,
        pulses: Pulses | None = None,
    ) -> None:
        """`bells`: those that it shares with other processes of one supervisor; `pulses`: where its loops
        give signs of life.
        """
        super().__init__(settings, clock=clock, vault_here=vault_here)
        self.bells = bells or Bells()
        self.pulses = pulses or Pulses()
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._wakers: list[Waker] = []
        self._stopping = threading.Event()
        self._sandbox: Sandbox | None = None
        self._demanded = confinement.demanded(self.identity.environment)
        self.pixels = PixelChildren(demanded=self._demanded)
        """They decode for who reads; none is there before the first picture."""
        self._turns: Turns | None = None
        self._picturing: PixelChildren | None = None
        self._bench = Bench(STAND_INS * self.settings.workers)
        self._introduced: set[bytes] = set()

    def close(self) -> None:
        self._stopping.set()
        for waker in self._wakers:
            waker.stop()
        if self._sandbox is not None:
            # first: a job that still runs ends with its child
            self._sandbox.close()
        self.pixels.close()
        if self._picturing is not None:
            self._picturing.close()
        if self._turns is not None:
            self._turns.shutdown()
        self._bench.close()
        super().close()

    @cached_property
    def page_key(self) -> ProofKey | None:
        """With which this process proves the calls of the pages, if it may read the key."""
        return page_key(self.places)

    @cached_property
    def reader_door(self) -> ReaderDoor:
        return proving(self.guard.reader, self.page_key)

    @cached_property
    def gateway_door(self) -> GatewayDoor:
        return proving(self.guard.gateway, self.page_key)

    def wake(self, channel: str, callback: Callable[[UUID], None]) -> None:
        """Call back for what other processes say, where the index can tell; until `close`."""
        waker = Waker(self._index_database, channel, callback)
        if waker.wakes:
            self._wakers.append(waker.start())

    @cached_property
    def verdicts(self) -> Verdicts:
        return Verdicts(self.index)

    @cached_property
    def _inspector(self) -> Inspector:
        """Sandbox and threads of this process; made after any fork."""
        limits = replace(DEFAULT_LIMITS, decoded_frames=self.settings.decode_frames)
        at_once = self.settings.workers
        most = at_once * (2 + STAND_INS)
        self._sandbox = Sandbox(children=most, limits=limits, demanded=self._demanded)
        self._turns = Turns(at_once, most)
        check = self.settings.identity_check
        return Inspector(self._sandbox, self.identity.environment, check=check, turns=self._turns)

    @cached_property
    def _renditions(self) -> Renditions:
        """Who makes small pictures in this process; made after any fork."""
        assert self._inspector is not None and self._turns is not None  # the one makes the other
        at_once = self.settings.workers
        # turns bound how many wait; each of them rather waits for its picture than goes without
        self._picturing = PixelChildren(
            at_once,
            waiting=at_once * (2 + STAND_INS),
            patience=RENDITION_S,
            limits=RENDITION_LIMITS,
            demanded=self._demanded,
        )
        return Renditions(self._picturing, self._turns)

    def worker(self, number: int = 0) -> Worker:
        """One worker of this process."""
        return Worker(
            name=f"{self.name}/{number}",
            index=self.index,
            objects=self.objects,
            vault=self.guard.worker,
            inspector=self._inspector,
            done=self._done,
            clock=self.clock,
            lease_ms=self.settings.lease_s * 1000,
            stopping=self._stopping.is_set,
            allowance_ms=self.settings.cpu_allowance_ms,
            bench=self._bench,
            introduced=self._introduced,
            tasks=TASKS,
            renditions=self._renditions,
            renders=self.settings.renditions,
            sharing=Sharing(self.settings.shared_deposits, LARGEST_SHARED),
            together=SharedIngestion,
            sign=self.pulses.of(f"worker-{number}", HANGS_S),
        )

    @cached_property
    def workers(self) -> WorkerPool:
        workers = [self.worker(n) for n in range(self.settings.workers)]
        return WorkerPool(workers, self._stopping, self.bells)

    def _done(self, submission_id: UUID) -> None:
        """Tell whoever waits for this verdict, here or in the web processes."""
        self.verdicts.done(submission_id)
        self.bells.finished(submission_id)

    def intake(self, bell: Callable[[UUID], None]) -> Intake:
        pinned = self.identity.reception_public
        reception = Reception(self.index, self.objects, pinned=pinned, bell=bell, clock=self.clock)
        return Intake(reception, self.index, self.verdicts, environment=self.identity.environment)
