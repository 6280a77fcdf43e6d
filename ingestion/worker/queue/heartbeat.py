"""The beat that keeps what a worker has in hand: it prolongs leases, or ends the try.

Whatever takes long calls `Heartbeat.beat` with each piece that it reads or writes.
"""

import time
from collections.abc import Callable
from uuid import UUID

from ingestion.worker.queue.loop import Worker
from ingestion.worker.queue.putting_off import Stopping
from records.errors import Conflict

BEATS = 4  # a lease is prolonged so often before it could end


class Heartbeat:
    """Keeps both leases of what a worker has in hand while that takes long.

    `then` follows each renewal of the index's lease, in this order; the vault's lease is among it, whose verb
    depends on the task.
    """

    def __init__(self, worker: Worker, submission_id: UUID, *then: Callable[[], object]) -> None:
        self._worker = worker
        self._id = submission_id
        self._then = then
        self._last = time.monotonic()

    def beat(self) -> None:
        """Called for each piece that is read or written; most calls cost nothing.

        Raises `Stopping` where the process ends, `Conflict` "lease_lost" where another worker has taken over.
        """
        worker = self._worker
        worker.sign.beat()
        if worker.stopping():
            raise Stopping
        # a clock that is set meanwhile must neither starve a lease nor renew it at each piece
        if time.monotonic() - self._last < worker.lease_ms / 1000 / BEATS:
            return
        self._last = time.monotonic()
        # the index first: who has lost the turn there must not hold the vault's lease against its successor
        if not worker.index.renew(self._id, worker.name, worker.now_ms() + worker.lease_ms):
            raise Conflict("The lease of this submission is lost.", code="lease_lost")
        for each in self._then:
            each()
