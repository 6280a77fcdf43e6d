"""Race Coffre's default against Orthanc: same studies, same client, in turns; `python -m benchmarks race`.

Both answer when what was sent can be found. What Coffre does besides: it judges every file in a sandbox,
encrypts it under the patient's keys and writes a log that nobody can change.
"""

import os
import statistics
import sys
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

import numpy
import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from benchmarks.race.racers import Racer, coffre, orthanc
from benchmarks.tools.alone import alone
from benchmarks.tools.measuring import more, profile, table
from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import multipart, new_ins, related

J2K = "693_J2KI.dcm"  # a CT of 512 x 512 of pydicom's tests
TMPFS = Path("/dev/shm")
Files = list[bytes]


@dataclass(frozen=True)
class Lap:
    """One kind of work: the files of a round, how many go into a request, and the goals beside Orthanc."""

    name: str
    files: Callable[[str, int], Files]
    a_request: int
    rate: float
    """At least so many times its rate."""
    cpu: float
    """At most so many times its CPU."""
    connections: int = 4


def ct(ins: str, seed: int) -> Files:
    """500 slices of 512 x 512, 263 MB."""
    return [content for _, content in demo_data.ct_study(ins, INS_NIR_TEST, slices=500, seed=seed)]


def images(ins: str, seed: int) -> Files:
    """200 slices of 512 x 512, an image a request."""
    return [content for _, content in demo_data.ct_study(ins, INS_NIR_TEST, slices=200, seed=1000 + seed)]


def radiographs(ins: str, seed: int) -> Files:
    """Four studies of one image of 3 000 x 3 000 in 16 bits, 18 MB each."""
    return [radiograph(ins, 4 * seed + at) for at in range(4)]


def radiograph(ins: str, seed: int) -> bytes:
    (content,) = (c for _, c in demo_data.ct_study(ins, INS_NIR_TEST, slices=1, size=64, seed=2000 + seed))
    dataset = pydicom.dcmread(BytesIO(content))
    side = 3000
    dataset.Rows = dataset.Columns = side
    noise = numpy.random.default_rng(seed).integers(0, 4096, side * side, numpy.uint16)
    dataset.PixelData = noise.tobytes()
    return written(dataset)


def jpeg_2000(ins: str, seed: int) -> Files:
    """100 slices of a real CT in JPEG 2000, each with UIDs of its own."""
    (named,) = (c for _, c in demo_data.ct_study(ins, INS_NIR_TEST, slices=1, size=64, seed=3000 + seed))
    patient = pydicom.dcmread(BytesIO(named), stop_before_pixels=True)
    dataset = pydicom.dcmread(str(get_testdata_file(J2K)))
    for element in patient.group_dataset(0x0010):
        dataset.add(element)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    return list(_numbered(dataset, 100))


def _numbered(dataset: pydicom.FileDataset, count: int) -> Iterator[bytes]:
    for number in range(1, count + 1):
        dataset.InstanceNumber = number
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        yield written(dataset)


def written(dataset: pydicom.FileDataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


LAPS = (
    Lap("CT of 500 slices, one request", ct, 500, 2.0, 0.8),
    Lap("100 slices JPEG 2000, one request", jpeg_2000, 100, 1.5, 1.2),
    Lap("radiographs of 18 MB, one after the other", radiographs, 1, 1.0, 1.0, connections=1),
    Lap("200 images, one a request, 4 connections", images, 1, 0.75, 2.4),
)


@dataclass(frozen=True)
class Time:
    """One lap of one racer."""

    wall: float
    by_process: Mapping[str, float]

    @property
    def cpu(self) -> float:
        return sum(self.by_process.values())


def run(rounds: int = 3) -> None:
    if not alone(["race", "--rounds", str(rounds)]):
        return
    for place, folder in (("disk", None), ("tmpfs", TMPFS if os.access(TMPFS, os.W_OK) else None)):
        if place == "tmpfs" and folder is None:
            print("\nNo tmpfs at hand: only the disk was raced.")
            continue
        with tempfile.TemporaryDirectory(prefix="coffre-race-", dir=folder) as made, ExitStack() as stack:
            ins = new_ins()
            racers = [
                stack.enter_context(coffre(Path(made), ins)),
                stack.enter_context(orthanc(Path(made))),
            ]
            raced = [_raced(lap, racers, ins, rounds) for lap in LAPS]
            rows, profiles = [row for row, _ in raced], [(row[0], spent) for row, spent in raced]
        header = ("work", "coffre /s", "CPU ms", "orthanc /s", "CPU ms", "rate", "goal", "CPU", "goal")
        table(f"Race on {place}: instances a second, CPU of all processes an instance", header, rows)
        table(f"CPU ms of Coffre by process, on {place}", ("work", "an instance"), profiles)


def _raced(lap: Lap, racers: Sequence[Racer], ins: str, rounds: int) -> tuple[tuple[str, ...], str]:
    """The row, and what Coffre's processes spent."""
    times: dict[str, list[Time]] = {racer.name: [] for racer in racers}
    count = 1
    for number in range(rounds + 1):  # the first round does not count
        files = lap.files(ins, number)
        count = len(files)
        for racer in racers if number % 2 else racers[::-1]:
            tell(f"  {lap.name}: round {number} of {rounds}, {racer.name} ")
            found = _timed(racer, files, lap)
            if number:
                times[racer.name].append(found)
    tell(" " * 79)
    mine, theirs = times["coffre"], times["orthanc"]
    rates = [t.wall / m.wall for m, t in zip(mine, theirs, strict=True)]
    costs = [m.cpu / max(t.cpu, 0.01) for m, t in zip(mine, theirs, strict=True)]
    row = (
        lap.name,
        *_shown(mine, count),
        *_shown(theirs, count),
        spread(rates),
        f">= {lap.rate}",
        spread(costs),
        f"<= {lap.cpu}",
    )
    return row, profile([each.by_process for each in mine], count)


def tell(text: str) -> None:
    """A progress line, on a terminal alone."""
    if sys.stdout.isatty():
        print(text, end="\r", flush=True)


def _timed(racer: Racer, files: Files, lap: Lap) -> Time:
    bodies = [multipart(files[at : at + lap.a_request]) for at in range(0, len(files), lap.a_request)]
    lines = [bodies[start :: lap.connections] for start in range(min(lap.connections, len(bodies)))]
    with ThreadPoolExecutor(lap.connections) as pool:
        cpu, began = racer.cpu(), time.perf_counter()
        list(pool.map(partial(send, racer), lines))
        wall = time.perf_counter() - began
    time.sleep(1)  # what is done after the answer counts as CPU, too
    return Time(wall, more(racer.cpu(), cpu))


def send(racer: Racer, bodies: Sequence[bytes]) -> None:
    """One after another on one connection; the plainest client there is, so that the server is timed."""
    where = urlsplit(racer.url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=300)
    headers = {**racer.headers, "Content-Type": related(), "Accept": "application/dicom+json"}
    for body in bodies:
        connection.request("POST", where.path, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, f"{racer.name}: {answer.status} {text[:500]!r}"
    connection.close()


def _shown(times: Sequence[Time], count: int) -> tuple[str, str]:
    wall, cpu = (statistics.median(each) for each in zip(*((t.wall, t.cpu) for t in times), strict=True))
    return f"{count / wall:.0f}", f"{1000 * cpu / count:.1f}"


def spread(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
