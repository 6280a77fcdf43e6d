"""The vault as a process apart: its doors, who may come through them, and what happens while it is down."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest

from coffre.demo_authority.identities import Identities
from coffre.installation.install import initialise
from coffre.processes.signed_documents import publish
from coffre.settings import load
from coffre.wiring import System
from keyvault.process.client import RemoteGuard, connect
from keyvault.process.wire import read_error
from keyvault.verbs.call import Call
from records.errors import CoffreError
from tests.integration.running import process
from tests.integration.support import TRAITS, bearer, multipart, new_ins, related
from tests.services.processes import free_port
from tests.services.warm import WarmProcess

NOBODY = 65534


def installed(folder: Path) -> tuple[Path, dict[str, str]]:
    """A data directory, and what its processes are told."""
    data = folder / "data"
    initialise(load(data=data))
    return data, {"COFFRE_VAULT_URL": f"unix://{folder}/doors"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    return installed(tmp_path_factory.mktemp("vault"))


@pytest.fixture(scope="module")
def data(shared: tuple[Path, dict[str, str]]) -> Path:
    return shared[0]


@pytest.fixture(scope="module")
def env(shared: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return shared[1]


@pytest.fixture(scope="module")
def guard(data: Path, env: dict[str, str]) -> Iterator[RemoteGuard]:
    """Of one vault for all tests that leave it as it is."""
    with process("vault", "serve", "--data", str(data), env=env):
        yield connect(env["COFFRE_VAULT_URL"])


def test_a_record_is_opened_and_listed_through_the_doors(data: Path, guard: RemoteGuard) -> None:
    ins = new_ins()
    with System(load(data=data)) as system:
        operator = Identities(system).operator()
        call = Call(token=Identities(system).patient(ins))
    guard.operator.open_record(operator, ins, TRAITS, consent_by="operator", consent_how="spoken")
    record = guard.reader.resolve(call, ins)
    listing = guard.reader.documents(call, record.record_id, [])  # type: ignore[union-attr]
    assert listing.public_id == record.public_id  # type: ignore[union-attr]
    assert guard.inspector.verify_log().events >= 3


def test_refusals_keep_their_kind_and_code(guard: RemoteGuard) -> None:
    with pytest.raises(CoffreError) as refused:
        guard.reader.resolve(Call(token="forged"), new_ins())
    assert refused.value.code == "token_invalid"
    assert type(refused.value).__name__ == "CredentialError"


def test_a_verb_of_another_door_is_refused(guard: RemoteGuard, env: dict[str, str]) -> None:
    with pytest.raises(CoffreError) as refused:
        call_verb(env, "reader", "open_record", "{}")
    assert refused.value.code == "verb_refused"


def test_a_verb_asked_in_a_wrong_way_is_refused(guard: RemoteGuard, env: dict[str, str]) -> None:
    with pytest.raises(CoffreError) as refused:
        call_verb(env, "reader", "recheck", '{"grant_id": 5, "blob_id": "x", "version": []}')
    assert refused.value.code == "bad_call"


@pytest.mark.parametrize("door", ["reader", "worker", "housekeeper", "operator", "inspector"])
def test_another_user_comes_through_no_door(guard: RemoteGuard, env: dict[str, str], door: str) -> None:
    """The peer's user is asked of the kernel; file permissions are only the first fence."""
    assert os.geteuid() == 0, "run the tests as root (or in a container as root): they change users"
    folder = Path(env["COFFRE_VAULT_URL"].removeprefix("unix://"))
    for place in (folder, *folder.parents):
        if place.stat().st_uid == 0 and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o005)
    (folder / f"{door}.sock").chmod(0o666)
    code = (
        "import http.client, os, socket, sys\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "c = http.client.HTTPConnection('vault'); c.sock = socket.socket(socket.AF_UNIX)\n"
        f"c.sock.connect({str(folder / (door + '.sock'))!r})\n"
        f"c.request('POST', '/{door}', b'{{\"verb\": \"tick\", \"args\": {{}}}}')\n"
        "sys.stdout.write(c.getresponse().read().decode())\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "door_refused" in found.stdout, found.stderr


def test_while_the_vault_is_down_reads_answer_503_and_deposits_go_on(tmp_path: Path) -> None:
    data, env = installed(tmp_path)
    ins, port, reader_port = new_ins(), free_port(), free_port()
    with System(load(data=data)) as system:
        identities = Identities(system)
        system.guard.operator.open_record(
            identities.operator(), ins, TRAITS, consent_by="operator", consent_how="spoken"
        )
        lab, patient = identities.depositor("1750000001"), identities.patient(ins)
        publish(system.guard.housekeeper, system.index)
    intake = ["serve", "--only", "intake", "--data", str(data), "--port", str(port)]
    reader = ["serve", "--only", "reader", "--data", str(data), "--port", str(reader_port)]
    documents = f"http://127.0.0.1:{reader_port}/records/{ins}/documents"
    with process("vault", "serve", "--data", str(data), env=env) as vault, process(*reader, env=env):
        assert httpx.get(documents, headers=bearer(patient)).status_code == 200
        vault.kill()
        vault.wait()
        down = httpx.get(documents, headers=bearer(patient))
        assert (down.status_code, down.json()["code"]) == (503, "vault_unavailable")
        with process(*intake, env=env):
            answer = httpx.post(
                f"http://127.0.0.1:{port}/records/{ins}/dicomweb/studies",
                content=multipart([b"whatever it is"]),
                headers={**bearer(lab), "Content-Type": related(), "Prefer": "respond-async"},
            )
            assert answer.status_code == 202
        with process("vault", "serve", "--data", str(data), env=env):
            assert httpx.get(documents, headers=bearer(patient)).status_code == 200
            with process("worker", "--data", str(data), env=env):
                assert finished(data, answer.headers["location"].rpartition("/")[2]) == "rejected"


def finished(data: Path, submission: str) -> str:
    with System(load(data=data)) as system:
        for _ in range(200):
            row = system.index.submission(UUID(submission))
            if row is not None and row.finished_at is not None:
                return row.state
            time.sleep(0.1)
    raise AssertionError("the submission was never judged")


def call_verb(env: dict[str, str], door: str, verb: str, arguments: str) -> None:
    """Ask a door for any verb, as a taken-over process would."""
    remote = connect(env["COFFRE_VAULT_URL"]).reader
    answer = remote._ask(f'{{"verb": "{verb}", "args": {arguments}}}'.encode())  # type: ignore[attr-defined]
    raise read_error(msgspec.json.decode(answer, type=dict[str, msgspec.Raw])["error"])


def test_a_housekeeper_that_is_there_before_the_vault_waits_for_it(tmp_path: Path) -> None:
    data, env = installed(tmp_path)
    early = WarmProcess(["housekeeper", "--data", str(data)], os.environ | env, data.with_name("early.log"))
    time.sleep(2)
    assert early.poll() is None
    with process("vault", "serve", "--data", str(data), env=env):
        assert early.stdout.readline().startswith("ready")
        early.send_signal(signal.SIGTERM)
        assert early.wait(30) == 0
