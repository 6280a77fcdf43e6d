"""The chores of the housekeeper, one method each.

Each may run in any number of copies: it is idempotent, or takes a lease.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from coffre.housekeeper.state_copying import StateCopying
from coffre.housekeeper.sweeping import OLDEST_UPLOAD_MS, Sweeper, Swept
from coffre.processes.signed_documents import publish_day_keys, publish_issuers
from ingestion.jobs.dispatch import enqueue_waiting, plan_compactions
from keyvault.process.guard import Doors
from storage.ports.index import HousekeeperIndex
from storage.ports.objects import ObjectStore

MOST_RINGS = 100
QUIET_MS = 7 * 24 * 3_600_000
MOST_COMPACTIONS = 10  # a turn: each copies a study


@dataclass(frozen=True)
class Chores:
    """What they work on. `beat`: the sign of life of whoever does them, where one of them takes long."""

    index: HousekeeperIndex
    objects: ObjectStore
    guard: Doors
    ring_any: Callable[[int], None] = lambda _: None
    clock: Callable[[], float] = time.time
    oldest_upload_ms: int = OLDEST_UPLOAD_MS
    beat: Callable[[], None] = lambda: None

    @cached_property
    def copying(self) -> StateCopying:
        """Remembers how far it came."""
        return StateCopying(self.index, self.guard.housekeeper)

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    def sequence(self) -> None:
        """Place waiting entries and sign the tree."""
        while self.guard.housekeeper.sequence().placed:
            self.beat()
        self.guard.housekeeper.checkpoint()

    def ship(self) -> None:
        """Have the second place hold what is signed; only then it is published."""
        self.guard.housekeeper.ship()

    def day_keys(self) -> None:
        publish_day_keys(self.guard.housekeeper, self.index)
        self.guard.housekeeper.destroy_day_keys(self.index.oldest_unsettled())

    def issuers(self) -> None:
        """Whom intake and the readers believe: within seconds what two operators decided."""
        publish_issuers(self.guard.housekeeper, self.index)

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

    def months(self) -> int:
        """Have the index ready for the months that come next."""
        return self.index.make_months(self.now_ms())

    def copy_states(self) -> int:
        """Have the index show the states that the vault decided, where who asked died before it said so."""
        return self.copying.copy(self.now_ms())

    def sweep(self) -> Swept:
        """Remove what nobody keeps."""
        vault = self.guard.housekeeper
        return Sweeper(self.index, self.objects, vault, self.now_ms, self.oldest_upload_ms, self.beat).sweep()
