"""The beginning of every job on adopted content: its rows, the vault's lease, the content in memory."""

import time
from collections.abc import Iterator
from uuid import UUID

from ingestion.worker.opening import CHUNK
from ingestion.worker.pipeline import BEATS, Stopping, Worker
from keyvault.crypto.blob import Opener
from keyvault.crypto.boxes import new_box_key
from keyvault.crypto.sealed_blob import SealedBlob
from keyvault.verbs.rows import sealed_rows
from keyvault.verbs.worker.opening_jobs import ForMaintenance, JobInHand, open_for_maintenance
from records.errors import Conflict, NotFound
from storage.ports import ObjectStore
from storage.rows import Blob, Submission

COPIED = 8 * CHUNK
"""Plaintext bytes of a pack that are in memory at once."""


class JobTry:
    """One try at one job: what the vault opens for it, and both its leases."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self.worker = worker
        self.job_id: UUID = submission.submission_id
        self.plan = submission.plan
        self.blobs = worker.index.blobs(self.job_id)
        self.in_hand: JobInHand = worker.vault.job(self.job_id)
        self._private, self._public = new_box_key()
        self._beat = time.monotonic()

    def open(self) -> ForMaintenance:
        """Lease the job and have its document opened for this worker alone.

        Raises `NotFound` "no_such_document" where the index has no such document.
        """
        record_id, document_id = self.in_hand.record_id, self.in_hand.document_id
        found = self.worker.index.documents_by_id(record_id, [document_id])
        if not found:
            raise NotFound("The document of this job isn't in the index.", code="no_such_document")
        rows = sealed_rows(row for _, details in found for row in details)
        worker = self.worker
        sealed = worker.vault.release_job(self.job_id, worker.name, self._public, rows, worker.lease_ms)
        return open_for_maintenance(self._private, sealed)

    def heartbeat(self) -> None:
        """Keep both leases while much is copied."""
        worker = self.worker
        if worker.stopping():
            raise Stopping
        if time.monotonic() - self._beat < worker.lease_ms / 1000 / BEATS:
            return
        self._beat = time.monotonic()
        if not worker.index.renew(self.job_id, worker.name, worker.now_ms() + worker.lease_ms):
            raise Conflict("The lease of this job is lost.", code="lease_lost")
        worker.vault.hold_job(self.job_id, worker.name, worker.lease_ms)


class AdoptedContent:
    """The plaintext of an adopted blob, by range. It is never taken over as it is: `blob` is None."""

    blob: Blob | None = None

    def __init__(self, objects: ObjectStore, sealed: SealedBlob, dek: bytes) -> None:
        self._objects = objects
        self._ref = sealed.ref
        self._opener = Opener(sealed, dek)

    def read(self, offset: int, length: int) -> bytes:
        return self._opener.read(offset, length, self._fetch)

    def stream(self, offset: int, length: int) -> Iterator[bytes]:
        """The same in pieces, for copying."""
        for start in range(offset, offset + length, COPIED):
            yield self.read(start, min(COPIED, offset + length - start))

    def _fetch(self, start: int, stop: int) -> bytes:
        return self._objects.read(self._ref.blob_id, self._ref.version, start, stop)
