"""Race reading through Coffre's gateway against Orthanc; `python -m benchmarks reading-race`.

Coffre is asked by WADO-RS as a viewer asks it: by an authorised doctor with a bearer token. What it does
besides: the vault decides on each request anew, what it permitted first is in a log that nobody can change,
and each byte is deciphered and checked.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pydicom
from pydicom.uid import EnhancedCTImageStorage, generate_uid

from benchmarks.race.deposits import TMPFS, Files, ct, send, spread, tell, written
from benchmarks.race.racers import Racer, installed, orthanc, racing
from benchmarks.served import READ_HEADER, reads
from benchmarks.tools.alone import alone
from benchmarks.tools.measuring import more, profile, table
from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import Coffre, bearer, multipart

JSON, STORED = (
    "application/dicom+json",
    'multipart/related; type="application/octet-stream"; transfer-syntax=*',
)
WHOLE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
SLICES, FRAMES, CONNECTIONS = 500, 200, 6
LONGEST_S = 15.0
"""A lap asks for nothing more after so long; rates are of what was answered by then."""
Headers = dict[str, str]


@dataclass(frozen=True)
class Stored:
    """A series that both hold: its address below the studies, and its instances'."""

    address: str
    instances: Sequence[str]

    @property
    def study(self) -> str:
        return self.address.partition("/")[0]


@dataclass(frozen=True)
class Lap:
    """One kind of reading. `paths` of a round, over `connections`; `goal`: times Orthanc's figure.

    Of one connection the figure is the p50 in ms, which is to be small; of several it is a rate.
    """

    name: str
    paths: Callable[[Stored, Stored], Sequence[str]]
    accept: str
    connections: int
    goal: float
    unit: str = "ms"
    cpu_goal: float | None = None
    is_fresh: bool = False
    """Whether each request comes with a credential of its own, so that a grant is given first."""


def _frame(instance: str, number: int = 1) -> str:
    return f"{instance}/frames/{number}"


LAPS = (
    Lap(f"metadata of {SLICES} slices, p50", lambda s, _: [f"{s.address}/metadata"] * 8, JSON, 1, 1 / 3),
    Lap("first frame, p50", lambda s, _: [_frame(i) for i in s.instances[:40]], STORED, 1, 1 / 2),
    Lap(
        "first frame of a new credential, p50",
        lambda s, _: [_frame(i) for i in s.instances[:8]],
        STORED,
        1,
        1 / 2,
        is_fresh=True,
    ),
    Lap(
        f"CT frames, {CONNECTIONS} connections",
        lambda s, _: [_frame(each) for each in s.instances],
        STORED,
        CONNECTIONS,
        1.5,
        "/s",
    ),
    Lap(
        f"frames of an object of {FRAMES}, {CONNECTIONS} connections",
        lambda _, e: [_frame(e.instances[0], number) for number in range(1, FRAMES + 1)],
        STORED,
        CONNECTIONS,
        50,
        "/s",
    ),
    Lap("whole study of 263 MB", lambda s, _: [s.study], WHOLE, 1, 1.0, "MB/s", cpu_goal=1.0),
)


@dataclass(frozen=True)
class Time:
    """One lap of one racer: the figure, and milliseconds of CPU a request."""

    figure: float
    cpu: float
    by_process: Mapping[str, float]
    requests: int


def run(rounds: int = 3, documents: int = 10_000) -> None:
    """`documents`: of the longest record that is searched."""
    if not alone(["reading-race", "--rounds", str(rounds), "--documents", str(documents)]):
        return
    folder = TMPFS if os.access(TMPFS, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="coffre-reading-race-", dir=folder) as made, ExitStack() as stack:
        served = stack.enter_context(installed(Path(made)))
        raced = list(_raced(served, stack.enter_context(orthanc(Path(made))), rounds))
        header = ("work", "coffre", "CPU ms", "orthanc", "CPU ms", "ratio", "goal", "CPU", "goal")
        table(
            "Reading raced: what a client waits for, CPU of all processes a request",
            header,
            [row for row, _ in raced],
        )
        profiles = [(row[0], spent) for row, spent in raced]
        table("CPU ms of Coffre by process", ("work", "a request"), profiles)
        short: dict[str, float] = {}
        lengths = (documents // 100, documents)
        searched = [row for length in lengths for row in reads(served, length, short)]
        table("Reads by the length of the record", READ_HEADER, searched)


def _raced(served: Coffre, peer: Racer, rounds: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """A row for each lap, and what Coffre's processes spent."""
    person = served.open_record()
    person.authorise()
    racers = [racing(served, person.ins, served.professional()), peer]
    many = (ct(person.ins, 1), enhanced(person.ins, 1))
    series, one_object = (_deposited(racers, files) for files in many)
    tokens = iter([served.professional() for lap in LAPS if lap.is_fresh for _ in range(8 * (rounds + 1))])
    for lap in LAPS:
        times: dict[str, list[Time]] = {racer.name: [] for racer in racers}
        for number in range(rounds + 1):  # the first round does not count
            for racer in racers if number % 2 else racers[::-1]:
                tell(f"  {lap.name}: round {number} of {rounds}, {racer.name} ")
                paths = lap.paths(series, one_object)
                fresh = lap.is_fresh and racer is not peer
                headers = [bearer(next(tokens)) if fresh else racer.reads for _ in paths]
                found = _timed(racer, lap, list(zip(paths, headers, strict=True)))
                if number:
                    times[racer.name].append(found)
        tell(" " * 79)
        mine = times["coffre"]
        spent = profile([each.by_process for each in mine], mine[0].requests)
        yield _row(lap, mine, times["orthanc"]), spent


def _row(lap: Lap, mine: Sequence[Time], theirs: Sequence[Time]) -> tuple[str, ...]:
    ratios = [m.figure / t.figure for m, t in zip(mine, theirs, strict=True)]
    costs = [m.cpu / max(t.cpu, 0.01) for m, t in zip(mine, theirs, strict=True)]
    return (
        lap.name,
        *_shown(lap, mine),
        *_shown(lap, theirs),
        spread(ratios),
        f"{'<=' if lap.unit == 'ms' else '>='} {lap.goal:.2g}",
        spread(costs),
        "" if lap.cpu_goal is None else f"<= {lap.cpu_goal}",
    )


def _shown(lap: Lap, times: Sequence[Time]) -> tuple[str, str]:
    figure, cpu = statistics.median(t.figure for t in times), statistics.median(t.cpu for t in times)
    return f"{figure:.{0 if figure >= 100 else 1}f} {lap.unit}", f"{cpu:.1f}"


def enhanced(ins: str, seed: int) -> Files:
    """One object of 200 frames of 512 x 512, 105 MB."""
    (content,) = (c for _, c in demo_data.ct_study(ins, INS_NIR_TEST, slices=1, size=512, seed=5000 + seed))
    dataset = pydicom.dcmread(BytesIO(content))
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.NumberOfFrames = FRAMES
    dataset.PixelData = dataset.PixelData * FRAMES
    return [written(dataset)]


def _deposited(racers: Sequence[Racer], files: Files) -> Stored:
    for racer in racers:
        send(racer, [multipart(files)])
    read = [pydicom.dcmread(BytesIO(content), stop_before_pixels=True) for content in files]
    address = f"{read[0].StudyInstanceUID}/series/{read[0].SeriesInstanceUID}"
    return Stored(address, [f"{address}/instances/{each.SOPInstanceUID}" for each in read])


Request = tuple[str, Headers]


def _timed(racer: Racer, lap: Lap, requests: Sequence[Request]) -> Time:
    lines = [requests[start :: lap.connections] for start in range(lap.connections)]
    with ThreadPoolExecutor(lap.connections) as pool:
        cpu, began = racer.cpu(), time.perf_counter()
        answers = [each for line in pool.map(partial(_read, racer, lap.accept), lines) for each in line]
        wall = time.perf_counter() - began
    by_process, count = more(racer.cpu(), cpu), len(answers)
    spent = 1000 * sum(by_process.values()) / count
    amount = sum(size for _, size in answers) / 1e6 if lap.unit == "MB/s" else count
    waited = 1000 * statistics.median(each for each, _ in answers)
    return Time(waited if lap.unit == "ms" else amount / wall, spent, by_process, count)


def _read(racer: Racer, accept: str, requests: Sequence[Request]) -> list[tuple[float, int]]:
    """Seconds until the last byte, and bytes, of one answer after another on one connection."""
    where, began = urlsplit(racer.url), time.perf_counter()
    found: list[tuple[float, int]] = []
    connection = HTTPConnection(where.hostname or "", where.port, timeout=300)
    for path, headers in requests:
        asked = time.perf_counter()
        if found and asked - began > LONGEST_S:
            break
        connection.request("GET", f"{where.path}/{path}", headers={**headers, "Accept": accept})
        answer = connection.getresponse()
        size = 0
        while piece := answer.read(1 << 20):
            size += len(piece)
        assert answer.status == 200 and size, f"{racer.name}: {answer.status} for {path}"
        found.append((time.perf_counter() - asked, size))
    connection.close()
    return found
