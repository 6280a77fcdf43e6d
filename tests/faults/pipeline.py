"""The pipeline over real stores in this process, with a clock that can be moved and validators at hand."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from coffre.processes.signed_documents import publish
from coffre.serving.callers.authentication import Authentication
from coffre.settings import load
from coffre.wiring import System
from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import Facts
from content.limits import DEFAULT_LIMITS
from content.pdf.report import inspect_pdf
from content.sandbox.handful import File
from content.sandbox.parent import Inspection
from content.verdicts import Finding
from ingestion.envelope import ContentKind, SubmissionHeaders
from ingestion.intake.reception import Deposit, Depositor, Reception
from ingestion.jobs.dispatch import TASKS
from ingestion.worker.inspection import Inspector
from ingestion.worker.inspection_turns import Turns
from ingestion.worker.queue.loop import Worker
from ingestion.worker.renditions import Renditions
from records.people.identity import INS_NIR_TEST
from records.people.traits import IdentityCheck
from records.vocabulary.codes import RecordState
from tests.faults.faulty import Fault, Faulty
from tests.faults.pictures import PicturesHere
from tests.faults.storage_check import left_over, sweep
from tests.integration.support import LABORATORY, TRAITS, new_ins
from tests.integration.vault.bench import put_in_state
from tests.services.installed import installed

BOTH_LEASES_S = 16 * 60
"""After so long neither the index nor the vault waits for a worker that fell silent."""


class Clock:
    """The time of day, plus what a test adds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class ValidatorsHere:
    """The validators without their sandbox: these tests are about what comes after the verdict."""

    def inspect(
        self,
        kind: str,
        size: int,
        read: Callable[[int, int], bytes],
        options: Mapping[str, Any] | None = None,
    ) -> Inspection:
        examine = inspect_dicom if kind == "dicom" else inspect_pdf
        findings, facts = examine(BytesSource(read(0, size)), DEFAULT_LIMITS)
        return inspection_of(findings, facts)

    def inspect_each(self, kind: str, files: Sequence[File]) -> Iterator[Inspection]:
        return (self.inspect(kind, file.size, file.read) for file in files)


def inspection_of(findings: Sequence[Finding], facts: Facts | None) -> Inspection:
    """As the sandbox answers: facts of an accepted file alone."""
    found = Inspection(tuple(findings), None)
    return replace(found, facts=facts) if found.accepted else found


class OutOfTimeFor(ValidatorsHere):
    """Validators that run out of time on one file."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def inspect(
        self,
        kind: str,
        size: int,
        read: Callable[[int, int], bytes],
        options: Mapping[str, Any] | None = None,
    ) -> Inspection:
        if size == len(self._content) and read(0, size) == self._content:
            return Inspection((Finding("sandbox_timeout"),), {}, 0.0)
        return super().inspect(kind, size, read, options)


def slices(ins: str, count: int = 2, seed: int = 1) -> list[bytes]:
    """A small CT study."""
    return [content for _, content in demo_data.ct_study(ins, INS_NIR_TEST, slices=count, size=32, seed=seed)]


@dataclass
class Pipeline:
    """A fresh data directory with one open record; a second `Pipeline` over it is a second process."""

    data: Path
    clock: Clock = field(default_factory=Clock)
    sandbox: Any = field(default_factory=ValidatorsHere)

    def __post_init__(self) -> None:
        if not self.data.exists():
            installed(self.data)
        self.system = System(load(data=self.data), clock=self.clock)
        self._turns = Turns(2, 16)
        publish(self.system.guard.housekeeper, self.system.index)
        # issued before the clock is moved: tokens are dated by the true time
        self.patients: dict[str, str] = {}
        self._depositor = Identities(self.system).depositor(LABORATORY)

    def close(self) -> None:
        self._turns.shutdown()
        self.system.close()

    def open_record(self) -> str:
        ins, identities = new_ins(), Identities(self.system)
        self.system.guard.operator.open_record(
            identities.operator(), ins, TRAITS, consent_by="operator", consent_how="spoken"
        )
        self.patients[ins] = identities.patient(ins)
        return ins

    def close_record(self, ins: str) -> None:
        vault = self.system.guard.reader._vault
        with vault.store.reading() as tx:
            row = vault.find_record(tx, ins)
        assert row is not None
        put_in_state(self.system.guard, row["public_id"], RecordState.CLOSED)

    def deposit(
        self,
        ins: str | None,
        parts: Sequence[bytes],
        *,
        kind: ContentKind = "dicom",
        objects: Any = None,
        index: Any = None,
    ) -> UUID:
        """Receive a submission as intake does."""
        reception = self.reception(objects=objects, index=index)
        deposit = self._begin(reception, ins, kind)
        try:
            for content in parts:
                deposit.start_part()
                deposit.write(content)
                deposit.end_part()
            return reception.finish(deposit)
        except BaseException:
            deposit.abort()
            raise

    def begin(self, ins: str | None, *, objects: Any = None, index: Any = None) -> Deposit:
        """A submission of which nothing is received yet."""
        return self._begin(self.reception(objects=objects, index=index), ins, "dicom")

    def _begin(self, reception: Reception, ins: str | None, kind: ContentKind) -> Deposit:
        depositor = Depositor.of(self._depositor, Authentication.of(self.system).actor(self._depositor))
        return reception.begin(depositor, ins, SubmissionHeaders(kind=kind))

    def partial_files(self) -> Iterator[Path]:
        return (self.system.settings.data / "objects" / "tmp").iterdir()

    def reception(self, *, objects: Any = None, index: Any = None) -> Reception:
        pinned = next(key.public for key in self.system.guard.public.public_keys() if key.use == "reception")
        return Reception(
            index or self.system.index,
            objects or self.system.objects,
            pinned=pinned,
            bell=lambda _: None,
            clock=self.clock,
        )

    def worker(self, name: str, fault: Fault | None = None, **changes: Any) -> Worker:
        """A worker that makes no small pictures of deposits; with a fault, one whose stores and vault fail by
        it.
        """

        def by_way(place: str, target: Any) -> Any:
            return Faulty(place, target, fault) if fault else target

        worker = Worker(
            name=name,
            index=by_way("index", self.system.index),
            objects=by_way("objects", self.system.objects),
            vault=by_way("vault", self.system.guard.worker),
            inspector=self._inspector(self.sandbox),
            done=lambda _: None,
            clock=self.clock,
            tasks=TASKS,
            renditions=Renditions(PicturesHere(), self._turns),
            renders=False,
        )
        return replace(worker, **changes)

    def slow_validator(self, content: bytes) -> Inspector:
        """An inspector that runs out of time on this file."""
        return self._inspector(OutOfTimeFor(content))

    def _inspector(self, sandbox: Any) -> Inspector:
        environment = self.system.identity.environment
        return Inspector(sandbox, environment, check=IdentityCheck.USUAL, turns=self._turns)

    def work(self, worker: Worker, tries: int = 10) -> None:
        """Carry out whatever waits, moving the clock past pauses and leases of the dead."""
        for _ in range(tries):
            while worker.ingest_next():
                pass
            if not any(self.system.index.counts()[state] for state in ("received", "validating")):
                return
            self.clock.ahead += BOTH_LEASES_S
        raise AssertionError("a submission never got its verdict")

    def outcomes(self, submission_id: UUID) -> list[str]:
        return [part.outcome for part in self.system.index.parts(submission_id)]

    def left_over(self) -> list[str]:
        """What remains after the sweeper that should not."""
        sweep(self.system)
        return left_over(self.system)

    def events(self, action: str) -> int:
        """Permitted events of this action in the whole log, which must be sound."""
        while self.system.guard.housekeeper.sequence().placed:
            pass
        self.system.guard.housekeeper.checkpoint()
        self.system.guard.inspector.verify_log()
        with self.system._vault_store.reading() as tx:
            entries = [row["entry"] for row in tx.find("entry")]
        wanted = f'"action":"{action}"'.encode()
        return sum(wanted in entry and b'"outcome":"permit"' in entry for entry in entries)
