"""Releases a second: the vault in this process, over its Unix socket and over mutual TLS.

Each release decides, logs, opens the record's keys and seals a grant of one study and one report. The vault
apart is a process of its own on the same two cores; its store is SQLite, or Postgres where that is said.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from benchmarks.tools.measuring import table
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.grants.grant import new_recipient
from keyvault.process.client import connect
from keyvault.process.guard import Doors
from keyvault.process.tls import client_context
from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.reading import ResolvedRecord
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.rows import SealedRow, sealed_rows
from tests.integration.running import process
from tests.integration.support import Coffre
from tests.services import postgres
from tests.services.authority import Authority
from tests.services.processes import free_port

ROUNDS, RELEASES = 3, 200
CALLERS = (1, 8)


@dataclass(frozen=True)
class SignedRequest:
    """What every release asks for."""

    token: str
    record_id: UUID
    rows: list[SealedRow]

    def release(self, doors: Doors) -> None:
        answer = doors.reader.release(
            Call(token=self.token), self.record_id, self.rows, documents=None, recipient=new_recipient()[1]
        )
        assert isinstance(answer, Released) and answer.objects


def run() -> None:
    for store in ("SQLite", "Postgres"):
        with tempfile.TemporaryDirectory() as made, _environment(store, Path(made)):
            Path(made).chmod(0o755)  # a server's own user must find its folder inside
            _measure(store, Path(made))


@contextmanager
def _environment(store: str, folder: Path) -> Iterator[None]:
    """Names the stores on Postgres in the environment, for this process and those it starts."""
    if store == "SQLite":
        yield
        return
    folder.chmod(0o755)
    with postgres.running(folder / "postgres") as server:
        urls = {
            f"COFFRE_{name}_URL": server.create(name.lower()) for name in ("INDEX", "VAULT_STORE", "DAY_KEYS")
        }
        os.environ.update(urls)
        try:
            yield
        finally:
            for name in urls:
                del os.environ[name]


def _measure(store: str, folder: Path) -> None:
    data = folder / "data"
    initialise(load(data=data))
    token, ins = _fill(data)
    with System(load(data=data)) as system, _doors(folder, data, system) as doors:
        record = system.guard.reader.resolve(Call(token=token), ins)
        assert isinstance(record, ResolvedRecord)
        documents = system.index.documents(record.record_id, limit=100)
        rows = sealed_rows(row for _, details in documents for row in details)
        asked = SignedRequest(token, record.record_id, rows)
        rates: dict[tuple[str, int], list[float]] = {
            (name, callers): [] for name in doors for callers in CALLERS
        }
        for _ in range(ROUNDS):
            for (name, callers), found in rates.items():
                found.append(_rate(doors[name], asked, callers))
    best = {way: max(found) for way, found in rates.items()}
    table(
        f"Releases of the vault a second, store on {store}",
        ("door", *(f"{callers} at once" for callers in CALLERS), *(f"ratio ({c})" for c in CALLERS)),
        [
            (
                name,
                *(f"{best[name, callers]:,.0f}" for callers in CALLERS),
                *(f"{best[name, callers] / best['in process', callers]:.2f}" for callers in CALLERS),
            )
            for name in doors
        ],
    )


def _fill(data: Path) -> tuple[str, str]:
    """One record with a study and a report; the holder's token and matricule."""
    with DemoServer(data) as server:
        coffre = Coffre(data, server)
        patient = coffre.open_record()
        lab = coffre.depositor()
        assert coffre.stow(lab, patient.ct(), patient.ins).status_code == 200
        assert coffre.publish_pdf(lab, patient.ins, demo_data.report_pdf()).status_code == 201
        coffre.http.close()
    return patient.token, patient.ins


@contextmanager
def _doors(folder: Path, data: Path, system: System) -> Iterator[dict[str, Doors]]:
    authority = Authority(folder / "authority")
    certificate, key, trusted = authority.issue("vault")
    socket, tls = f"unix://{folder}/doors", f"https://127.0.0.1:{free_port()}"
    files = {
        "COFFRE_VAULT_TLS_CERTIFICATE": str(certificate),
        "COFFRE_VAULT_TLS_KEY": str(key),
        "COFFRE_VAULT_TLS_AUTHORITY": str(trusted),
    }
    serve = ("vault", "serve", "--data", str(data))
    with (
        process(*serve, env={"COFFRE_VAULT_URL": socket}),
        process(*serve, env={"COFFRE_VAULT_URL": tls, **files}),
    ):
        yield {
            "in process": system.guard,
            "Unix socket": connect(socket),
            "mutual TLS": connect(tls, tls=client_context(*authority.issue("reader"))),
        }


def _rate(doors: Doors, asked: SignedRequest, callers: int) -> float:
    """Releases a second by `callers` threads."""
    ready = threading.Barrier(callers + 1)

    def work() -> None:
        try:
            asked.release(doors)  # its connection is there
        except BaseException:
            ready.abort()
            raise
        ready.wait()
        for _ in range(RELEASES // callers):
            asked.release(doors)

    with ThreadPoolExecutor(callers) as pool:
        threads = [pool.submit(work) for _ in range(callers)]
        with suppress(threading.BrokenBarrierError):
            ready.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.result()
    return RELEASES / (time.perf_counter() - began)
