"""Remove what nobody keeps, and settle what a killed worker had finished.

Nobody keeps interrupted uploads, blobs that the vault never adopted or has retired, and rows whose time is
over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ingestion.worker.settling import SETTLE_AT_ONCE, settle, settle_many
from keyvault.process.guard import HousekeeperDoor
from records.errors import CoffreError
from storage.ports.index import HousekeeperIndex
from storage.ports.objects import ObjectStore

OLDEST_UPLOAD_MS = 48 * 3_600_000
"""An upload older than this has no client any more: requests end long before."""
SETTLE_AFTER_MS = 10_000
ANSWERS_KEPT_MS = 600_000
CPU_KEPT_MS = 30 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of one sweep."""

    uploads: int
    settled: int
    partial: int


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Any number of copies may sweep at once: each removal is of what is there, and asks the vault first."""

    index: HousekeeperIndex
    objects: ObjectStore
    vault: HousekeeperDoor
    now_ms: Callable[[], int]
    oldest_upload_ms: int = OLDEST_UPLOAD_MS
    beat: Callable[[], None] = lambda: None

    def sweep(self) -> Swept:
        """Objects go before their rows: what is interrupted is found again."""
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
        self.vault.expire()
        self.vault.forget_shipped()
        return Swept(uploads, settled, partial)

    def _sweep_uploads(self) -> int:
        stale = self.index.stale_uploads(self.now_ms() - self.oldest_upload_ms)
        for blob_id, version in self._delete(stale):
            self.index.end_upload(blob_id, version)
        return len(stale)

    def _delete(self, objects: list[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
        """Delete objects that the vault never adopted; the others are left alone."""
        gone = self.vault.never_adopted(objects)
        for blob_id, version in gone:
            self.beat()
            self.objects.delete(blob_id, version)
        return gone

    def _delete_retired(self) -> None:
        """Keys first, in the vault, once no grant leads to them any more; then objects; then their rows."""
        retired = {(blob.blob_id, blob.version): blob for blob in self.index.retired_blobs()}
        if not retired:
            return
        gone = self.vault.erase_retired(list(retired))
        for blob_id, version in gone:
            self.beat()
            self.objects.delete(blob_id, version)
        self.index.forget_blobs([retired[key] for key in gone])

    def _settle_finished(self) -> int:
        finished = self.index.unsettled(self.now_ms() - SETTLE_AFTER_MS)
        for start in range(0, len(finished), SETTLE_AT_ONCE):
            some = finished[start : start + SETTLE_AT_ONCE]
            self._settle(some)
            self.beat()
        return len(finished)

    def _settle(self, some: Sequence[UUID]) -> None:
        try:
            settle_many(self.index, self.objects, self.vault, some, self.now_ms())
        except CoffreError:  # whichever cannot be settled holds up none of the others
            failed: list[CoffreError] = []
            for submission_id in some:
                try:
                    settle(self.index, self.objects, self.vault, submission_id, self.now_ms())
                except CoffreError as error:
                    failed.append(error)
            if failed:
                raise failed[0] from None
