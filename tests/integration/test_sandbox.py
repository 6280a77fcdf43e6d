"""The sandbox: what a stranger's file can do to the process that reads it, and to the one that asked."""

import contextlib
import os
import platform
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fpdf
import pydicom.data
import pytest

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.limits import Limits
from content.sandbox.confinement import WHOLE
from content.sandbox.parent import Inspection, Sandbox
from content.sandbox.pool import SandboxUnavailable
from records.errors import CoffreError
from tests.integration.slow_files import OBJECTS_PER_CPU_S, slow_pdf
from tests.integration.support import Coffre
from tests.unit.content.dicom_bytes import RLE, element, fragments, identifiers, part10, pixel_module

CT = Path(str(pydicom.data.get_testdata_file("CT_small.dcm"))).read_bytes()
LIMITS = Limits(wall_seconds=2.0, cpu_seconds=1, memory_bytes=256 * 2**20)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(children=2, limits=LIMITS, faults=True) as opened:
        yield opened


def inspect(sandbox: Sandbox, data: bytes = CT, fault: str | None = None) -> Inspection:
    options = {"fault": fault} if fault else None
    return sandbox.inspect("dicom", len(data), lambda offset, length: data[offset : offset + length], options)


def codes(inspection: Inspection) -> list[str]:
    return [finding.code for finding in inspection.findings]


def processes_of_session(leader: int) -> list[int]:
    """Processes of the zygote's session: the zygote and every child it forked."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            state, _, _, session = stat.rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append(int(entry.name))
    return found


def wait_until_gone(leader: int) -> None:
    deadline = time.monotonic() + 5
    while processes_of_session(leader):
        assert time.monotonic() < deadline, "children outlived their zygote"
        time.sleep(0.01)


def leader_of(sandbox: Sandbox) -> int:
    assert sandbox._pool._zygote is not None
    return sandbox._pool._zygote.pid


def test_an_instance_is_answered_as_if_it_had_been_read_here(sandbox: Sandbox) -> None:
    findings, facts = inspect_dicom(BytesSource(CT))
    inspection = inspect(sandbox)
    assert inspection.accepted
    assert list(inspection.findings) == findings
    assert inspection.facts == facts


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("crash", "sandbox_crashed"),
        ("hang", "sandbox_timeout"),
        ("spin", "sandbox_timeout"),
        ("memory", "sandbox_memory"),
        ("flood", "sandbox_crashed"),
        ("say:", "sandbox_crashed"),
        ('say:{"findings":[],"facts":{"sop":"1.2"}}', "sandbox_crashed"),
        ('say:{"findings":[["no_such_code",null]],"facts":{}}', "sandbox_crashed"),
        ("say:" + "[" * 50_000, "sandbox_crashed"),
        ("read:0,1048577", "sandbox_crashed"),
        ("read:18446744073709551615,1", "sandbox_crashed"),
    ],
)
def test_a_misbehaving_child_costs_its_file_a_quarantine_and_nothing_else(
    sandbox: Sandbox, fault: str, code: str
) -> None:
    inspection = inspect(sandbox, fault=fault)
    assert codes(inspection) == [code]
    assert inspection.outcome == "quarantine"
    assert inspection.facts is None
    assert inspect(sandbox).accepted


@pytest.mark.parametrize("fault", ["descriptor", "process", "signal"])
def test_a_child_can_open_start_and_signal_nothing(sandbox: Sandbox, fault: str) -> None:
    assert inspect(sandbox).accepted
    leader = leader_of(sandbox)
    # the attempt raises inside the child, which ends
    assert codes(inspect(sandbox, fault=fault)) == ["sandbox_crashed"]
    assert leader_of(sandbox) == leader


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the list of system calls is written for x86-64")
def test_a_child_is_held_to_a_list_of_system_calls() -> None:
    with Sandbox(children=1, limits=LIMITS) as fresh:
        assert inspect(fresh).accepted
        (child,) = fresh._pool._idle
        status = Path(f"/proc/{child.pid}/status").read_text()
    assert "\nSeccomp:\t2\n" in status
    assert "\nNoNewPrivs:\t1\n" in status


def test_what_the_kernel_did_not_grant_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", "coffre.sandbox"), Sandbox(children=1, limits=LIMITS) as fresh:
        for _ in range(2):
            assert inspect(fresh).accepted
            assert fresh._pool._zygote is not None
            granted = fresh._pool._zygote.confinement()
            os.kill(leader_of(fresh), 9)
            wait_until_gone(leader_of(fresh))
    warned = [record.__dict__["missing"] for record in caplog.records]
    missing = [part.name.lower() for part in WHOLE if part not in granted and part.name]
    assert warned == ([", ".join(missing)] if missing else [])


def test_frames_are_decoded_inside_where_that_is_set() -> None:
    decoding = Limits(decoded_frames=2)
    with Sandbox(children=1, limits=decoding) as fresh:
        for name in ("SC_rgb_rle_2frame.dcm", "SC_rgb_jpeg_dcmtk.dcm", "693_J2KI.dcm"):
            data = (Path(str(pydicom.data.__file__)).parent / "test_files" / name).read_bytes()
            found = inspect(fresh, data)
            assert found.accepted, found.findings
            assert list(found.findings) == inspect_dicom(BytesSource(data), decoding)[0]
            assert "frames_not_decoded" not in codes(found)


def test_the_setting_that_asks_for_decoding_reaches_the_children(
    coffre: Coffre, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = identifiers() + pixel_module(bits=8, frames=1) + element(0x00280101, "US", b"\x08\0")
    described += element(0x00280004, "CS", b"MONOCHROME2") + fragments(bytes(64))
    damaged = part10(described, RLE)
    monkeypatch.setenv("COFFRE_DECODE_FRAMES", "1")
    with coffre.system() as system:
        assert system.settings.decode_frames == 1
        assert codes(inspect(system.worker().inspector._sandbox, damaged))[-1] == "frames_not_decodable"
    with Sandbox(children=1, limits=LIMITS) as structure_only:
        assert "frames_not_decodable" not in codes(inspect(structure_only, damaged))


def test_a_child_has_no_environment_and_one_socket(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFFRE_SECRET", "in the environment")
    with Sandbox(children=1, limits=LIMITS) as fresh:
        assert inspect(fresh).accepted
        examined = 0
        for pid in processes_of_session(leader_of(fresh)):
            # without privileges a child cannot be looked into at all
            with contextlib.suppress(PermissionError):
                assert b"COFFRE_SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()
                opened = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
                # qpdf keeps the source of random bytes open, which tells nothing
                others = [name for name in opened if name not in {"/dev/null", "/dev/urandom"}]
                assert [name.partition(":")[0] for name in others] == ["socket"]
                examined += 1
        assert examined


def test_a_store_that_fails_leaves_the_file_unjudged(sandbox: Sandbox) -> None:
    def read(offset: int, length: int) -> bytes:
        raise ConnectionError("the store is away")

    with pytest.raises(ConnectionError):
        sandbox.inspect("dicom", 10, read)
    with pytest.raises(CoffreError) as short:
        sandbox.inspect("dicom", 10, lambda offset, length: b"")
    assert short.value.code == "short_read"
    assert inspect(sandbox).accepted


def test_a_slow_store_is_not_the_files_fault(sandbox: Sandbox) -> None:
    def read(offset: int, length: int) -> bytes:
        time.sleep(2.5)
        return CT[offset : offset + length]

    assert sandbox.inspect("dicom", len(CT), read).accepted


def test_a_busy_machine_is_not_the_files_fault() -> None:
    """A child that gets no CPU for longer than its CPU limit still answers."""
    assert Limits().wall_seconds >= 5 * Limits().most_cpu_seconds
    with Sandbox(children=1, limits=Limits(wall_seconds=60, cpu_seconds=1), faults=True) as fresh:
        assert inspect(fresh).accepted
        (child,) = fresh._pool._idle
        os.kill(child.pid, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(inspect, fresh)
            time.sleep(3)
            os.kill(child.pid, signal.SIGCONT)
            assert waiting.result().accepted
        # and what the file itself takes ends it long before
        started = time.monotonic()
        inspection = inspect(fresh, fault="spin")
        assert codes(inspection) == ["sandbox_timeout"]
        assert time.monotonic() - started < 50
        assert inspection.cpu > 1  # counted by the kernel, for a child that never answered


def test_what_a_file_costs_is_its_own_and_not_its_predecessors(sandbox: Sandbox) -> None:
    slow = slow_pdf(1, OBJECTS_PER_CPU_S // 4)
    dear = sandbox.inspect("pdf", len(slow), lambda offset, length: slow[offset : offset + length])
    cheap = inspect(sandbox)
    assert dear.cpu > 5 * cheap.cpu > 0


def test_children_work_in_parallel_for_several_threads(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: inspect(sandbox), range(60)))
    assert all(answer.accepted for answer in answers)
    assert len(sandbox._pool._idle) <= 2


def test_a_child_is_replaced_after_its_share_of_files() -> None:
    with Sandbox(children=1, recycle_after=3, limits=LIMITS) as sandbox:
        seen = []
        for _ in range(7):
            inspect(sandbox)
            seen += [child.pid for child in sandbox._pool._idle]
    assert len(set(seen)) == 3


def test_a_child_is_replaced_after_its_share_of_work() -> None:
    """Each file costs a child some CPU: after any of it the child has done more than its share."""
    with Sandbox(children=1, recycle_seconds=0.0, limits=LIMITS) as sandbox:
        for _ in range(3):
            assert inspect(sandbox).accepted
            assert sandbox._pool._idle == []
    with Sandbox(children=1, recycle_after=10_000, recycle_seconds=60.0, limits=LIMITS) as sandbox:
        seen = {child.pid for _ in range(150) if inspect(sandbox).accepted for child in sandbox._pool._idle}
    assert len(seen) == 1


def test_what_files_leave_in_cycles_does_not_fill_a_child() -> None:
    """No collector runs while a file is read. What a PDF leaves would fill the memory of a child for many."""
    document = many_pages(300)
    with Sandbox(children=1, recycle_after=10_000, recycle_seconds=600.0) as sandbox:
        held = []
        for _ in range(40):
            found = sandbox.inspect("pdf", len(document), lambda at, length: document[at : at + length])
            assert found.accepted
            held.append(resident(sandbox._pool._idle[0].pid))
    assert max(held[20:]) < max(held[:20]) + 8 * 2**20


def many_pages(count: int) -> bytes:
    report = fpdf.FPDF()
    report.set_font("helvetica")
    for _ in range(count):
        report.add_page()
        report.cell(text="page")
    return bytes(report.output())


def resident(pid: int) -> int:
    """Bytes of memory that a process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_dead_zygote_is_replaced_and_its_children_go_with_it() -> None:
    with Sandbox(children=1, limits=LIMITS) as sandbox:
        assert inspect(sandbox).accepted
        leader = leader_of(sandbox)
        os.kill(leader, 9)
        wait_until_gone(leader)
        assert inspect(sandbox).accepted
        assert leader_of(sandbox) != leader


def test_closing_leaves_no_process_behind_even_in_the_middle_of_a_job() -> None:
    sandbox = Sandbox(children=2, limits=Limits(wall_seconds=30), faults=True)
    assert inspect(sandbox).accepted
    leader = leader_of(sandbox)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(inspect, sandbox, CT, "hang")
        time.sleep(0.2)
        sandbox.close()
        with pytest.raises(SandboxUnavailable):
            hanging.result(10)
    assert processes_of_session(leader) == []
    with pytest.raises(SandboxUnavailable):
        inspect(sandbox)
