"""Several files in one message to a child: each is judged as if it had come alone, whatever the others do."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom.data
import pytest

from content.byte_source import BLOCK, BytesSource
from content.dicom.instance import inspect_dicom
from content.limits import Limits
from content.sandbox.child import encode_answer
from content.sandbox.handful import MOST_FILES, File, Handful
from content.sandbox.job import Child, Job
from content.sandbox.parent import Inspection, Sandbox
from content.sandbox.wire import HANDFUL, framed
from records.errors import CoffreError
from tests.integration.slow_files import OBJECTS_PER_CPU_S, slow_pdf
from tests.unit.content.dicom_bytes import JPEG, element, fragments, identifiers, part10, pixel_module
from tests.unit.content.real_files import INSPECTORS, corpus, packaged

CT = Path(str(pydicom.data.get_testdata_file("CT_small.dcm"))).read_bytes()
LARGE = part10(identifiers() + pixel_module() + fragments(b"\xff\xd8\xff" + bytes(2 * BLOCK)), JPEG)
REFUSED = part10(identifiers())[:-3]
LIMITS = Limits(wall_seconds=2.0, cpu_seconds=1, memory_bytes=256 * 2**20)
GOOD = encode_answer(*inspect_dicom(BytesSource(CT)))


def file(data: bytes, fault: str | None = None) -> File:
    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    return File(len(data), read, {"fault": fault} if fault else {})


def judged(inspections: Iterator[Inspection]) -> list[Inspection]:
    return [replace(each, cpu=0.0) for each in inspections]


def alone(sandbox: Sandbox, file: File) -> Inspection:
    return replace(sandbox.inspect("dicom", file.size, file.read, file.options), cpu=0.0)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(children=2, limits=LIMITS, faults=True) as opened:
        yield opened


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many answers each message brought."""
    counts: list[int] = []
    run = Handful.run

    def counted(self: Handful, child: Child, limits: Limits) -> list[bytes]:
        counts.append(len(answers := run(self, child, limits)))
        return answers

    monkeypatch.setattr(Handful, "run", counted)
    return counts


def test_real_files_are_answered_among_others_as_they_are_in_process() -> None:
    with warnings.catch_warnings(action="ignore"), Sandbox(children=1) as sandbox:
        for kind in ("dicom", "pdf"):
            contents = [real.path.read_bytes() for real in packaged() + corpus() if real.kind == kind][::3]
            together = sandbox.inspect_each(kind, [file(data) for data in contents])
            for data, found in zip(contents, together, strict=True):
                findings, facts = INSPECTORS[kind](BytesSource(data))
                assert (list(found.findings), found.facts) == (findings, facts if found.accepted else None)


def test_small_files_share_messages(sandbox: Sandbox, messages: list[int]) -> None:
    files = [file(CT)] * 40
    assert [found.accepted for found in sandbox.inspect_each("dicom", files)] == [True] * 40
    assert messages == [MOST_FILES, MOST_FILES, 8]


def test_files_larger_than_their_heads_are_read_where_they_lie(sandbox: Sandbox, messages: list[int]) -> None:
    """The tail of each is asked for, in ranges of its own."""
    files = [file(data) for data in (LARGE, b"", CT, LARGE, LARGE[:-1])]
    assert judged(sandbox.inspect_each("dicom", files)) == [alone(sandbox, each) for each in files]
    assert messages == [5]


FAULTS = [
    ("crash", "sandbox_crashed"),
    ("hang", "sandbox_timeout"),
    ("spin", "sandbox_timeout"),
    ("memory", "sandbox_memory"),
    ("flood", "sandbox_crashed"),
    ("process", "sandbox_crashed"),
    ("say:", "sandbox_crashed"),
    ('say:{"findings":[],"facts":{}}', "sandbox_crashed"),
    ("say:\0\0\0\2{}", "sandbox_crashed"),
    ("read:0,1048577", "sandbox_crashed"),
    ("read:18446744073709551615,1", "sandbox_crashed"),
]


@pytest.mark.parametrize(
    ("fault", "code", "place"), [(*each, 2) for each in FAULTS] + [(*FAULTS[0], 0), (*FAULTS[0], 4)]
)
def test_a_hostile_file_condemns_itself_and_none_of_its_message(
    sandbox: Sandbox, fault: str, code: str, place: int
) -> None:
    files = [file(CT), file(REFUSED), file(CT), file(CT)]
    expected = [alone(sandbox, each) for each in files]
    found = judged(sandbox.inspect_each("dicom", [*files[:place], file(CT, fault), *files[place:]]))
    hostile = found.pop(place)
    assert [finding.code for finding in hostile.findings] == [code]
    assert hostile.outcome == "quarantine"
    assert hostile.facts is None
    assert found == expected


def test_a_file_that_reads_its_neighbour_ends_its_child(sandbox: Sandbox) -> None:
    """A range that begins in one file and ends in the next is none of either."""
    across = file(CT, f"read:{len(CT) - 1},2")
    found = list(sandbox.inspect_each("dicom", [across, file(CT)]))
    assert [finding.code for finding in found[0].findings] == ["sandbox_crashed"]
    assert found[1].accepted


@pytest.mark.parametrize("answers", [b"", framed([b"{}"]), framed([GOOD] * 3), framed([GOOD, b"{}"])])
def test_of_a_message_all_answers_are_believed_or_none(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, answers: bytes
) -> None:
    """None, one that is none, one too many, and a good one before one that is none."""
    files = [file(CT), file(REFUSED)]
    expected = [alone(sandbox, each) for each in files]
    run, asked = Job.run, []

    def lying(self: Job, kind: str, *given: Any) -> bytes:
        said = run(self, kind, *given)
        asked.append(kind)
        return answers if kind == HANDFUL else said

    monkeypatch.setattr(Job, "run", lying)
    assert judged(sandbox.inspect_each("dicom", files)) == expected
    assert asked == [HANDFUL, "dicom", "dicom"]


class Killed:
    """One of some files: while it is read for the first time, the child that reads it is killed."""

    def __init__(self, sandbox: Sandbox, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done = 0
        self._data = data
        self._child: Child | None = None
        take = sandbox._pool.take

        def noted(*, fresh: bool = False, files: int = 1) -> Child:
            self._child = take(fresh=fresh, files=files)
            return self._child

        monkeypatch.setattr(sandbox._pool, "take", noted)

    def read(self, offset: int, length: int) -> bytes:
        if offset and not self.done:
            assert self._child is not None
            os.kill(self._child.pid, 9)
            self.done += 1
        return self._data[offset : offset + length]


def test_a_child_killed_in_the_middle_of_a_message_costs_no_file_its_verdict(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, messages: list[int]
) -> None:
    expected = [alone(sandbox, file(each)) for each in (CT, LARGE, REFUSED)]
    killed = Killed(sandbox, LARGE, monkeypatch)
    files = [file(CT), File(len(LARGE), killed.read), file(REFUSED)]
    assert judged(sandbox.inspect_each("dicom", files)) == expected
    assert (killed.done, messages) == (1, [])


def test_slow_files_are_answered_one_by_one(messages: list[int]) -> None:
    """The next is not begun before it is asked for: who has no more need of it, stops there."""
    slow = slow_pdf(1, OBJECTS_PER_CPU_S // 4)
    begun: list[int] = []

    def noted(number: int) -> File:
        def read(offset: int, length: int) -> bytes:
            if offset:
                begun.append(number)
            return slow[offset : offset + length]

        return File(len(slow), read)

    with Sandbox(children=1) as sandbox:
        found = sandbox.inspect_each("pdf", [noted(number) for number in range(4)])
        first = next(found)
        assert first.accepted
        assert set(begun) == {0}
        assert first.cpu > 0.1
        assert len(list(found)) == 3
    assert messages == [1, 1, 1]


def test_what_a_killed_child_cost_is_counted(sandbox: Sandbox) -> None:
    found = list(sandbox.inspect_each("dicom", [file(CT), file(CT, "spin")]))
    assert found[0].cpu > 0.1  # of the message that came to nothing
    assert found[1].cpu > 0.1  # of its own


def test_no_child_is_handed_more_files_than_its_share() -> None:
    with Sandbox(children=1, recycle_after=6, limits=LIMITS) as sandbox:
        handed: dict[int, int] = {}
        give_back = sandbox._pool.give_back

        def counted(child: Child, *, spent: bool = False, files: int = 1) -> None:
            handed[child.pid] = handed.get(child.pid, 0) + files
            give_back(child, spent=spent, files=files)

        sandbox._pool.give_back = counted  # type: ignore[method-assign]
        for count in (4, 4, 1, 17):
            assert all(found.accepted for found in sandbox.inspect_each("dicom", [file(CT)] * count))
        assert max(handed.values()) <= 6
        assert sum(handed.values()) == 26


def test_a_store_that_fails_leaves_that_file_unjudged_and_those_behind_it(sandbox: Sandbox) -> None:
    def away(offset: int, length: int) -> bytes:
        raise ConnectionError("the store is away")

    with pytest.raises(ConnectionError):
        list(sandbox.inspect_each("dicom", [file(CT), File(10, away)]))
    with pytest.raises(CoffreError) as short:
        list(sandbox.inspect_each("dicom", [file(CT), File(10, lambda offset, length: b"")]))
    assert short.value.code == "short_read"
    assert all(found.accepted for found in sandbox.inspect_each("dicom", [file(CT)] * 2))


def test_answers_that_are_large_together_come_in_several_messages(messages: list[int]) -> None:
    files = [file(part10(identifiers() + element(0x0040A160, "UT", b"x" * 600_000)))] * 3 + [file(CT)] * 2
    with Sandbox(children=1) as sandbox:
        assert judged(sandbox.inspect_each("dicom", files)) == [alone(sandbox, each) for each in files]
    assert messages == [1, 1, 3]
