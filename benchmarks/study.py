"""A CT of 500 slices over HTTP: in one request, in ten, and an image at a time as many modalities send it."""

import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.tools.measuring import cpu_of_children, table
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, Patient, bearer, multipart, related

SLICES, SIZE = 500, 512
REQUESTS = (1, 10, 500)


def run() -> None:
    with tempfile.TemporaryDirectory() as made:
        data = Path(made) / "data"
        initialise(load(data=data))
        with DemoServer(data) as server:
            coffre = Coffre(data, server)
            lab = coffre.depositor()
            rows = [_deposited(coffre, lab, requests) for requests in REQUESTS]
    header = ("requests", "seconds", "images/s", "server CPU ms an image", "last tenth / first tenth")
    table(f"A CT of {SLICES} slices of {SIZE} x {SIZE}, one client, two workers", header, rows)


def _deposited(coffre: Coffre, lab: str, requests: int) -> tuple[str, ...]:
    patient = coffre.open_record()
    files = patient.ct(SLICES, SIZE, seed=requests)
    cpu, began = sum(cpu_of_children().values()), time.perf_counter()
    times = _send(coffre, lab, patient, files, requests)
    wall = time.perf_counter() - began
    spent = 1000 * (sum(cpu_of_children().values()) - cpu) / SLICES
    tenth = max(requests // 10, 1)
    growth = f"{sum(times[-tenth:]) / sum(times[:tenth]):.2f}" if requests > 1 else "-"
    return (str(requests), f"{wall:.1f}", f"{SLICES / wall:.0f}", f"{spent:.1f}", growth)


def _send(coffre: Coffre, lab: str, patient: Patient, files: list[bytes], requests: int) -> list[float]:
    """Seconds of each request."""
    times, share = [], SLICES // requests
    headers = {**bearer(lab), "Content-Type": related()}
    with httpx.Client(base_url=coffre.url, timeout=300) as http:
        for start in range(0, SLICES, share):
            began = time.perf_counter()
            answer = http.post(
                f"/records/{patient.ins}/dicomweb/studies",
                content=multipart(files[start : start + share]),
                headers=headers,
            )
            assert answer.status_code == 200, answer.text
            times.append(time.perf_counter() - began)
    return times
