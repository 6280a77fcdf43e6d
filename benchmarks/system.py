"""Deposits, grants and lists a second on the embedded default and on the full set, with 1, 2 and 4 workers.

Clients and servers share the machine, so CPU per operation says more than operations a second. `GET
/health/live` in the same run is the reference: what HTTP alone costs. Bytes are what index, vault and objects
grew by.
"""

import json
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.tools.measuring import cpu_of_children, table
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from keyvault.grants.grant import new_recipient
from records.text.base64url import b64
from tests.integration.support import Coffre, Patient, bearer, document_reference, multipart, related
from tests.services import full

WORKERS = (1, 2, 4)
CLIENTS, SECONDS, RECORDS = 8, 8.0, 100
SLICES = 20
WORKER_PROCESSES = ("worker-1", "worker-2")
PLACES = ("index", "vault", "objects")


@dataclass
class Installation:
    """A running set: its client side, and where its bytes lie."""

    coffre: Coffre
    bytes_in: Callable[[], Mapping[str, int]]
    people: list[Patient] = field(default_factory=list)
    depositor: str = ""


Request = tuple[str, str, bytes | None, dict[str, str], int]
"""Method, path, body, headers, expected status."""


def run() -> None:
    for name, running in (("embedded", _embedded), ("full set", _full)):
        for workers in WORKERS:
            with tempfile.TemporaryDirectory() as made, running(Path(made), workers) as found:
                _measure(f"{name}, {workers} workers", found)


@contextmanager
def _embedded(folder: Path, workers: int) -> Iterator[Installation]:
    data = folder / "data"
    with _environment(COFFRE_WORKERS=str(workers)):
        initialise(load(data=data))
        with DemoServer(data) as server:
            databases = {"index": data / "index.db", "vault": data / "vault" / "vault.db"}

            def sizes() -> dict[str, int]:
                found = {name: _sqlite_size(path) for name, path in databases.items()}
                return {**found, "objects": _folder_size(data / "objects")}

            yield Installation(Coffre(data, server), sizes)


@contextmanager
def _full(folder: Path, workers: int) -> Iterator[Installation]:
    folder.chmod(0o755)  # servers' own users must find their folders inside
    each = str(max(1, workers // len(WORKER_PROCESSES)))
    with full.running(folder, more={"COFFRE_WORKERS": each}) as found:
        for name in WORKER_PROCESSES[workers:]:
            found.processes[name].end()

        def sizes() -> dict[str, int]:
            grown = {
                "index": _postgres_size(found.env["COFFRE_INDEX_URL"]),
                "vault": _postgres_size(found.env["COFFRE_VAULT_STORE_URL"]),
            }
            return {**grown, "objects": _folder_size(folder / "seaweed")}

        yield Installation(Coffre(found.data, found), sizes)  # type: ignore[arg-type]


@contextmanager
def _environment(**names: str) -> Iterator[None]:
    os.environ.update(names)
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


def _measure(title: str, found: Installation) -> None:
    before = found.bytes_in()
    found.people = [found.coffre.open_record() for _ in range(RECORDS)]
    grown = _grown(found, before)
    found.depositor = found.coffre.depositor()
    rows = [("record opened", "", "", "", *(f"{grown[place] / RECORDS:,.0f}" for place in PLACES))]
    live = None
    for name, request in (
        ("GET /health/live", lambda n: ("GET", "/health/live", None, {}, 200)),
        ("deposit of a report", lambda n: _report(found, n)),
        (f"deposit of a study, {SLICES} images", lambda n: _study(found, n)),
        ("list of a record", lambda n: _listing(found, n)),
        ("grant of a record", lambda n: _grant(found, n)),
    ):
        row, cpu = _phase(name, found, request, live)
        live = live or cpu
        rows.append(row)
    header = ("operation", "per s", "CPU ms", "x live", *(f"{place} B" for place in PLACES))
    table(f"{title}: {CLIENTS} clients, CPU and bytes per operation", header, rows)


def _phase(
    name: str, found: Installation, request: Callable[[int], Request], live: float | None
) -> tuple[tuple[str, ...], float]:
    before, cpu, began = found.bytes_in(), sum(cpu_of_children().values()), time.perf_counter()
    done = _load(found.coffre.url, request)
    wall = time.perf_counter() - began
    spent = 1000 * (sum(cpu_of_children().values()) - cpu) / done
    grown = _grown(found, before)
    ratio = f"{spent / live:.1f}" if live else "1.0"
    sizes = (f"{grown[place] / done:,.0f}" for place in PLACES)
    return (name, f"{done / wall:,.0f}", f"{spent:.1f}", ratio, *sizes), spent


def _load(url: str, request: Callable[[int], Request]) -> int:
    """Requests answered as expected, by all clients until the time is over."""
    until = time.monotonic() + SECONDS
    counts, failures = [0] * CLIENTS, []

    def client(number: int) -> None:
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=90)) as connection:
            while time.monotonic() < until:
                method, path, body, headers, expected = request(counts[number] * CLIENTS + number)
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != expected:
                    failures.append(answer.status)
                    return
                counts[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"answers of status {sorted(set(failures))}: see the servers' logs")
    return sum(counts)


def _person(found: Installation, number: int) -> Patient:
    return found.people[number % len(found.people)]


def _report(found: Installation, number: int) -> Request:
    content = demo_data.report_pdf() + b"\n%% %d\n" % number
    body = json.dumps(document_reference(_person(found, number).ins, content)).encode()
    headers = {**bearer(found.depositor), "Content-Type": "application/fhir+json"}
    return "POST", "/fhir/DocumentReference", body, headers, 201


def _study(found: Installation, number: int) -> Request:
    person = _person(found, number)
    headers = {**bearer(found.depositor), "Content-Type": related()}
    body = multipart(person.ct(SLICES, seed=number))
    return "POST", f"/records/{person.ins}/dicomweb/studies", body, headers, 200


def _listing(found: Installation, number: int) -> Request:
    person = _person(found, number)
    return "GET", f"/records/{person.ins}/documents", None, bearer(person.token), 200


def _grant(found: Installation, number: int) -> Request:
    person = _person(found, number)
    body = json.dumps({"record": person.ins, "recipient": b64(new_recipient()[1])}).encode()
    return "POST", "/grants", body, {**bearer(person.token), "Content-Type": "application/json"}, 201


def _grown(found: Installation, before: Mapping[str, int]) -> dict[str, int]:
    after = found.bytes_in()
    return {place: after[place] - before[place] for place in PLACES}


def _sqlite_size(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        (pages,), (free,), (size,) = (
            connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def _postgres_size(url: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


def _folder_size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a partial file, gone meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total
