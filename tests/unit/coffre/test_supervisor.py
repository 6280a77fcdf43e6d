"""A supervisor keeps its parts running, gives up on what does not run, and ends all of them in time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BEFORE = """
import ctypes, errno, os, signal, subprocess, sys, time
from coffre.processes import parts, supervisor
from coffre.processes.parts import Process
from coffre.processes.supervisor import Supervisor

starts = sys.argv[1]

def started():
    with open(starts, "a") as file:
        file.write(f"{os.getpid()}\\n")
    return os.path.getsize(starts)

def until_told(lifetime):
    started()
    lifetime.ready("part")
    lifetime.wait()

def run(*stages):
    Supervisor([[Process(f"part-{n}", each) for n, each in enumerate(stage)] for stage in stages]).run(
        lambda: print("ready", flush=True)
    )
"""
REFUSED_ONCE = """
fork, calls = os.fork, []

def refused_once():
    calls.append(1)
    if len(calls) == 2:
        raise OSError(errno.EAGAIN, "no process now")
    return fork()

def part(lifetime):
    first = started() == len(f"{os.getpid()}\\n")
    lifetime.ready("part")
    if first:
        time.sleep(0.2)
        os._exit(1)
    os.kill(os.getppid(), signal.SIGTERM)
    lifetime.wait()

os.fork = refused_once
run([part])
print(len(calls))
"""
CRASHING = """
from records.errors import CoffreError

parts.FIRST_PAUSE_S, parts.LAST_PAUSE_S = 0.01, 0.02

def part(lifetime):
    started()
    lifetime.ready("part")
    os._exit(1)

try:
    run([until_told], [part])
except CoffreError as error:
    print(error.code, error.sentence.count("part-0"))
"""
DEAF = """
supervisor.END_S = 0.5

def deaf(lifetime):
    started()
    lifetime.ready("part")
    time.sleep(600)

def stopped(lifetime):
    started()
    lifetime.ready("part")
    os.kill(os.getpid(), signal.SIGSTOP)

run([until_told], [deaf, stopped], [until_told])
"""
HEIR = """
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: as process 1 of a container

def part(lifetime):
    started()
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3)"])
    lifetime.ready("part")
    if len(open(starts).readlines()) == 1:
        os._exit(1)
    lifetime.wait()

run([part])
"""
DIES_WHILE_OTHERS_START = """
def short(lifetime):
    started()
    lifetime.ready("part")
    if len(open(starts).readlines()) == 1:
        time.sleep(0.1)
        os._exit(1)
    lifetime.wait()

def slow(lifetime):
    time.sleep(0.5)
    until_told(lifetime)

run([short], [slow])
"""
LISTENING = "run([until_told], [until_told, until_told])"


@contextmanager
def supervised(tmp_path: Path, script: str) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-c", BEFORE + script, str(tmp_path / "starts")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return False


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_process_that_the_system_refuses_is_started_later(tmp_path: Path) -> None:
    with supervised(tmp_path, REFUSED_ONCE) as process:
        said, wrong = process.communicate(timeout=60)
    assert (process.returncode, said.split()) == (0, ["ready", "3"]), wrong
    assert len((tmp_path / "starts").read_text().split()) == 2


def test_a_part_that_ends_again_and_again_ends_all_with_a_sentence(tmp_path: Path) -> None:
    with supervised(tmp_path, CRASHING) as process:
        said, wrong = process.communicate(timeout=60)
    assert said.split("\n") == ["ready", "part_keeps_ending 2", ""], wrong
    pids = [int(each) for each in (tmp_path / "starts").read_text().split()]
    assert len(pids) == 1 + 12
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_what_does_not_end_is_killed_after_a_bound_and_the_others_end_as_told(tmp_path: Path) -> None:
    with supervised(tmp_path, DEAF) as process:
        assert first_line(process) == "ready"
        began = time.monotonic()
        process.terminate()
        _, wrong = process.communicate(timeout=30)
    assert process.returncode == 0 and time.monotonic() - began < 10
    assert wrong.count("part did not end in time, killed") == 2
    pids = [int(each) for each in (tmp_path / "starts").read_text().split()]
    assert len(pids) == 4 and not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_what_its_parts_leave_behind_is_no_zombie(tmp_path: Path) -> None:
    with supervised(tmp_path, HEIR) as process:
        assert first_line(process) == "ready"
        until(lambda: len((tmp_path / "starts").read_text().split()) == 2)
        until(lambda: len(children(process.pid)) == 1)  # the orphan of the first has gone
        assert not any(map(is_zombie, children(process.pid)))
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_part_that_dies_while_later_ones_start_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, DIES_WHILE_OTHERS_START) as process:
        assert first_line(process) == "ready"
        until(lambda: len((tmp_path / "starts").read_text().split()) == 3)
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_however_often_they_come(tmp_path: Path, number: int) -> None:
    with supervised(tmp_path, LISTENING) as process:
        assert first_line(process) == "ready"
        for pid in [*children(process.pid), process.pid, process.pid]:
            os.kill(pid, number)
        _, wrong = process.communicate(timeout=30)
    assert process.returncode == 0, wrong
    assert "part" not in wrong


def test_a_hangup_is_ignored_where_nohup_says_so(tmp_path: Path) -> None:
    with supervised(tmp_path, "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + LISTENING) as process:
        assert first_line(process) == "ready"
        for pid in [*children(process.pid), process.pid]:
            os.kill(pid, signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None and len(children(process.pid)) == 3
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_all_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with supervised(tmp_path, LISTENING) as process:
        assert first_line(process) == "ready"
        parts = children(process.pid)
        process.kill()
        process.wait(10)
        until(lambda: not any(Path(f"/proc/{pid}").exists() and not is_zombie(pid) for pid in parts))
