"""A store that is full or fails: a clear answer, and nothing left behind once the sweeper was there."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coffre.demonstration.files import data as demo_data
from records.errors import CoffreError
from records.people.identity import INS_NIR_TEST
from tests.faults.faulty import Fault, Faulty, How
from tests.faults.pipeline import Pipeline, slices
from tests.faults.reading import opened
from tests.faults.stage import Stage, store
from tests.integration.support import bearer, document_reference, problem

RECEPTION = ["index.begin_upload", "objects.writer", "objects.write", "objects.commit", "index.receive"]
LARGEST_FILE = 8 * 2**20


class FullWhilePacking:
    """A store that has no room for the worker's objects, the first `times` times."""

    def __init__(self, target: Any, times: int) -> None:
        self._target, self._left = target, times

    def __getattr__(self, verb: str) -> Any:
        if verb == "writer" and self._left:
            self._left -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return getattr(self._target, verb)


@pytest.mark.parametrize("how", [How.FAILS, How.FAILS_BUT_DONE])
@pytest.mark.parametrize("verb", RECEPTION)
def test_a_reception_that_fails_leaves_nothing_or_a_whole_submission(
    pipeline: Pipeline, verb: str, how: How
) -> None:
    ins = pipeline.open_record()
    files = slices(ins)
    fault = Fault(verb, 1, how)
    with pytest.raises(CoffreError):
        pipeline.deposit(
            ins,
            files,
            objects=Faulty("objects", pipeline.system.objects, fault),
            index=Faulty("index", pipeline.system.index, fault),
        )
    assert fault.struck
    pipeline.work(pipeline.worker("worker"))
    kept = how is How.FAILS_BUT_DONE and verb == "index.receive"
    assert opened(pipeline, ins).packs == ([b"".join(files)] if kept else [])
    assert pipeline.left_over() == []


def test_a_worker_that_finds_no_room_tries_again_until_there_is_some(pipeline: Pipeline) -> None:
    ins = pipeline.open_record()
    files = slices(ins)
    submission = pipeline.deposit(ins, [*files, b"not DICOM"])
    worker = pipeline.worker("worker", objects=FullWhilePacking(pipeline.system.objects, times=3))
    pipeline.work(worker)
    assert pipeline.outcomes(submission) == ["published", "published", "rejected"]
    assert opened(pipeline, ins).packs == [b"".join(files)]
    assert pipeline.left_over() == []


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "data", largest_file=LARGEST_FILE)
    yield stage
    stage.close()


def test_a_deposit_for_which_there_is_no_room_is_answered_507(limited: Stage) -> None:
    person = limited.people[0]
    large = big_slice(person.ins)
    assert len(large) > LARGEST_FILE
    answer = store(limited, person, [large])
    assert (answer.status_code, problem(answer)) == (507, "store_full")
    pdf = demo_data.report_pdf() + b" " * LARGEST_FILE
    report = limited.coffre.http.post(
        "/fhir/DocumentReference", json=document_reference(person.ins, pdf), headers=bearer(person.depositor)
    )
    assert (report.status_code, report.json()["resourceType"]) == (507, "OperationOutcome")
    assert store(limited, person, slices(person.ins)).status_code == 200
    limited.checker.check()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 24 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.fail("needs the right to mount a small tmpfs: run the tests as root in a container")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_runs_full_loses_nothing_and_goes_on_once_there_is_room(small_disk: Path) -> None:
    stage = Stage(small_disk / "data")
    try:
        person = stage.people[0]
        answers = [store(stage, person, [big_slice(person.ins, 700, seed)]) for seed in range(40)]
        statuses = {answer.status_code for answer in answers}
        assert 507 in statuses
        assert statuses <= {200, 202, 503, 507}
        subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
        assert store(stage, person, slices(person.ins, seed=99)).status_code == 200
        stage.checker.check()
    finally:
        stage.close()


def big_slice(ins: str, size: int = 2200, seed: int = 3) -> bytes:
    """One CT image of size x size pixels of two bytes."""
    return next(demo_data.ct_study(ins, INS_NIR_TEST, slices=1, size=size, seed=seed))[1]
