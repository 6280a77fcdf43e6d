"""One structure's slow files take nothing from another's deposit: it is published within seconds."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.identity import INS_NIR_TEST
from tests.integration.running import kill, process
from tests.integration.slow_files import slow_pdf
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, bearer, document_reference, serving
from tests.services.fixtures_postgres import NewDatabase
from tests.services.processes import free_port
from tests.services.warm import WarmServer

SECONDS = 10.0
"""Alone it takes 0.1 s; of sixteen slow files before it each costs three seconds of CPU at least."""
SLOW_FILES = 16
EXAMINES_SINCE_TICKS = 20


def image(ins: str, seed: int = 1) -> bytes:
    return next(demo_data.ct_study(ins, INS_NIR_TEST, slices=1, size=64, seed=seed))[1]


def deposit_slow(coffre: Coffre, count: int, structure: str = HOSPITAL, doctors: int = 0) -> None:
    """So many slow files of one structure, or of so many doctors of it; none waits for its verdict."""
    patient = coffre.open_record()
    people = [coffre.professional(f"8997000{number:05}", structure) for number in range(doctors)]
    tokens = people or [coffre.depositor(structure)]
    for seed in range(count):
        answer = coffre.http.post(
            "/fhir/DocumentReference",
            json=document_reference(patient.ins, slow_pdf(seed), type_code="18748-4", title="Compte rendu"),
            headers={**bearer(tokens[seed % len(tokens)]), "Prefer": "respond-async"},
        )
        assert answer.status_code == 202, answer.text


def published_after(coffre: Coffre, structure: str = LABORATORY, seed: int = 1) -> float:
    """How long the deposit of one small image takes, published."""
    patient, token = coffre.open_record(), coffre.depositor(structure)
    started = time.monotonic()
    answer = coffre.stow(token, [image(patient.ins, seed)], patient.ins)
    assert answer.status_code == 200, answer.text
    return time.monotonic() - started


def validating(coffre: Coffre) -> int:
    with coffre.system() as system:
        return system.index.counts()["validating"]


def until_one_is_examined(coffre: Coffre) -> None:
    deadline = time.monotonic() + 30
    while not validating(coffre):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("workers", "doctors"), [pytest.param("2", 0, marks=pytest.mark.long), ("1", SLOW_FILES)]
)
def test_sixteen_slow_files_of_one_structure_hold_up_no_other(
    tmp_path: Path, workers: str, doctors: int
) -> None:
    initialise(load(data=tmp_path / "data"))
    with serving(tmp_path / "data", COFFRE_WORKERS=workers) as coffre:
        deposit_slow(coffre, SLOW_FILES, doctors=doctors)
        until_one_is_examined(coffre)
        assert [took for seed in range(3) if (took := published_after(coffre, seed=seed)) > SECONDS] == []
        with coffre.system() as system:
            assert system.index.waiting(int(time.time() * 1000)) > 0  # the slow ones still wait
            assert validating(coffre) <= int(workers)  # and take no stand-in


@pytest.mark.long
def test_nor_do_slow_files_of_two_structures_hold_up_a_third(tmp_path: Path) -> None:
    initialise(load(data=tmp_path / "data"))
    with serving(tmp_path / "data", COFFRE_WORKERS="1") as coffre:
        deposit_slow(coffre, 3)
        deposit_slow(coffre, 3, "1750000007")
        until_one_is_examined(coffre)
        time.sleep(3)  # by now both are in hand
        assert published_after(coffre) < SECONDS


def test_what_hangs_holds_up_no_other_either(tmp_path: Path) -> None:
    initialise(load(data=tmp_path / "data"))
    with serving(tmp_path / "data", COFFRE_WORKERS="1") as coffre:
        deposit_slow(coffre, 1)
        hanging = examining(coffre)
        os.kill(hanging, signal.SIGSTOP)
        try:
            assert published_after(coffre) < SECONDS
        finally:
            os.kill(hanging, signal.SIGCONT)


def examining(coffre: Coffre) -> int:
    """The process that examines a file, once it does so: a child of the zygote, which is a worker's."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        workers = [pid for pid in children(coffre.server.pid or 0) if is_worker(pid)]
        for child in (
            child for worker in workers for zygote in children(worker) for child in children(zygote)
        ):
            if cpu_ticks(child) > EXAMINES_SINCE_TICKS:
                return child
        time.sleep(0.1)
    raise AssertionError("no file is examined")


def is_worker(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().startswith("coffre-worker")


def cpu_ticks(pid: int) -> int:
    """Hundredths of a second of user time (proc(5), field 14)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])


def children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text().split()]


def test_what_files_cost_is_counted_without_saying_whose(tmp_path: Path) -> None:
    initialise(load(data=tmp_path / "data"))
    with serving(tmp_path / "data", COFFRE_CPU_ALLOWANCE_S="1") as coffre:
        patient, token = coffre.open_record(), coffre.depositor(HOSPITAL)
        answer = coffre.publish_pdf(token, patient.ins, slow_pdf(1))
        assert answer.status_code in (201, 202), answer.text
        deadline = time.monotonic() + 60
        while "coffre_structures_past_allowance 1.0" not in (text := coffre.http.get("/metrics").text):
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
        line = next(one for one in text.splitlines() if one.startswith("coffre_sandbox_cpu_seconds_today"))
        assert float(line.split()[1]) > 1
        assert HOSPITAL not in text
        # beyond its allowance it is served all the same
        assert published_after(coffre, HOSPITAL) < 60


@pytest.fixture
def apart(tmp_path: Path, rabbitmq_url: str, postgres_database: NewDatabase) -> dict[str, str]:
    """Workers in processes of their own, over Postgres and a broker."""
    return {
        "COFFRE_QUEUE_URL": rabbitmq_url,
        "COFFRE_VAULT_URL": f"unix://{tmp_path}/doors",
        "COFFRE_INDEX_URL": postgres_database(),
        "COFFRE_LEASE_S": "5",
        "COFFRE_WORKERS": "2",
    }


def test_two_workers_over_postgres_and_after_a_kill(
    tmp_path: Path, apart: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, port = tmp_path / "data", free_port()
    with monkeypatch.context() as environment:
        environment.setenv("COFFRE_INDEX_URL", apart["COFFRE_INDEX_URL"])
        initialise(load(data=data))
        coffre = Coffre(data, WarmServer(data))
        coffre.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=90)
        with (
            process("vault", "serve", "--data", str(data), env=apart),
            process("housekeeper", "--data", str(data), env=apart),
            process("serve", "--only", "intake", "--data", str(data), "--port", str(port), env=apart),
        ):
            with process("worker", "--data", str(data), env=apart) as worker:
                deposit_slow(coffre, SLOW_FILES)
                until_one_is_examined(coffre)
                assert published_after(coffre) < SECONDS
                kill(worker)
            with process("worker", "--data", str(data), env=apart):
                time.sleep(2)
                assert published_after(coffre, seed=2) < SECONDS
