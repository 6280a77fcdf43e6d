"""A turn of several files: one that breaks its child costs no other its verdict, and a lost lease ends it."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from content.limits import Limits
from content.sandbox.handful import File
from content.sandbox.job import Kind
from content.sandbox.parent import Inspection, Sandbox
from ingestion.worker import inspection_turns
from tests.faults.pipeline import BOTH_LEASES_S, Pipeline, ValidatorsHere, slices
from tests.faults.reading import opened

LIMITS = Limits(wall_seconds=2.0, cpu_seconds=1, memory_bytes=256 * 2**20)
PARTS, HOSTILE = 32, 17  # turns of four: the hostile one has neighbours on both sides in its message


class Hostile(Sandbox):
    """The sandbox, with one file that does to its child what `fault` says."""

    def __init__(self, content: bytes, fault: str) -> None:
        super().__init__(children=2, limits=LIMITS, faults=True)
        self._content, self._fault = content, {"fault": fault}

    def inspect_each(self, kind: Kind, files: Sequence[File]) -> Iterator[Inspection]:
        return super().inspect_each(kind, [self._marked(file) for file in files])

    def _marked(self, file: File) -> File:
        is_it = file.size == len(self._content) and file.read(0, file.size) == self._content
        return replace(file, options=self._fault) if is_it else file


@pytest.mark.parametrize(
    ("fault", "code"),
    [("crash", "sandbox_crashed"), ("memory", "sandbox_memory"), ("spin", "sandbox_timeout")],
)
def test_a_hostile_file_in_the_middle_of_a_turn_is_set_aside_alone(
    pipeline: Pipeline, fault: str, code: str
) -> None:
    ins = pipeline.open_record()
    files = slices(ins, count=PARTS)
    submission = pipeline.deposit(ins, files)
    with Hostile(files[HOSTILE], fault) as sandbox:
        pipeline.work(pipeline.worker("first", inspector=pipeline._inspector(sandbox)))
    parts = pipeline.system.index.parts(submission)
    expected = [("published", "published")] * PARTS
    expected[HOSTILE] = ("quarantined", code)
    assert [(part.outcome, part.code) for part in parts] == expected
    kept = b"".join(content for number, content in enumerate(files) if number != HOSTILE)
    assert opened(pipeline, ins).packs == [kept]
    assert pipeline.left_over() == []


class Watched(ValidatorsHere):
    """Validators that wait in the first file of each turn, until they may go on."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.go_on = threading.Event()

    def inspect(self, kind, size, read, options=None):  # type: ignore[no-untyped-def]
        self.begun.append(threading.get_ident())
        assert self.go_on.wait(20)
        return super().inspect(kind, size, read, options)


def taken_over(pipeline: Pipeline, submission: UUID) -> None:
    """The time of all leases has passed, and another worker has taken it."""
    pipeline.clock.ahead += BOTH_LEASES_S
    second = pipeline.worker("second")
    now = second.now_ms()
    assert pipeline.system.index.claim(submission, second.name, now, now + 60_000) is not None


def test_a_turn_ends_between_its_files_when_the_lease_is_lost(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection_turns, "LOOK_UP_S", 0.05)
    ins = pipeline.open_record()
    submission = pipeline.deposit(ins, slices(ins, count=PARTS))
    watched = Watched()
    first = pipeline.worker("first", inspector=pipeline._inspector(watched), lease_ms=400)
    thread = threading.Thread(target=first.ingest_next)
    thread.start()
    while len(watched.begun) < 2:
        time.sleep(0.01)
    taken_over(pipeline, submission)
    thread.join(20)
    assert not thread.is_alive(), "the try ended without waiting for its turns"
    watched.go_on.set()
    pipeline.close()  # once the threads are done with what they have
    assert len(watched.begun) == 2, "each turn ended after the file that it was at"
