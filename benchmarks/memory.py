"""Eight deposits of 2 GiB at once: what server, workers and sandbox hold in memory, and how fast it goes.

The proportional set (PSS) counts pages that processes share once; it is sampled while the deposits run.
"""

import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx

from benchmarks.tools.measuring import cpu_of_children, table
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, bearer, related
from tests.integration.test_memory import large_instance, tree

AT_ONCE, FRAMES = 8, int(os.environ.get("FRAMES", "1024"))
SAMPLE_S = 0.5
MIB = 1 << 20


class Sampler:
    """The largest sum of the processes' sets, and the largest set of one of them, in bytes."""

    def __init__(self, pid: int) -> None:
        self._pid, self._over = pid, threading.Event()
        self.before = self.together = sum(proportional_sets(pid))
        self.single = 0
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_S):
            found = proportional_sets(self._pid)
            self.together = max(self.together, sum(found))
            self.single = max(self.single, *found)

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def proportional_sets(pid: int) -> list[int]:
    """Bytes of each process of the tree (PSS of proc(5)): what several share is counted once."""
    found = []
    for one in tree(pid):
        with suppress(OSError):  # ended meanwhile
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
            match = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
            found.append(int(match[1]) * 1024 if match else 0)
    return found


def run() -> None:
    with tempfile.TemporaryDirectory() as made:
        data = Path(made) / "data"
        initialise(load(data=data))
        with DemoServer(data) as server:
            _measure(Coffre(data, server))


def _measure(coffre: Coffre) -> None:
    patients = [coffre.open_record() for _ in range(AT_ONCE)]
    lab = coffre.depositor()
    assert coffre.server.pid is not None
    sampler = Sampler(coffre.server.pid)
    cpu, began = sum(cpu_of_children().values()), time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sizes = list(pool.map(lambda patient: _deposit(coffre.url, lab, patient.ins), patients))
    _wait_until_published(coffre, lab)
    wall, spent = time.perf_counter() - began, sum(cpu_of_children().values()) - cpu
    sampler.stop()
    total = sum(sizes)
    table(
        f"{AT_ONCE} deposits of {sizes[0] / 2**30:.1f} GiB at once",
        ("before, MiB", "at most, MiB", "largest process, MiB", "MB/s", "CPU s per GB"),
        [
            (
                f"{sampler.before / MIB:.0f}",
                f"{sampler.together / MIB:.0f}",
                f"{sampler.single / MIB:.0f}",
                f"{total / wall / 1e6:.0f}",
                f"{spent / total * 1e9:.1f}",
            )
        ],
    )


def _deposit(url: str, lab: str, ins: str) -> int:
    length, pieces = large_instance(ins, FRAMES)

    def body() -> Iterator[bytes]:
        yield b"--b0undary\r\nContent-Type: application/dicom\r\n\r\n"
        yield from pieces
        yield b"\r\n--b0undary--\r\n"

    headers = {**bearer(lab), "Content-Type": related()}
    answer = httpx.post(
        f"{url}/records/{ins}/dicomweb/studies", content=body(), headers=headers, timeout=1800
    )
    assert answer.status_code in (200, 202), answer.text
    return length


def _wait_until_published(coffre: Coffre, lab: str) -> None:
    """A request that takes longer than a minute to judge is answered before its verdict."""
    while True:
        with coffre.system() as system:
            counts = system.index.counts()
        if counts.get("published", 0) >= AT_ONCE:
            return
        assert not counts.get("rejected") and not counts.get("quarantined"), counts
        time.sleep(SAMPLE_S)
