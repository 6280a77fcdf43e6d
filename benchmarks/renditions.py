"""Measures the small pictures of a deposit: CPU of a server that makes them beside one that makes none.

Both are fed the same files in turns; all processes count, and what is done after the answer.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.race.deposits import Files, images, jpeg_2000, radiographs, tell
from benchmarks.race.reading import enhanced
from benchmarks.tools.measuring import cpu_below, table
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.identity import INS_NIR_TEST
from tests.integration.support import Coffre, Patient, serving

GOAL = 0.15
SETTLED_S = 1.0
ROUNDS = 3


@dataclass(frozen=True)
class Lap:
    """One kind of deposit: the files of a round, how many go into a request."""

    name: str
    files: Callable[[str, int], Files]
    a_request: int


def _ct(side: int, ins: str, seed: int) -> Files:
    made = demo_data.ct_study(ins, INS_NIR_TEST, slices=100, size=side, seed=4000 + side + seed)
    return [content for _, content in made]


LAPS = (
    Lap("CT, 100 slices of 256 x 256", partial(_ct, 256), 100),
    Lap("CT, 100 slices of 512 x 512", partial(_ct, 512), 100),
    Lap("CT, 100 slices in JPEG 2000", jpeg_2000, 100),
    Lap("4 radiographs of 18 MB", radiographs, 1),
    Lap("object of 200 frames, 105 MB", enhanced, 1),
    Lap("40 images, one a request", lambda ins, seed: images(ins, seed)[:40], 1),
)


@dataclass(frozen=True, eq=False)
class Served:
    coffre: Coffre
    patient: Patient
    depositor: str

    def cpu(self) -> float:
        assert self.coffre.server.pid is not None
        return cpu_below(self.coffre.server.pid)

    def takes(self, files: Files, a_request: int) -> float:
        """Seconds of CPU of the deposit."""
        before = self.cpu()
        for first in range(0, len(files), a_request):
            answer = self.coffre.stow(self.depositor, files[first : first + a_request], self.patient.ins)
            assert answer.status_code == 200, answer.text[:300]
        time.sleep(SETTLED_S)
        return self.cpu() - before


def run() -> None:
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        on, off = (_served(stack, Path(made), state) for state in ("on", "off"))
        rows = [row for lap in LAPS for row in _raced(lap, on, off)]
    header = ("deposit", "with, CPU ms", "without, CPU ms", "more", "goal")
    table("Renditions: CPU of a deposit with them beside one without", header, rows)


def _served(stack: ExitStack, folder: Path, state: str) -> Served:
    data = folder / state
    initialise(load(data=data))
    coffre = stack.enter_context(serving(data, COFFRE_RENDITIONS=state))
    return Served(coffre, coffre.open_record(), coffre.depositor())


def _raced(lap: Lap, on: Served, off: Served) -> Iterator[tuple[str, ...]]:
    times: dict[Served, list[float]] = {on: [], off: []}
    for number in range(ROUNDS + 1):  # the first round does not count
        tell(f"  {lap.name}: round {number} of {ROUNDS} ")
        for served in (on, off) if number % 2 else (off, on):
            spent = served.takes(lap.files(served.patient.ins, number), lap.a_request)
            times[served] += [spent] if number else []
    tell(" " * 79)
    with_them, without = (statistics.median(times[served]) for served in (on, off))
    more = with_them / without - 1
    yield lap.name, f"{1000 * with_them:.0f}", f"{1000 * without:.0f}", f"{more:+.0%}", f"<= {GOAL:.0%}"
