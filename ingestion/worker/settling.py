"""Step 5 of a submission: no key opens it any more, and what was not adopted goes."""

import threading
import time
from collections.abc import Collection, Sequence
from uuid import UUID

from keyvault.verbs.worker.deposits.settling import SettlingVerbs
from storage.ports.index_parts import Settling
from storage.ports.objects import ObjectStore
from storage.rows.submissions import Blob

SETTLE_AFTER_S, SETTLE_AT_ONCE = 0.5, 32


class Ended:
    """Submissions of a worker that are published, and settled a little later, many at a time.

    Kept in memory alone: what a worker that dies has forgotten, the sweeper settles (docs/vault.md section 2,
    step 5). Depositors have their verdicts by then, so that nobody waits for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[UUID] = []
        self._since = 0.0

    def add(self, submission_ids: Collection[UUID]) -> None:
        with self._lock:
            self._since = self._since if self._waiting else time.monotonic()
            self._waiting += submission_ids

    def due(self, *, all_of_them: bool = False) -> list[UUID]:
        """Those that are to be settled now, each given out once."""
        with self._lock:
            late = time.monotonic() - self._since >= SETTLE_AFTER_S
            if not (all_of_them or late or len(self._waiting) >= SETTLE_AT_ONCE):
                return []
            found, self._waiting = self._waiting, []
            return found


def settle(
    index: Settling, objects: ObjectStore, vault: SettlingVerbs, submission_id: UUID, now_ms: int
) -> None:
    """Step 5: end a finished submission. No key opens it any more, what wasn't adopted goes. Repeatable.

    The vault before the index, the index before the objects, the rows of the objects last: whatever breaks
    between, the index still lists what is left to do, and an object without a row is never left.
    """
    vault.settle(submission_id)
    _delete(index, objects, index.settle(submission_id, now_ms))


def settle_many(
    index: Settling, objects: ObjectStore, vault: SettlingVerbs, submission_ids: Sequence[UUID], now_ms: int
) -> None:
    """The same for several, in one transaction of each store."""
    if submission_ids:
        vault.settle_many(submission_ids)
        _delete(index, objects, index.settle_many(submission_ids, now_ms))


def _delete(index: Settling, objects: ObjectStore, abandoned: Collection[Blob]) -> None:
    # deleting an object that is gone succeeds: a repeat passes over what an earlier one got done
    for blob in abandoned:
        objects.delete(blob.blob_id, blob.version)
    index.forget_blobs(abandoned)
