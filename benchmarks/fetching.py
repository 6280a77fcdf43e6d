"""A CT of 500 slices fetched over HTTP into files: in ranges of neighbours, and in a range for each image."""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.tools.measuring import cpu_of_children, table
from client.fetch.documents import FetchClient
from client.fetch.keys import trusted_keys
from client.fetch.opened_grant import OpenedGrant
from client.fetch.ranges import MIB, Pace
from client.fetch.writing import FetchedPart, parts_of, write_part
from client.http_client import CoffreClient
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.identity import INS
from tests.integration.support import Coffre, Patient

SLICES, SIZE = 500, 512
ROUNDS = 3
GOAL_MB_S, GOAL_CPU_S = 400, 1
"""Of neighbours' ranges; those of each image are the reference."""
Numbered = Iterable[tuple[int, Iterable[bytes | memoryview]]]
Reading = Callable[[OpenedGrant, list[FetchedPart]], Numbered]


def run() -> None:
    with tempfile.TemporaryDirectory() as made:
        data = Path(made) / "data"
        initialise(load(data=data))
        with DemoServer(data) as server:
            coffre = Coffre(data, server)
            patient = coffre.open_record()
            answer = coffre.stow(coffre.depositor(), patient.ct(SLICES, SIZE), patient.ins)
            assert answer.status_code == 200, answer.text
            found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in READINGS}
            for _ in range(ROUNDS):
                for name, reading in READINGS.items():
                    found[name].append(_fetched(_client(coffre, patient), reading, Path(made) / "out"))
    rows = [
        (
            name,
            *(
                f"{statistics.median(column):.{digits}f}"
                for column, digits in zip(zip(*each, strict=True), (0, 2, 2), strict=True)
            ),
        )
        for name, each in found.items()
    ]
    header = (
        "ranges",
        f"MB/s (goal >= {GOAL_MB_S})",
        f"server CPU s per GB (goal <= {GOAL_CPU_S})",
        "client CPU s per GB",
    )
    table(f"A CT of {SLICES} slices fetched, opened, checked and written", header, rows)


def _client(coffre: Coffre, patient: Patient) -> FetchClient:
    client = CoffreClient(coffre.url, patient.token)
    keys, _ = trusted_keys(client)
    ins = INS.parse(patient.ins, demo_data.OID)
    return FetchClient(client, CoffreClient(coffre.url, None), ins, keys)


def _fetched(client: FetchClient, reading: Reading, out: Path) -> tuple[float, float, float]:
    """MB/s, and CPU seconds of the server and of this process for a GB; the grant is not counted."""
    opened = client.grant()
    parts = list(parts_of(opened, "study"))
    cpu, own = sum(cpu_of_children().values()), time.process_time()
    began = time.perf_counter()
    size = sum(write_part(out, parts[number], pieces).bytes for number, pieces in reading(opened, parts))
    wall = time.perf_counter() - began
    own, cpu = time.process_time() - own, sum(cpu_of_children().values()) - cpu
    shutil.rmtree(out)
    return size / 1e6 / wall, 1e9 * cpu / size, 1e9 * own / size


def _one_by_one(opened: OpenedGrant, parts: list[FetchedPart]) -> Numbered:
    """The reference: the segments of each image for themselves, one request after the other."""
    for number, part in enumerate(parts):
        yield number, [opened.read(part.blob_id, part.offset, part.length)]


def _joined(memory: int, at_once: int) -> Reading:
    return lambda opened, parts: opened.read_parts(parts, Pace.within(memory, at_once))


READINGS: dict[str, Reading] = {
    "of each image": _one_by_one,
    "of neighbours, one at once, 32 MiB": _joined(32 * MIB, 1),
    "of neighbours, four at once, 20 MiB": _joined(20 * MIB, 4),
    "of neighbours, four at once, 40 MiB": _joined(40 * MIB, 4),
    "of neighbours, four at once, 80 MiB": _joined(80 * MIB, 4),
}
