"""Processes that nobody can ask give signs of life: the check of their container, and systemd's, see them
hang.

Time is not waited for: files are set back by longer than any loop may take. A loop that goes on sets them
forward within a second, one that hangs does not.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coffre.deploying.compose import PULSE, compose
from coffre.deploying.units import WATCHDOG_S
from coffre.housekeeper.housekeeper import LOOPS
from coffre.installation.install import initialise
from coffre.processes.pulse import EVERY_S, SUFFIX
from coffre.settings import load
from ingestion.worker.queue.loop import HANGS_S
from tests.integration.running import process
from tests.services.processes import free_port
from tests.services.warm import WarmProcess
from tests.unit.coffre.deploying.test_site import site

LONG_S = 2 * max(*LOOPS.values(), HANGS_S)
WITHIN_S = 30


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    initialise(load(data=folder))
    return folder


def checked(name: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """What the container of this process runs, here."""
    _, _, *words = compose(site())["services"][name]["healthcheck"]["test"]
    here = [word.replace(PULSE, str(folder)) for word in words]
    return subprocess.run([sys.executable, *here], capture_output=True, text=True, check=False)


def set_back(folder: Path) -> None:
    for each in folder.glob(f"*{SUFFIX}"):
        then = each.stat().st_mtime - LONG_S
        os.utime(each, (then, then))


def loops(folder: Path) -> set[str]:
    return {each.stem.partition("-")[2] for each in folder.glob(f"*{SUFFIX}")}


def wait_for(folder: Path, expected: set[str]) -> None:
    limit = time.monotonic() + WITHIN_S
    while loops(folder) != expected:
        assert time.monotonic() < limit, loops(folder)
        time.sleep(0.05)


@contextmanager
def stopped(running: WarmProcess) -> Iterator[None]:
    running.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        running.send_signal(signal.SIGCONT)


def is_seen_alive_and_hanging(name: str, running: WarmProcess, folder: Path, expected: set[str]) -> None:
    wait_for(folder, expected)
    set_back(folder)
    limit = time.monotonic() + WITHIN_S
    while (told := checked(name, folder)).returncode:
        assert time.monotonic() < limit, told.stderr
    with stopped(running):
        set_back(folder)
        found = checked(name, folder)
        assert found.returncode == 1
        assert "hangs" in found.stderr and len(found.stderr.splitlines()) == 1


def test_a_housekeeper_that_hangs_is_seen(data: Path, tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    assert checked("housekeeper", pulse).returncode == 1, "before it has started there is none"
    with process("housekeeper", "--data", str(data), "--pulse", str(pulse), env={}) as running:
        is_seen_alive_and_hanging("housekeeper", running, pulse, {*LOOPS})


def test_a_worker_that_hangs_is_seen(data: Path, tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    env = {"COFFRE_WORKERS": "2"}
    with process("worker", "--data", str(data), "--pulse", str(pulse), env=env) as running:
        is_seen_alive_and_hanging("worker", running, pulse, {"worker-0", "worker-1"})


def test_a_worker_whose_broker_is_away_is_alive_until_it_hangs(data: Path, tmp_path: Path) -> None:
    pulse = tmp_path / "pulse"
    env = {"COFFRE_QUEUE_URL": f"amqp://127.0.0.1:{free_port()}", "COFFRE_WORKERS": "1"}
    with process("worker", "--data", str(data), "--pulse", str(pulse), env=env) as running:
        is_seen_alive_and_hanging("worker", running, pulse, {"queue"})


def test_a_worker_with_its_broker_is_alive_until_it_hangs(
    data: Path, tmp_path: Path, rabbitmq_url: str
) -> None:
    """Its loop hands tasks out; children that wait for one owe no sign."""
    pulse = tmp_path / "pulse"
    env = {"COFFRE_QUEUE_URL": rabbitmq_url, "COFFRE_WORKERS": "1"}
    with process("worker", "--data", str(data), "--pulse", str(pulse), env=env) as running:
        is_seen_alive_and_hanging("worker", running, pulse, {"queue"})


def test_a_folder_of_something_else_is_refused_and_left(data: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    (taken / "sub").mkdir(parents=True)
    (taken / "sub").chmod(0o500)
    log = tmp_path / "log"
    running = WarmProcess(("housekeeper", "--data", str(data), "--pulse", str(taken / "a/b")), {}, log)
    assert running.wait(WITHIN_S) == 1
    running.stdout.close()
    assert "no_access" in log.read_text()


# systemd, which is here a socket that takes its datagrams


@contextmanager
def manager(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        listening.settimeout(WITHIN_S)
        yield listening


def test_systemd_hears_that_it_is_ready_and_then_as_long_as_it_is_alive(data: Path, tmp_path: Path) -> None:
    pulse, every_s = tmp_path / "pulse", 0.3
    with manager(tmp_path / "notify") as heard:
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(int(3 * every_s * 1e6))}
        words = ("housekeeper", "--data", str(data), "--pulse", str(pulse))
        with process(*words, env=env) as running:
            said = {heard.recv(64) for _ in range(4)}
            assert said == {b"READY=1", b"WATCHDOG=1"}
            with stopped(running):
                heard.settimeout(5 * every_s)
                with pytest.raises(TimeoutError):
                    while True:
                        heard.recv(64)
            heard.settimeout(WITHIN_S)
            assert heard.recv(64) == b"WATCHDOG=1"
    assert WATCHDOG_S > 3 * EVERY_S


def test_every_process_says_that_it_is_ready(data: Path, tmp_path: Path) -> None:
    """By the line that programs wait for; here the vault's, for which its callers wait."""
    with manager(tmp_path / "notify") as heard:
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "COFFRE_VAULT_URL": f"unix://{tmp_path}/doors"}
        with process("vault", "serve", "--data", str(data), env=env):
            assert heard.recv(64) == b"READY=1"
