"""The housekeeper sequences and signs the log, sweeps and keeps day keys, without being asked.

Each chore may run in any number of copies: it is idempotent, or takes a lease.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from coffre.processes.day_keys import publish_day_keys
from ingestion.jobs.dispatch import enqueue_waiting, plan_compactions
from ingestion.worker.queue_loop import settle
from keyvault.process.guard import Doors
from records.errors import CoffreError
from storage.index_ports import HousekeeperIndex
from storage.ports import ObjectStore

log = logging.getLogger("coffre.housekeeper")

# an upload older than this has no client any more: requests end long before
OLDEST_UPLOAD_MS = 48 * 3_600_000
SETTLE_AFTER_MS = 10_000
MOST_RINGS = 100
ANSWERS_KEPT_MS = 600_000
CPU_KEPT_MS = 30 * 24 * 3_600_000
QUIET_MS = 7 * 24 * 3_600_000
MOST_COMPACTIONS = 10  # a turn: each copies a study


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of one sweep."""

    uploads: int
    settled: int
    partial: int


@dataclass(frozen=True, slots=True)
class Chores:
    """The chores, one method each."""

    index: HousekeeperIndex
    objects: ObjectStore
    guard: Doors
    ring_any: Callable[[int], None] = lambda _: None
    clock: Callable[[], float] = time.time
    oldest_upload_ms: int = OLDEST_UPLOAD_MS

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def sequence(self) -> None:
        """Place waiting entries and sign the tree."""
        while self.guard.housekeeper.sequence().placed:
            pass
        self.guard.housekeeper.checkpoint()

    def ship(self) -> None:
        """Have the second place hold what is signed; only then it is published."""
        self.guard.housekeeper.ship()

    def day_keys(self) -> None:
        publish_day_keys(self.guard.housekeeper, self.index)
        self.guard.housekeeper.destroy_day_keys(self.index.oldest_unsettled())

    def ring(self) -> None:
        """Ring once more for what waits: a broker may have lost the first ring."""
        self.ring_any(min(self.index.waiting(self.now_ms()), MOST_RINGS))

    def jobs(self) -> int:
        """Hand the workers what the vault has agreed to; answers how many jobs are new."""
        queued = enqueue_waiting(self.index, self.guard.housekeeper, self.now_ms())
        self.ring_any(min(queued, MOST_RINGS))
        return queued

    def compact(self) -> int:
        """Have studies repacked that came in many deposits, the last of them a week ago."""
        quiet_since = self.now_ms() - QUIET_MS
        return plan_compactions(self.index, self.guard.housekeeper, quiet_since, MOST_COMPACTIONS)

    def sweep(self) -> Swept:
        """Remove what interrupted uploads left; settle what a killed worker finished and didn't settle."""
        uploads = self._sweep_uploads()
        settled = self._settle_finished()
        abandoned = self.index.abandoned_blobs()
        self._delete([(blob.blob_id, blob.version) for blob in abandoned])
        self.index.forget_blobs(abandoned)
        self._delete_retired()
        self.index.forget_answers(self.now_ms() - ANSWERS_KEPT_MS)
        self.index.forget_sign_ins(self.now_ms())
        self.index.forget_cpu(self.now_ms() - CPU_KEPT_MS)
        partial = self.objects.sweep_partial(self.oldest_upload_ms / 1000)
        self.guard.housekeeper.expire()
        self.guard.housekeeper.forget_shipped()
        return Swept(uploads, settled, partial)

    def _sweep_uploads(self) -> int:
        stale = self.index.stale_uploads(self.now_ms() - self.oldest_upload_ms)
        for blob_id, version in self._delete(stale):
            self.index.end_upload(blob_id, version)
        return len(stale)

    def _delete(self, objects: list[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
        """Delete objects that the vault never adopted; the others are left alone."""
        gone = self.guard.housekeeper.never_adopted(objects)
        for blob_id, version in gone:
            self.objects.delete(blob_id, version)
        return gone

    def _delete_retired(self) -> None:
        """Keys first, in the vault, once no grant leads to them any more; then objects; then their rows."""
        retired = {(blob.blob_id, blob.version): blob for blob in self.index.retired_blobs()}
        if not retired:
            return
        gone = self.guard.housekeeper.erase_retired(list(retired))
        for blob_id, version in gone:
            self.objects.delete(blob_id, version)
        self.index.forget_blobs([retired[key] for key in gone])

    def _settle_finished(self) -> int:
        finished = self.index.unsettled(self.now_ms() - SETTLE_AFTER_MS)
        for submission_id in finished:
            settle(self.index, self.objects, self.guard.housekeeper, submission_id, self.now_ms())
        return len(finished)


class Housekeeper:
    """Runs the chores in one thread, each at its own pace."""

    def __init__(self, chores: Chores) -> None:
        self._paces: list[tuple[float, Callable[[], object]]] = [
            (0.5, chores.sequence),
            (2.0, chores.ship),
            (5.0, chores.ring),
            (1.0, chores.jobs),
            (30.0, chores.sweep),
            (300.0, chores.day_keys),
            (3600.0, chores.compact),
        ]
        self._chores = chores
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the present chore; the log is sequenced and signed a last time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        _attempt(self._chores.sequence)
        _attempt(self._chores.ship)

    def _run(self) -> None:
        due = [0.0 for _ in self._paces]
        while not self._stopping.wait(0.1):
            now = time.monotonic()
            for at, (pace, chore) in enumerate(self._paces):
                if due[at] <= now:
                    _attempt(chore)
                    due[at] = time.monotonic() + pace


def _attempt(chore: Callable[[], object]) -> None:
    """A chore that fails is tried again at its next turn."""
    try:
        chore()
    except Exception as error:
        code = error.code if isinstance(error, CoffreError) else type(error).__name__
        if code == "vault_frozen":  # for hours perhaps, and every call is told
            return
        log.warning("chore failed", extra={"chore": getattr(chore, "__name__", "?"), "code": code})
