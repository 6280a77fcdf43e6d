"""Jobs on adopted content over real stores in this process: asked for, carried out, looked at."""

from dataclasses import dataclass
from uuid import UUID

from coffre.commands.check import check_of
from coffre.demo_authority.identities import Identities
from ingestion.jobs.dispatch import enqueue_waiting, plan_compactions
from ingestion.worker.queue.loop import Worker
from keyvault.verbs.call import Call
from keyvault.verbs.operator.quarantine import JobSeen
from keyvault.verbs.rows import sealed_rows
from records.vocabulary.codes import Action
from storage.rows.submissions import QuarantinedPart
from tests.faults.pipeline import Pipeline
from tests.faults.storage_check import sweep

WHY = "checked with the laboratory by telephone"
GRANTS_END_S = 31 * 60
"""After so long nothing that was retired can be read under any grant."""


@dataclass
class Hosting:
    """The operators and the housekeeper of a pipeline. Their tokens are of the true time."""

    pipeline: Pipeline

    def __post_init__(self) -> None:
        self.identities = Identities(self.pipeline.system)
        names = ("anne", "bruno")
        self.anne, self.bruno = (Call(token=self.identities.named_operator(name)) for name in names)
        self.operator = self.pipeline.system.guard.operator

    def quarantined(self) -> list[QuarantinedPart]:
        return self.pipeline.system.index.quarantined()

    def release(self, document_id: UUID, record: str) -> UUID:
        """Both agree; answers the job, which waits for a worker."""
        for call in (self.anne, self.bruno):
            job = self.operator.release_quarantined(call, document_id, record, WHY)
        assert isinstance(job, JobSeen)
        assert job.state == "queued"
        self.enqueue()
        return job.job_id

    def destroy(self, document_id: UUID) -> UUID:
        for call in (self.anne, self.bruno):
            job = self.operator.destroy_quarantined(call, document_id, WHY)
        assert isinstance(job, JobSeen)
        self.enqueue()
        return job.job_id

    def compact(self) -> int:
        """Have whatever can be compacted compacted; answers how many studies."""
        system = self.pipeline.system
        now = int(self.pipeline.clock() * 1000)
        planned = plan_compactions(system.index, system.guard.housekeeper, now, 10)
        self.enqueue()
        return planned

    def render(self) -> int:
        """Have the renditions made of every study that has none; answers how many studies."""
        studies = self.pipeline.system.index.unrendered_studies()
        for study in studies:
            job = self.operator.render(self.anne, study.record_id, study.document_id)
            assert isinstance(job, UUID)
        self.enqueue()
        return len(studies)

    def withdraw(self, ins: str, study: str, *instances: str, code: str = "113037") -> UUID:
        place = self.operator.find_study(self.anne, ins, Action.WITHDRAW, study)
        rows = self.pipeline.system.index.documents_by_study(place.record_id, place.study_token)  # type: ignore[union-attr,arg-type]
        ((document, details),) = [each for each in rows if each[0].state == "approved"]
        sealed = sealed_rows(details)
        job = self.operator.withdraw(
            self.anne, document.record_id, document.document_id, sealed, instances, code
        )
        assert isinstance(job, UUID)
        self.enqueue()
        return job

    def enqueue(self) -> None:
        system = self.pipeline.system
        enqueue_waiting(system.index, system.guard.housekeeper, int(self.pipeline.clock() * 1000))

    def work(self, worker: Worker) -> None:
        self.pipeline.work(worker)

    def sound(self) -> bool:
        """Index, vault, objects and log agree, every byte of every object included."""
        return check_of(self.pipeline.system, scrub=True).run().sound

    def left_over(self) -> list[str]:
        """What remains once the longest grant has expired, the sweeper having been there before and after."""
        sweep(self.pipeline.system)
        self.pipeline.clock.ahead += GRANTS_END_S
        return self.pipeline.left_over()
