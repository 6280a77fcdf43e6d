"""Put the vault's jobs into the workers' queue, each as the task of its kind."""

from collections.abc import Callable, Mapping
from uuid import UUID

from ingestion.jobs.compaction import Repacking
from ingestion.jobs.discharge import Destruction, Discharge
from ingestion.jobs.rendering import Rendering
from ingestion.worker.pipeline import DEPOSIT, Ingestion
from ingestion.worker.queue.loop import Task, Worker
from keyvault.process.guard import HousekeeperDoor
from records.vocabulary.codes import JobKind
from storage.ports.index import HousekeeperIndex
from storage.rows.submissions import Submission

TASKS: Mapping[str, Callable[[Worker, Submission], Task]] = {
    DEPOSIT: Ingestion,
    JobKind.COMPACT.value: Repacking,
    JobKind.WITHDRAW.value: Repacking,
    JobKind.DISCHARGE.value: Discharge,
    JobKind.DESTROY.value: Destruction,
    JobKind.RENDER.value: Rendering,
}
FEWEST_SUBMISSIONS = 2
"""Below so many a study lies in one pack already."""


def enqueue_waiting(
    index: HousekeeperIndex,
    vault: HousekeeperDoor,
    now_ms: int,
    ring: Callable[[UUID], None] = lambda _: None,
) -> int:
    """Queue what the vault has agreed to; answers how many are new. Any number of copies may run."""
    queued = 0
    for job_id, kind in vault.waiting_jobs():
        if index.queue_job(job_id, kind, now_ms):
            queued += 1
            ring(job_id)
    return queued


def plan_compactions(index: HousekeeperIndex, vault: HousekeeperDoor, quiet_since: int, most: int) -> int:
    """Ask the vault for the compaction of studies that no deposit joined since; answers how many it takes."""
    studies = index.grown_studies(least=FEWEST_SUBMISSIONS, quiet_since=quiet_since, limit=most)
    planned = [vault.plan_compaction(study.record_id, study.document_id) for study in studies]
    return sum(job is not None for job in planned)
