"""`coffre serve` is several processes: whichever dies is started again, and all end with their supervisor."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from coffre.serving.callers.limits import BURST, PER_SECOND
from coffre.serving.whole import BEHIND_READERS
from tests.faults.killable import comm, parts_of
from tests.integration.support import Coffre, bearer
from tests.services import warm
from tests.services.installed import installed
from tests.services.processes import free_port
from tests.services.warm import WarmProcess, WarmServer

PARTS = ("vault", "housekeeper", "gateway", "worker-0", "web-0")
PATIENCE_S = 20.0


@contextmanager
def served(data: Path) -> Iterator[Coffre]:
    installed(data)
    found = Coffre(data, WarmServer(data))
    found.server.start()
    try:
        yield found
    finally:
        found.server.stop()  # whichever it is by now


@pytest.fixture
def coffre(tmp_path: Path) -> Iterator[Coffre]:
    """Of the test's own, which ends its supervisor or counts from its start."""
    with served(tmp_path / "data") as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    """For tests after which everything runs as before."""
    with served(tmp_path_factory.mktemp("supervised") / "data") as found:
        yield found


def until(true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def answers(coffre: Coffre) -> bool:
    try:
        return httpx.get(f"{coffre.url}/health/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def deposit(coffre: Coffre) -> int:
    """A study all the way to its patient's list; how many documents stand there."""
    patient = coffre.open_record()
    answer = coffre.stow(coffre.depositor(), patient.ct(slices=2), patient.ins)
    assert answer.status_code == 200, answer.text
    return len(patient.documents())


def test_every_part_is_a_process_of_its_own_with_a_name(shared: Coffre) -> None:
    assert {comm(part) for part in PARTS} <= parts_of(shared.server.pid or 0).keys()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_killed_is_started_again(shared: Coffre, part: str) -> None:
    assert deposit(shared) == 1
    before = parts_of(shared.server.pid or 0)
    os.kill(before[comm(part)], signal.SIGKILL)
    until(lambda: parts_of(shared.server.pid or 0).get(comm(part), 0) not in (0, before[comm(part)]))
    until(lambda: answers(shared))
    assert deposit(shared) == 1
    others = {name: pid for name, pid in before.items() if name != comm(part)}
    assert others.items() <= parts_of(shared.server.pid or 0).items()


def test_without_the_gateway_pages_wait_and_everything_else_goes_on(shared: Coffre) -> None:
    patient = shared.open_record()
    gateway = parts_of(shared.server.pid or 0)[comm("gateway")]
    os.kill(gateway, signal.SIGSTOP)
    try:
        assert shared.stow(shared.depositor(), patient.ct(slices=1), patient.ins).status_code == 200
        assert len(patient.documents()) == 1
    finally:
        os.kill(gateway, signal.SIGKILL)
    missing = httpx.get(f"{shared.url}/", headers={"Accept": "text/html"}, timeout=10)
    assert missing.status_code in (200, 503)
    until(lambda: httpx.get(f"{shared.url}/", timeout=10).status_code == 200)


def test_a_killed_supervisor_leaves_nobody_and_the_next_start_succeeds_at_once(coffre: Coffre) -> None:
    assert deposit(coffre) == 1
    for _ in range(2):
        parts, supervisor = parts_of(coffre.server.pid or 0), coffre.server.pid
        assert supervisor is not None
        os.kill(supervisor, signal.SIGKILL)
        restarted = WarmServer(coffre.data, coffre.server.port)
        restarted.start()
        until(lambda parts=parts: all(gone(pid) for pid in parts.values()))  # type: ignore[misc]
        coffre.server.stop()
        coffre.server = restarted
        assert deposit(coffre) == 1


def test_kill_of_everything_at_once_and_a_restart(coffre: Coffre) -> None:
    patient = coffre.open_record()
    answer = coffre.stow(coffre.depositor(), patient.ct(slices=2), patient.ins)
    assert answer.status_code == 200
    for pid in (coffre.server.pid, *parts_of(coffre.server.pid or 0).values()):
        os.kill(pid or 0, signal.SIGKILL)
    coffre.server.stop()
    coffre.server = WarmServer(coffre.data, coffre.server.port)
    coffre.server.start()
    assert len(patient.documents()) == 1


def test_a_second_server_on_the_same_data_directory_is_refused_with_a_sentence(shared: Coffre) -> None:
    for more in ((), ("--single",)):
        done = warm.run("serve", "--data", shared.data, "--port", free_port(), *more)
        assert done.returncode == 1
        assert done.stderr.startswith("served_already: ") and "Traceback" not in done.stderr
    assert answers(shared)


@pytest.mark.usefixtures("interruptible")
def test_a_signal_to_the_whole_group_ends_all_in_order_with_exit_0(tmp_path: Path) -> None:
    """As systemd and terminals send it: the vault does not end before those who still need it."""
    data = tmp_path / "data"
    installed(data)
    for number in (signal.SIGTERM, signal.SIGINT):
        log = tmp_path / f"{number}.log"
        words = ["serve", "--data", str(data), "--port", str(free_port())]
        process = WarmProcess(words, os.environ, log, new_session=True)
        assert process.stdout.readline().startswith("ready")
        os.killpg(process.pid, number)
        assert process.wait(30) == 0, log.read_text()
        assert "failed" not in log.read_text()
    assert not (data / "run").exists()


def test_counts_and_limits_hold_over_all_web_processes(shared: Coffre) -> None:
    def counted() -> set[float]:
        metrics = {httpx.get(f"{shared.url}/metrics").text for _ in range(6)}
        lines = [line for text in metrics for line in text.splitlines() if 'route="/audit/keys"' in line]
        return {float(line.rpartition(" ")[2]) for line in lines if line.startswith("coffre_http_requests_")}

    asked = 40
    httpx.get(f"{shared.url}/audit/keys")
    (before,) = counted()
    for _ in range(asked):  # a connection each, so that every web process accepts some
        httpx.get(f"{shared.url}/audit/keys")
    assert counted() == {before + asked}


def test_an_address_has_as_many_calls_as_of_one_process(coffre: Coffre) -> None:
    def refused(_: int) -> int:  # a connection each
        rubbish = bearer("eyJ.eyJ.eyJ")
        return httpx.get(f"{coffre.url}/records/x/documents", headers=rubbish, timeout=30).status_code

    began = time.monotonic()
    with ThreadPoolExecutor(8) as callers:
        answers = Counter(callers.map(refused, range(3 * BURST)))
    most = BURST + PER_SECOND * (time.monotonic() - began) + 1
    assert answers.keys() == {401, 429} and BURST <= answers[401] <= most, answers


def status_of(data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(warm.run("status", "--data", data, "--json").stdout)
    return found


def test_status_and_log_show_every_process_what_it_costs_and_how_often_it_was_started_again(
    coffre: Coffre,
) -> None:
    # a process that is busy when it is asked says what it was before, and nothing the first time
    until(lambda: all(each["memory_mib"] for each in status_of(coffre.data)["processes"].values()))
    processes = status_of(coffre.data)["processes"]
    parts = parts_of(coffre.server.pid or 0)
    assert processes["supervisor"]["pid"] == coffre.server.pid
    assert {comm(name): each["pid"] for name, each in processes.items() if name != "supervisor"} == parts
    for each in processes.values():
        assert each["restarts"] == 0 and each["cpu_s"] >= 0 and 5 < each["memory_mib"] < 350
        assert abs(datetime.fromisoformat(each["since"]).timestamp() - time.time()) < 60
    assert sum(each["memory_mib"] for each in processes.values()) <= 350
    os.kill(parts[comm("vault")], signal.SIGKILL)
    until(lambda: status_of(coffre.data)["processes"]["vault"]["pid"] not in (None, parts[comm("vault")]))
    assert status_of(coffre.data)["processes"]["vault"]["restarts"] == 1
    log = coffre.data.with_name(f"{coffre.data.name}-server.log")
    # others write a line only where a chore of theirs meets the moment without a vault
    until(lambda: "part=vault" in log.read_text())
    assert all("process=" in line or "coffre.supervisor" in line for line in log.read_text().splitlines())


def test_status_shows_what_waits_and_for_how_long(shared: Coffre) -> None:
    patient = shared.open_record()
    workers = [
        pid for name, pid in parts_of(shared.server.pid or 0).items() if name.startswith(comm("worker-"))
    ]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as depositor:
        answer = depositor.submit(shared.stow, shared.depositor(), patient.ct(slices=1), patient.ins)
        until(lambda: status_of(shared.data)["queue"]["waiting"] == 1)
        until(lambda: status_of(shared.data)["queue"]["oldest_s"] >= 1)
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        assert answer.result().status_code == 200
    assert status_of(shared.data)["queue"] == {"waiting": 0, "oldest_s": None}


def test_a_single_process_serves_says_so_and_ends_in_order(tmp_path: Path) -> None:
    """`coffre serve --single`, for debugging: the same health and end, and no part of it is a process."""
    data = tmp_path / "data"
    installed(data)
    port = free_port()
    log = tmp_path / "single.log"
    words = ["serve", "--single", "--data", str(data), "--port", str(port)]
    process = WarmProcess(words, os.environ, log)
    try:
        assert process.stdout.readline().startswith("ready")
        assert status_of(data)["processes"] == {"single": {"pid": process.pid}}
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code == 200
        assert not {comm(part) for part in PARTS} & parts_of(process.pid).keys()
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    assert code == 0, log.read_text()
    assert status_of(data)["processes"] is None


def test_status_shows_no_process_where_none_runs_any_more(coffre: Coffre) -> None:
    parts = parts_of(coffre.server.pid or 0)
    os.kill(coffre.server.pid or 0, signal.SIGKILL)
    until(lambda: all(gone(pid) for pid in parts.values()))
    assert status_of(coffre.data)["processes"] is None


@pytest.mark.parametrize(
    "name", ["a ?b#c%20d é", pytest.param("x" * 100, marks=pytest.mark.long)], ids=["signs", "long"]
)
def test_a_data_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    data = tmp_path / name
    installed(data)
    found = Coffre(data, WarmServer(data))
    found.server.start()
    try:
        assert deposit(found) == 1
        assert status_of(data)["processes"].keys() >= set(PARTS)
    finally:
        assert found.server.stop() == 0
    assert not (data / "run").exists()


def test_workers_and_their_sandboxes_leave_the_processors_to_readers_first(shared: Coffre) -> None:
    assert deposit(shared) == 1
    parts = parts_of(shared.server.pid or 0)
    nice = {name: os.getpriority(os.PRIO_PROCESS, pid) for name, pid in parts.items()}
    assert nice[comm("worker-0")] == nice[comm("web-0")] + BEHIND_READERS
    assert nice[comm("vault")] == nice[comm("web-0")]
    sandboxes = Path(f"/proc/{parts[comm('worker-0')]}/task").glob("*/children")
    below = [int(pid) for listed in sandboxes for pid in listed.read_text().split()]
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in below} <= {nice[comm("worker-0")]}
