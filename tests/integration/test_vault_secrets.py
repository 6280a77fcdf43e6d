"""What opens the vault stands in the memory and in the environment of the vault's process alone."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from coffre.installation.install import initialise
from coffre.processes.vault_secrets import of_the_vault
from coffre.settings import load
from tests.services.processes import free_port

PASSPHRASE = "cheval correct pile agrafe"
NEW_PIN = "4711-0815-2342"


class Served:
    """A running server: its address, and process ids by the names that ps(1) shows."""

    def __init__(self, url: str, supervisor: int) -> None:
        self.url, self._supervisor = url, supervisor
        self.parts = self.now()

    def now(self) -> dict[str, int]:
        children = Path(f"/proc/{self._supervisor}/task/{self._supervisor}/children").read_text().split()
        every = [self._supervisor, *map(int, children)]
        return {Path(f"/proc/{pid}/comm").read_text().strip(): pid for pid in every}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """One whose root has a passphrase."""
    monkeypatch.setenv("COFFRE_VAULT_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COFFRE_VAULT_NEW_PIN", NEW_PIN)
    data, port = tmp_path / "data", free_port()
    initialise(load(data=data))
    command = [sys.executable, "-m", "coffre.cli", "serve", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline().startswith("ready")
        yield Served(f"http://127.0.0.1:{port}", process.pid)
        process.terminate()
        assert process.wait(40) == 0


def readable(pid: int, what: str) -> bytes:
    """Nothing where the system keeps it from this user."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except PermissionError:
        assert os.geteuid() != 0
        return b""


def memory(pid: int) -> Iterator[bytes]:
    """Every writable piece of a process's memory, as the superuser may read it (proc(5), mem)."""
    areas = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", readable(pid, "maps").decode(), re.MULTILINE)
    if not areas:
        return
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for begin, end in areas:
            try:
                file.seek(int(begin, 16))
                yield file.read(int(end, 16) - int(begin, 16))
            except OSError:  # what the kernel maps for itself
                continue


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def holds(pid: int, secret: str) -> bool:
    wanted = secret.encode()
    return wanted in readable(pid, "environ") or any(wanted in piece for piece in memory(pid))


def test_no_process_but_the_vault_holds_what_opens_it(served: Served) -> None:
    assert {
        "coffre",
        "coffre-vault",
        "coffre-web-0",
        "coffre-worker-0",
        "coffre-gateway",
    } <= served.parts.keys()
    for secret in (PASSPHRASE, NEW_PIN):
        assert [
            name for name, pid in served.parts.items() if secret.encode() in readable(pid, "environ")
        ] == []
        found = {name for name, pid in served.parts.items() if holds(pid, secret)}
        assert found <= {"coffre-vault"}
        assert os.geteuid() != 0 or found, "the search itself finds nothing"


def test_no_process_but_the_supervisor_keeps_where_it_is_read_from(served: Served) -> None:
    for name, pid in served.parts.items():
        if os.access(f"/proc/{pid}/fd", os.R_OK) and name != "coffre":
            held = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
            assert not [each for each in held if "memfd" in each], name


def test_a_vault_that_is_started_again_opens_its_root(served: Served) -> None:
    os.kill(served.parts["coffre-vault"], signal.SIGKILL)
    until(lambda: served.now().get("coffre-vault", 0) not in (0, served.parts["coffre-vault"]))
    until(lambda: httpx.get(f"{served.url}/health/ready", timeout=10).json().get("vault") == "ok")
    assert {name for name, pid in served.now().items() if holds(pid, PASSPHRASE)} <= {"coffre-vault"}


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"PATH": "/bin", "COFFRE_DATA": "d", "COFFRE_VAULT_URL": "inprocess://"}, set()),
        ({"COFFRE_VAULT_TOKEN": "t", "COFFRE_VAULT_TOKEN_FILE": "/f"}, {"COFFRE_VAULT_TOKEN"}),
        ({"COFFRE_VAULT_NEW_SHARES": "a", "COFFRE_LEASE_S": "9"}, {"COFFRE_VAULT_NEW_SHARES"}),
        ({"COFFRE_VAULT_ROOT": "aws-kms:k", "AWS_ACCESS_KEY_ID": "a"}, {"COFFRE_VAULT_ROOT"}),
        (
            {"COFFRE_VAULT_ROOT": "aws-kms:k", "AWS_ACCESS_KEY_ID": "a", "COFFRE_S3_ACCESS_KEY_ID": "b"},
            {"COFFRE_VAULT_ROOT", "AWS_ACCESS_KEY_ID"},
        ),
        (
            {"COFFRE_VAULT_STORE_URL": "postgresql://u:p@h/v", "COFFRE_INDEX_URL": "postgresql://u:p@h/i"},
            {"COFFRE_VAULT_STORE_URL"},
        ),
    ],
)
def test_what_is_the_vault_s_alone(environ: dict[str, str], names: set[str]) -> None:
    assert of_the_vault(environ).keys() == names
