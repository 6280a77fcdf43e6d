"""Measures what one depositor who floods takes from all others: `python -m benchmarks fairness --minutes 10`.

`coffre serve` as it is. Others deposit a report and an image, list, grant and fetch, at a low and steady
rate: first alone, then beside the flood. What they wait is counted from the instant at which they meant to
ask, so that a server which stalls is charged for all that had to wait meanwhile. Clients and server share the
machine.
"""

import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.tools import flooding
from benchmarks.tools.measuring import table
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from keyvault.grants.grant import new_recipient
from records.text.base64url import b64
from tests.integration.support import HOSPITAL, LABORATORY, OTHER_PRACTICE, Coffre, Patient, bearer

SEED = 20261129
QUIET_SHARE = 0.3
WARM_UP_S = 3.0
GOAL = 2.0
"""Others' p95 beside the flood is at most so many times that without it."""
PEOPLE = 8
RANGE = 256 << 10
ADDRESS_S = 240
"""Addresses of ranges last five minutes."""
AT_ONCE = 8


@dataclass
class Stage:
    """A running server, people with documents, and depositors of three structures: `flooder` is one."""

    coffre: Coffre
    people: list[Patient]
    hospital: str
    practice: str
    flooder: str
    flooded: Patient
    addresses: dict[int, tuple[float, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, server: DemoServer, data: Path) -> "Stage":
        coffre = Coffre(data, server)
        people = [coffre.open_record() for _ in range(PEOPLE)]
        hospital, practice, flooder = (
            coffre.depositor(each) for each in (HOSPITAL, OTHER_PRACTICE, LABORATORY)
        )
        stage = cls(coffre, people, hospital, practice, flooder, coffre.open_record())
        for number, person in enumerate(people):
            flooding.ask(coffre.url, flooding.study(person.ins, stage.practice, slices=8), number)
            stage.address(number)
        return stage

    def address(self, number: int) -> str:
        """Of a pack of one of them, asked for anew before it expires."""
        asked, found = self.addresses.get(number, (0.0, ""))
        if time.monotonic() - asked > ADDRESS_S:
            asked, found = time.monotonic(), self._granted(self.people[number])
            self.addresses[number] = asked, found
        return found

    def _granted(self, person: Patient) -> str:
        found = self.coffre.grant(person.token, person.ins).answer.json()["urls"].values()
        return max(map(str, found), key=lambda url: len(self.coffre.http.get(url).content))


Asked = Callable[[int], None]


def _asked(stage: Stage) -> dict[str, tuple[float, Asked]]:
    """What others do, and how often a second."""
    url, people = stage.coffre.url, stage.people
    reports = [flooding.report(person.ins, stage.hospital) for person in people]
    images = [flooding.image(person.ins, stage.practice, size=256, seed=3) for person in people]
    recipient = b64(new_recipient()[1])

    def get(address: str, headers: dict[str, str], status: int) -> None:
        _request(address, "GET", None, headers, status)

    def granted(number: int) -> None:
        person = people[number % PEOPLE]
        body = json.dumps({"record": person.ins, "recipient": recipient}).encode()
        headers = {**bearer(person.token), "Content-Type": "application/json"}
        _request(f"{url}/grants", "POST", body, headers, 201)

    def listed(number: int) -> None:
        person = people[number % PEOPLE]
        get(f"{url}/records/{person.ins}/documents?limit=20", bearer(person.token), 200)

    def fetched(number: int) -> None:
        get(stage.address(number % PEOPLE), {"Range": f"bytes=0-{RANGE - 1}"}, 206)

    return {
        "deposit of a report": (1.0, lambda number: flooding.ask(url, reports[number % PEOPLE], number)),
        "deposit of an image": (0.5, lambda number: flooding.ask(url, images[number % PEOPLE], number)),
        "list": (2.0, listed),
        "grant": (2.0, granted),
        "range of a fetch": (2.0, fetched),
    }


def _request(address: str, method: str, body: bytes | None, headers: dict[str, str], status: int) -> None:
    parts = urlsplit(address)
    with closing(HTTPConnection(parts.netloc, timeout=120)) as connection:
        connection.request(
            method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers
        )
        answer = connection.getresponse()
        answer.read()
        if answer.status != status:
            raise RuntimeError(f"{answer.status} where {status} was expected")


@dataclass
class Waited:
    """Seconds that others waited, by what they did; and how many of them got another answer."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def percentile(self, name: str, percent: int) -> float:
        found = self.seconds.get(name, [])
        if len(found) < 2:
            return float("nan")
        return statistics.quantiles(found, n=100, method="inclusive")[percent - 1]


def run(minutes: float = 10) -> None:
    total = minutes * 60
    with tempfile.TemporaryDirectory() as made:
        data = Path(made) / "data"
        initialise(load(data=data))
        with DemoServer(data) as server:
            stage = Stage.of(server, data)
            asked, numbers = _asked(stage), count(10**7)
            _phase("warm up", asked, WARM_UP_S, numbers, lambda: 0)
            quiet = _phase("quiet", asked, total * QUIET_SHARE, numbers, lambda: 0)
            flooded = (stage.coffre.url, stage.flooded.ins, stage.flooder, SEED)
            with flooding.flood(*flooded) as answered:
                _phase("flood begins", asked, 2 * WARM_UP_S, numbers, lambda: answered.value)
                before, seconds = answered.value, total * (1 - QUIET_SHARE)
                flood = _phase("flood", asked, seconds, numbers, lambda: answered.value)
                rate = (answered.value - before) / seconds
    _print(asked, quiet, flood, rate)
    for title, waited in (("quiet", quiet), ("flood", flood)):
        for reason, times in waited.reasons.items():
            print(f"{title}: {times} times {reason}")


def _phase(
    title: str,
    asked: Mapping[str, tuple[float, Asked]],
    seconds: float,
    numbers: "count[int]",
    answered: Callable[[], int],
) -> Waited:
    """Everybody asks at their own rate for so long."""
    waited, lock, began = Waited(), threading.Lock(), time.monotonic()

    def once(name: str, work: Asked, meant: float, number: int) -> None:
        try:
            work(number)
        except (OSError, RuntimeError) as error:
            with lock:
                waited.failed[name] = waited.failed.get(name, 0) + 1
                waited.reasons[str(error)] = waited.reasons.get(str(error), 0) + 1
            return
        with lock:
            waited.seconds.setdefault(name, []).append(time.monotonic() - meant)

    def regularly(name: str, rate: float, work: Asked) -> None:
        chance = random.Random(f"{SEED} {title} {name}")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            meant = began + chance.random() / rate
            while meant < began + seconds:
                time.sleep(max(0.0, meant - time.monotonic()))
                pool.submit(once, name, work, meant, next(numbers))
                meant += chance.uniform(0.5, 1.5) / rate

    threads = [threading.Thread(target=regularly, args=(name, *one)) for name, one in asked.items()]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        _progress(title, time.monotonic() - began, seconds, waited, answered())
        time.sleep(1.0 if sys.stderr.isatty() else 10.0)
    return waited


def _progress(title: str, past: float, seconds: float, waited: Waited, answered: int) -> None:
    done = sum(len(found) for found in list(waited.seconds.values()))
    line = f"{title}: {min(past, seconds):.0f} of {seconds:.0f} s, {done} answers to others"
    line += f", {answered} to the flooder" if answered else ""
    print(line, end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def _print(asked: Mapping[str, object], quiet: Waited, flood: Waited, rate: float) -> None:
    rows = []
    for name in asked:
        times = [1000 * one.percentile(name, percent) for one in (quiet, flood) for percent in (50, 95)]
        ratio = times[3] / times[1]
        failed = quiet.failed.get(name, 0) + flood.failed.get(name, 0)
        verdict = "" if ratio <= GOAL and not failed else "missed"
        asked_for = str(len(flood.seconds.get(name, [])))
        shown = (*(f"{each:.0f}" for each in times), f"{ratio:.1f}", f"{GOAL:.0f}")
        rows.append((name, asked_for, *shown, str(failed), verdict))
    title = (
        f"Beside one who floods over {flooding.CONNECTIONS} connections, {rate:.0f} deposits/s answered: ms"
    )
    header = (
        "others",
        "times",
        "quiet p50",
        "p95",
        "flood p50",
        "p95",
        "p95 / quiet p95",
        "goal",
        "failed",
        "",
    )
    table(title, header, rows)
