"""A CT of 500 slices through the whole deposit, step by step: where the time goes."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.tools.measuring import cpu_of_tree, table
from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.processes.signed_documents import publish
from coffre.serving.callers.authentication import Authentication
from coffre.settings import load
from coffre.wiring import System
from ingestion.answers import AnswerKey
from ingestion.envelope import Payload, SubmissionHeaders
from ingestion.intake.bodies.multipart import PartReader, PartSink
from ingestion.intake.reception import Depositor
from ingestion.intake.stow.request import accepted_parts
from ingestion.worker.opening import OpenedSubmission
from ingestion.worker.pipeline import Ingestion
from ingestion.worker.queue.loop import ALONE
from ingestion.worker.settling import settle

SLICES = 500
HOP = 1 << 20


class Steps:
    """CPU of this process and of its ended or reaped children, and wall time, by step."""

    def __init__(self) -> None:
        self.found: list[tuple[str, float, float]] = []

    @contextmanager
    def step(self, name: str, children: Any = None) -> Iterator[None]:
        cpu, wall = _cpu(children), time.perf_counter()
        yield
        self.found.append((name, _cpu(children) - cpu, time.perf_counter() - wall))


def _cpu(children: Any) -> float:
    own = time.process_time()
    return own + (cpu_of_tree() if children else 0.0)


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        initialise(load(data=data))
        with System(load(data=data)) as system:
            _measure(system)


def _measure(system: System) -> None:
    identities = Identities(system)
    system.guard.operator.open_record(
        identities.operator(),
        demo_data.PATIENT_INS,
        demo_data.PATIENT,
        consent_by="operator",
        consent_how="spoken",
    )
    publish(system.guard.housekeeper, system.index)
    token = identities.depositor("1750000001")
    depositor = Depositor.of(token, Authentication.of(system).actor(token))
    files = [
        content for _, content in demo_data.ct_study(demo_data.PATIENT_INS, demo_data.OID, slices=SLICES)
    ]
    size = sum(len(content) for content in files)
    body = (
        b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + f + b"\r\n" for f in files)
        + b"--b--\r\n"
    )
    steps = Steps()
    reception = system.intake(lambda _: None).reception
    headers = SubmissionHeaders(kind="dicom", payload=Payload.DICOM, answer_key=AnswerKey().public)
    with steps.step("receive: frame, hash, seal, store"):
        deposit = reception.begin(depositor, demo_data.PATIENT_INS, headers)
        reader = PartReader(b"b", PartSink(deposit, accepted_parts(Payload.DICOM)))
        for start in range(0, len(body), HOP):
            reader.feed(body[start : start + HOP])
        reader.finish()
        reception.finish(deposit)
    _ingest(system, steps)
    rows = [
        (name, f"{cpu:.2f}", f"{wall:.2f}", f"{1e9 * cpu / size:.2f}", f"{SLICES / wall:.0f}")
        for name, cpu, wall in steps.found
    ]
    cpu, wall = sum(c for _, c, _ in steps.found), sum(w for _, _, w in steps.found)
    rows.append(("all", f"{cpu:.2f}", f"{wall:.2f}", f"{1e9 * cpu / size:.2f}", f"{SLICES / wall:.0f}"))
    title = f"STOW of one CT, {SLICES} slices, {size / 1e6:.0f} MB, one worker"
    table(title, ("step", "CPU s", "wall s", "CPU s per GB", "instances per wall s"), rows)


def _ingest(system: System, steps: Steps) -> None:
    worker = system.workers.workers[0]
    now = worker.now_ms()
    (submission,) = system.index.claim_some(worker.name, now, now + 120_000, ALONE)
    task = Ingestion(worker, submission)
    with steps.step("open: lease, envelope, keys"):
        opened = task.open()
    assert isinstance(opened, OpenedSubmission)
    one, content = task.steps(opened), task.content(opened)
    with steps.step("validate and describe (sandbox)", children=True):
        parts = one.validate(content).parts
    with steps.step("claim parts"):
        parts, duplicates = one.claim(parts)
    with steps.step("series metadata, pack"):
        packed = one.pack(parts, content)
    with steps.step("adopt (vault)"):
        parts, adopted = one.adopt(parts, packed)
    with steps.step("publish (index)"):
        rows = one.rows(parts, duplicates, adopted)
        system.index.publish(submission.submission_id, worker.name, rows)
    with steps.step("settle"):
        settle(system.index, system.objects, worker.vault, submission.submission_id, worker.now_ms())
