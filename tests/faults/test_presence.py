"""Leases are ended only by a server that no other one shares its data directory with."""

import signal
import subprocess
import sys
from pathlib import Path

from coffre.processes.presence import working

HOLDER = "import sys, time; from pathlib import Path; from coffre.processes.presence import working\n"
HOLDER += "with working(Path(sys.argv[1]), lambda: print('alone', flush=True)): "
HOLDER += "print('holds', flush=True); time.sleep(600)"


def start(data: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )


def told(data: Path) -> list[str]:
    happened: list[str] = []
    with working(data, lambda: happened.append("alone")):
        happened.append("holds")
    return happened


def test_the_first_is_alone_the_second_is_not_and_a_killed_one_no_longer_counts(tmp_path: Path) -> None:
    first = start(tmp_path)
    try:
        assert first.stdout is not None
        assert [first.stdout.readline().strip() for _ in range(2)] == ["alone", "holds"]
        assert told(tmp_path) == ["holds"]
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    assert told(tmp_path) == ["alone", "holds"]


def test_the_second_counts_for_a_third_when_the_first_has_gone(tmp_path: Path) -> None:
    with working(tmp_path, lambda: None):
        second = start(tmp_path)
        assert second.stdout is not None
        assert second.stdout.readline().strip() == "holds"
    try:
        assert told(tmp_path) == ["holds"]
    finally:
        second.kill()
        second.communicate()
