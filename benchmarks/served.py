"""The embedded default over HTTP, each figure beside its goal: what a page costs by the length of the record,
what a small deposit costs alone and in company, how long it starts, what it holds idle, `coffre status`.

Reads: an authorised doctor of another structure, studies of one image each; p95 of wall milliseconds, and CPU
of the whole process tree. A record of ten is the reference for what concerns one study. Of the longest record
somebody else sees one document. Four minutes.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from io import BytesIO
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pydicom

from benchmarks.memory import MIB, proportional_sets
from benchmarks.tools.measuring import cpu_by_process, more, profile, table
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.people.cast import PHYSIOTHERAPIST
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, Patient, bearer, document_reference, multipart, related

LENGTHS = (10, 100, 1_000, 10_000)
AT_ONCE = 250
"""Studies of a request, while a record is filled."""
TIMES = 20
DEPOSITS = 160
SETTLED_S = 3.0


@dataclass(frozen=True)
class Goal:
    """What is wanted at most; `at_least` turns it round."""

    figure: float
    unit: str
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.figure:g} {self.unit}"


PAGE = Goal(50, "ms")
STATUS = Goal(0.3, "CPU s")
READ_HEADER = ("documents", "what", "p95 ms", "CPU ms", "by process", "goal")
SERIES, GRANT = "series of one study", "grant of one study"
READS: dict[str, tuple[str, Goal | None]] = {
    "list, first page": ("/documents", PAGE),
    "QIDO-RS studies, limit 100": ("/dicomweb/studies?limit=100", PAGE),
    SERIES: ("/dicomweb/studies/{study}/series", None),
    "choices of the holder": ("/authorisations", None),
}


def run() -> None:
    with tempfile.TemporaryDirectory() as made:
        data = Path(made) / "data"
        initialise(load(data=data))
        began = time.perf_counter()
        with DemoServer(data) as server:
            started = time.perf_counter() - began
            time.sleep(SETTLED_S)
            assert server.pid is not None
            idle = sum(proportional_sets(server.pid)) / MIB
            coffre = Coffre(data, server)
            rows = [
                ("start until ready", f"{started:.1f} s", "", str(Goal(2.5, "s"))),
                ("memory of all processes, idle", f"{idle:.0f} MiB PSS", "", str(Goal(350, "MB"))),
                ("coffre status", "", f"{_status(data):.2f} s", str(STATUS)),
                ("coffre status, no such folder", "", f"{_status(data / 'none'):.2f} s", str(STATUS)),
                *_deposits(coffre),
            ]
            table("The default beside its goals", ("what", "figure", "CPU", "goal"), rows)
            short: dict[str, float] = {}
            read = [row for length in LENGTHS for row in reads(coffre, length, short)]
        table("Reads by the length of the record", READ_HEADER, read)


def _status(data: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "coffre.cli", "status", "--data", str(data)]
    subprocess.run(command, check=data.exists(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


Request = tuple[str, bytes, dict[str, str]]
"""Path, body, headers of a POST."""


def _deposits(coffre: Coffre) -> Iterator[tuple[str, ...]]:
    person, lab, numbers = coffre.open_record(), coffre.depositor(), count()

    def image() -> Request:
        body = multipart(person.ct(1, 512, seed=next(numbers)))
        return f"/records/{person.ins}/dicomweb/studies", body, {"Content-Type": related()}

    def report() -> Request:
        content = demo_data.report_pdf() + b"\n%% %d\n" % next(numbers)
        body = json.dumps(document_reference(person.ins, content)).encode()
        return "/fhir/DocumentReference", body, {"Content-Type": "application/fhir+json"}

    for name, made, clients, rate in (
        ("image of 512 x 512 a request", image, 1, None),
        ("image of 512 x 512 a request", image, 4, Goal(150, "/s", at_least=True)),
        ("report (ITI-105)", report, 1, None),
        ("report (ITI-105)", report, 8, None),
    ):
        per_s, spent = _sent(coffre, bearer(lab), [made() for _ in range(DEPOSITS)], clients)
        goal = f"{Goal(12, 'ms')}{f', {rate}' if rate else ''}" if clients > 1 else ""
        yield (
            f"{name}, {clients} at once",
            f"{per_s:.0f}/s",
            f"{1000 * sum(spent.values()) / DEPOSITS:.1f} ms",
            goal,
        )
        yield "", "", profile([spent], DEPOSITS), ""


def _sent(
    coffre: Coffre, who: dict[str, str], requests: Sequence[Request], clients: int
) -> tuple[float, dict[str, float]]:
    """Deposits a second, and seconds of CPU by process, what is done after the answer included."""

    def send(own: Sequence[Request]) -> None:
        connection = HTTPConnection(urlsplit(coffre.url).netloc, timeout=120)
        for path, body, headers in own:
            connection.request("POST", path, body, {**who, **headers})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status in (200, 201), text[:300]
        connection.close()

    with ThreadPoolExecutor(clients) as pool:
        before, began = _by_process(coffre), time.perf_counter()
        list(pool.map(send, [requests[at::clients] for at in range(clients)]))
        wall = time.perf_counter() - began
    time.sleep(SETTLED_S)
    return len(requests) / wall, more(_by_process(coffre), before)


def reads(coffre: Coffre, length: int, short: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """`short` holds the CPU of what concerns one study in the shortest record, once that was measured."""
    person = coffre.open_record()
    study = _fill(coffre, person, length)
    person.authorise()
    doctor = bearer(coffre.professional())
    for name, (path, goal) in READS.items():
        who = bearer(person.token) if path == "/authorisations" else doctor
        url = f"/records/{person.ins}{path.format(study=study)}"
        wall, cpu, spent = _timed(coffre, partial(_asked, coffre, url, who))
        wanted = _as_in_the_short(short, name, length, cpu) if name == SERIES else goal
        yield f"{length:,}", name, f"{wall:.0f}", f"{cpu:.0f}", spent, str(wanted or "")
    granted = {"studies": [study]}
    wall, cpu, spent = _timed(coffre, lambda: _granted(coffre, person, doctor, granted))
    wanted = _as_in_the_short(short, GRANT, length, cpu)
    yield f"{length:,}", GRANT, f"{wall:.0f}", f"{cpu:.0f}", spent, str(wanted or "")
    if length == LENGTHS[-1]:
        chosen = bearer(_shown_one(coffre, person))
        wall, cpu, spent = _timed(coffre, lambda: _asked(coffre, f"/records/{person.ins}/documents", chosen))
        yield f"{length:,}", "list, where one is visible", f"{wall:.0f}", f"{cpu:.0f}", spent, str(PAGE)


def _as_in_the_short(short: dict[str, float], name: str, length: int, cpu: float) -> Goal | None:
    """What is wanted is what the shortest record takes, in CPU."""
    if name not in short:
        short[name] = cpu
        return None
    return Goal(round(short[name]), "CPU ms, as of the shortest")


def _shown_one(coffre: Coffre, person: Patient) -> str:
    """Another professional, who is shown the first document of the list; its credential."""
    wanted = {"professional": PHYSIOTHERAPIST, "scope": "chosen"}
    assert person.call("POST", "/authorisations", json=wanted).status_code == 201
    first = person.call("GET", "/documents?limit=1").json()["documents"][0]["id"]
    path = f"/authorisations/{PHYSIOTHERAPIST}/chosen"
    assert person.call("PUT", path, json={"documents": [first]}).status_code == 200
    token = coffre.professional(PHYSIOTHERAPIST)
    found = coffre.http.get(f"/records/{person.ins}/documents", headers=bearer(token)).json()
    assert [each["id"] for each in found["documents"]] == [first]
    return token


def _fill(coffre: Coffre, person: Patient, length: int) -> str:
    """Studies of one image each; answers the UID of one of them."""
    lab, study = coffre.depositor(), ""
    for first in range(0, length, AT_ONCE):
        seeds = range(first, min(first + AT_ONCE, length))
        files = [person.ct(1, 8, seed=10_000 + seed)[0] for seed in seeds]
        answer = coffre.stow(lab, files, person.ins)
        assert answer.status_code in (200, 202), answer.text[:300]
        study = str(pydicom.dcmread(BytesIO(files[0]), stop_before_pixels=True).StudyInstanceUID)
    return study


def _timed(coffre: Coffre, work: Callable[[], None]) -> tuple[float, float, str]:
    """p95 of wall milliseconds, mean milliseconds of CPU of the server, and the same by process."""
    work()
    walls, before = [], _by_process(coffre)
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        walls.append(1000 * (time.perf_counter() - began))
    spent = more(_by_process(coffre), before)
    return statistics.quantiles(walls, n=20)[-1], 1000 * sum(spent.values()) / TIMES, profile([spent], TIMES)


def _by_process(coffre: Coffre) -> dict[str, float]:
    assert coffre.server.pid is not None
    return cpu_by_process(coffre.server.pid)


def _asked(coffre: Coffre, url: str, who: dict[str, str]) -> None:
    answer = coffre.http.get(url, headers=who)
    assert answer.status_code == 200, answer.text[:300]


def _granted(coffre: Coffre, person: Patient, who: dict[str, str], wanted: dict[str, list[str]]) -> None:
    token = who["Authorization"].removeprefix("Bearer ")
    assert coffre.grant(token, person.ins, **wanted).answer.status_code == 201
