"""Run a job of the vault now: in this process, or through the workers that run beside it."""

import time
from uuid import UUID

from coffre.setting_rules import INPROCESS
from coffre.wiring import System
from ingestion.intake.waiting import FINAL
from ingestion.jobs.dispatch import enqueue_waiting
from records.errors import CoffreError
from storage.rows.submissions import Submission

LOOK_AGAIN_S = 0.2
LONGEST_WAIT_S = 900.0
FAILED_TRIES = 5


def carry_out(system: System, job_id: UUID) -> Submission:
    """The job's row once it is done or refused. Raises CoffreError "job_waits" where nobody ends it.

    Where the vault is a process apart, its housekeeper and workers have the doors for it.
    """
    deadline = time.monotonic() + LONGEST_WAIT_S
    here = system.settings.vault_url == INPROCESS
    worker = system.worker() if here else None
    while True:
        if here:
            enqueue_waiting(system.index, system.guard.housekeeper, int(time.time() * 1000))
        row = system.index.submission(job_id)
        if row is not None and row.state in FINAL and row.settled_at is not None:
            return row
        tried = row is not None and row.attempts >= FAILED_TRIES
        if time.monotonic() > deadline or tried:
            raise CoffreError(
                "The job is queued and not done yet: look at the worker's log, and run the command again.",
                code="job_waits",
            )
        if worker is None or not worker.ingest(job_id):
            time.sleep(LOOK_AGAIN_S)
