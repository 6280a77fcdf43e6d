"""A sign of life is good until a time; whoever looks finds the first loop whose time is over."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coffre.processes import pulse, service_manager
from coffre.processes.pulse import GRACE_S, SUFFIX, Pulses, silent

GOOD_S = 60.0
FIRST, NOBODY = 1, 65534
BESIDE_ANOTHER_USER = f"""\
import os
from pathlib import Path
from coffre.processes.pulse import SUFFIX, Pulses
if os.geteuid() == 0:
    os.setuid({NOBODY})  # root may signal anybody
pulses = Pulses(Path())
pulses.of("own", {GOOD_S}).beat()
Path(f"{FIRST}-worker-0{{SUFFIX}}").touch()
pulses.forget_dead()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pulse"


def test_a_loop_is_alive_from_its_first_beat_for_as_long_as_it_may_take(folder: Path) -> None:
    sign = Pulses(folder).of("loop", GOOD_S)
    assert silent(folder, time.time()) == f"no loop has left a sign of life in {folder}"
    now = time.time()
    sign.beat()
    assert silent(folder, now + GOOD_S) is None
    told = silent(folder, now + GOOD_S + 10 * GRACE_S)
    assert told is not None and told.startswith(f"{os.getpid()}-loop hangs")


def test_one_that_hangs_beside_others_is_named(folder: Path) -> None:
    pulses = Pulses(folder)
    pulses.of("one", GOOD_S).beat()
    pulses.of("two", 3 * GOOD_S).beat()
    assert "-one hangs" in (silent(folder, time.time() + 2 * GOOD_S) or "")


def test_one_that_rests_owes_no_sign_and_gives_one_at_once_afterwards(folder: Path) -> None:
    pulses = Pulses(folder)
    pulses.of("other", 3 * GOOD_S).beat()
    sign = pulses.of("loop", GOOD_S)
    sign.beat()
    sign.rest()
    sign.rest()
    assert silent(folder, time.time() + 2 * GOOD_S) is None
    sign.beat()
    assert silent(folder, time.time() + 2 * GOOD_S) is not None


def test_a_killed_child_is_not_missed(folder: Path) -> None:
    pulses = Pulses(folder)
    pulses.of("loop", 3 * GOOD_S).beat()
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    (folder / f"{child.pid}-worker-0{SUFFIX}").touch()
    assert silent(folder, time.time() + GOOD_S) is not None
    pulses.forget_dead()
    assert silent(folder, time.time() + GOOD_S) is None


def test_nor_is_one_whose_number_another_user_has_since(folder: Path) -> None:
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    subprocess.run([sys.executable, "-c", BESIDE_ANOTHER_USER], cwd=folder, check=True)
    (left,) = folder.iterdir()
    assert left.name.endswith(f"-own{SUFFIX}")


def test_files_of_an_earlier_process_go_and_nothing_else(folder: Path) -> None:
    folder.mkdir()
    for name in (f"7-loop{SUFFIX}", "letter.txt"):
        (folder / name).touch()
    Pulses(folder)
    assert [each.name for each in folder.iterdir()] == ["letter.txt"]


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pulses = Pulses()
    sign = pulses.of("loop", GOOD_S)
    sign.beat()
    sign.rest()
    pulses.forget_dead()
    assert list(tmp_path.iterdir()) == []


def test_a_sign_that_cannot_be_left_stops_no_loop(folder: Path) -> None:
    sign = Pulses(folder).of("loop", GOOD_S)
    folder.rmdir()
    sign.beat()
    sign.rest()


def test_the_check_loads_nothing_else_of_coffre(folder: Path) -> None:
    Pulses(folder).of("loop", GOOD_S).beat()
    words = [sys.executable, "-X", "importtime", "-m", pulse.__name__, str(folder)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert {name for name in loaded if name.startswith("coffre")} == {"coffre", "coffre.processes"}
    assert not loaded & {"records", "keyvault", "storage", "ingestion"}


@pytest.mark.parametrize(
    ("env", "every_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_systemd_says_how_often_it_wants_to_hear(env: dict[str, str], every_s: float | None) -> None:
    assert service_manager.told_every(env) == every_s


@pytest.mark.parametrize("address", ["", "vsock:2:1", "/nowhere/notify", "@coffre-nobody"])
def test_where_nobody_listens_nothing_is_said(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor to whoever has a socket of that name in the folder that we run in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as other:
        other.bind("vsock:2:1")
        service_manager.tell(service_manager.READY)
        with pytest.raises(BlockingIOError):
            other.recv(1)
