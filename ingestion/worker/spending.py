"""The CPU that a try costs, counted for its depositor's structure, whose turn in the queue depends on it.

What a structure's files cost in a day is on its account whether they are published, refused or never end:
otherwise whoever sends what breaks its worker would pay nothing for it.
"""

from contextlib import suppress

from content.sandbox.metering import Meter
from ingestion.worker.queue.loop import Worker
from ingestion.worker.queue.putting_off import NotItsTurn
from records.errors import CoffreError
from storage.rows.submissions import CpuUse, Submission


class Spending:
    """What one try spends. `meter` is fed by the threads that examine files."""

    def __init__(self, worker: Worker, submission: Submission) -> None:
        self.meter = Meter()
        self._worker = worker
        self._depositor = submission.depositor_token
        self._structure: bytes | None = None

    def introduce(self, structure_token: bytes) -> None:
        """From here on the depositor has the turns of its structure, which the vault has told.

        Who was not known counted for itself until now, so that a stand-in may have taken its submission
        beside another one of the same structure. Raises `NotItsTurn` then.
        """
        self._structure = structure_token
        worker = self._worker
        # asked once of each depositor in a process: most deposits come from those that it knows
        if self._depositor in worker.introduced:
            return
        new = worker.index.introduce(self._depositor, structure_token, worker.now_ms())
        worker.introduced.add(self._depositor)
        if new and worker.beside:
            raise NotItsTurn

    def use(self) -> CpuUse | None:
        """What was spent since it was asked last; None before the structure is known."""
        spent = self.meter.take()
        if self._structure is None:
            return None
        return CpuUse(depositor_token=self._depositor, structure_token=self._structure, cpu_ms=spent)

    def count(self) -> None:
        """Have the index count it now; what it can't count is forgotten, since no submission waits for it."""
        use = self.use()
        if use is not None and use.cpu_ms:
            with suppress(CoffreError):
                self._worker.index.count_cpu(use, self._worker.now_ms())
