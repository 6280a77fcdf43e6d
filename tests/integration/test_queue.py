"""The queue on real brokers: rung at once, nothing lost when a whole worker is killed."""

import time
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from records.people.identity import INS_NIR_TEST
from tests.integration.running import kill, process
from tests.integration.support import TRAITS, bearer, multipart, new_ins, related
from tests.services.processes import free_port

LEASE_S = 5


@pytest.fixture(params=["rabbitmq_url", pytest.param("redis_url", marks=pytest.mark.long)])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    return {
        "COFFRE_QUEUE_URL": request.getfixturevalue(request.param),
        "COFFRE_VAULT_URL": f"unix://{tmp_path}/doors",
        "COFFRE_LEASE_S": str(LEASE_S),
        "COFFRE_WORKERS": "2",
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    initialise(load(data=folder))
    return folder


class Deposits:
    """A record with its depositor, and deposits that don't wait for their verdict."""

    def __init__(self, data: Path, port: int) -> None:
        self._data, self._port = data, port
        self.ins = new_ins()
        with System(load(data=data)) as system:
            identities = Identities(system)
            system.guard.operator.open_record(
                identities.operator(), self.ins, TRAITS, consent_by="operator", consent_how="spoken"
            )
            self._token = identities.depositor("1750000001")

    def deposit(self, content: bytes) -> UUID:
        answer = httpx.post(
            f"http://127.0.0.1:{self._port}/records/{self.ins}/dicomweb/studies",
            content=multipart([content]),
            headers={**bearer(self._token), "Content-Type": related(), "Prefer": "respond-async"},
        )
        assert answer.status_code == 202, answer.text
        return UUID(answer.headers["location"].rpartition("/")[2])

    def finished(self, submissions: list[UUID], seconds: float) -> dict[UUID, str]:
        """The states of the submissions once all are judged. AssertionError after `seconds`."""
        deadline = time.monotonic() + seconds
        with System(load(data=self._data)) as system:
            while True:
                rows = [system.index.submission(one) for one in submissions]
                left = sum(row is None or row.finished_at is None for row in rows)
                if not left:
                    return {row.submission_id: row.state for row in rows if row is not None}
                assert time.monotonic() < deadline, f"{left} of {len(submissions)} were never judged"
                time.sleep(0.2)


def ct(ins: str, seed: int) -> bytes:

    return next(demo_data.ct_study(ins, INS_NIR_TEST, slices=1, size=64, seed=seed))[1]


def test_a_deposit_is_published_through_the_broker(data: Path, env: dict[str, str]) -> None:
    port = free_port()
    with (
        process("vault", "serve", "--data", str(data), env=env),
        process("housekeeper", "--data", str(data), env=env),
        process("serve", "--only", "intake", "--data", str(data), "--port", str(port), env=env),
        process("worker", "--data", str(data), env=env),
    ):
        deposits = Deposits(data, port)
        done = deposits.finished([deposits.deposit(ct(deposits.ins, seed)) for seed in range(4)], 30)
    assert set(done.values()) == {"published"}


def test_a_whole_worker_killed_costs_no_submission(data: Path, env: dict[str, str]) -> None:
    port = free_port()
    with (
        process("vault", "serve", "--data", str(data), env=env),
        process("housekeeper", "--data", str(data), env=env),
        process("serve", "--only", "intake", "--data", str(data), "--port", str(port), env=env),
    ):
        deposits = Deposits(data, port)
        contents = [ct(deposits.ins, seed) for seed in range(12)]
        with process("worker", "--data", str(data), env=env) as worker:
            submissions = [deposits.deposit(content) for content in contents]
            time.sleep(0.3)
            kill(worker)
        with process("worker", "--data", str(data), env=env):
            done = deposits.finished(submissions, LEASE_S + 15)
    assert set(done.values()) == {"published"}
    with System(load(data=data)) as system:
        assert system.guard.inspector.verify_log().pending >= 0
        record = system.guard._vault  # type: ignore[attr-defined]
        with record.store.reading() as tx:
            adopted = tx.find("blob", kind=1)
        assert len(adopted) == len(contents)
