"""What reading costs the server: a CT opened by the opener in Node, and the same CT through the gateway."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measuring import cpu_of_children, table
from benchmarks.race.deposits import TMPFS
from benchmarks.race.racers import installed
from tests.integration.support import Coffre, Patient
from tests.opener import node

SLICES, SIZE, AT_ONCE, ROUNDS = 500, 512, 32, 3
GOAL = 0.05
"""Of the gateway's CPU for a GB (docs/scale.md)."""
SCRIPT = Path(__file__).with_suffix(".js")
STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def run() -> None:
    folder = TMPFS if os.access(TMPFS, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder) as made, installed(Path(made)) as coffre:
        person = coffre.open_record()
        person.authorise()
        answer = coffre.stow(coffre.depositor(), person.ct(SLICES, SIZE), person.ins)
        assert answer.status_code == 200, answer.text
        token = coffre.professional()
        readings: Mapping[str, Callable[[], int]] = {
            "opener, by URLs of the store": lambda: _opened(coffre, person, token)["bytes"],
            "gateway, frame by frame": lambda: _through_gateway(coffre, person, token),
        }
        found: dict[str, list[float]] = {name: [] for name in readings}
        for number in range(ROUNDS + 1):  # the first round does not count
            for name, read in readings.items():
                cost = _cost(coffre, read)
                if number:
                    found[name].append(cost)
    opened, gateway = (median(each) for each in found.values())
    rows = [(name, f"{median(each):.2f}", "") for name, each in found.items()]
    rows[0] = (*rows[0][:2], f"{100 * opened / gateway:.1f} % (goal <= {100 * GOAL:.0f} %)")
    header = ("frames read by", "server CPU s per GB", "of the gateway's")
    table(f"A CT of {SLICES} slices, frame by frame: CPU of all processes of the server", header, rows)


def _cost(coffre: Coffre, read: Callable[[], int]) -> float:
    """CPU seconds of the server for a GB."""
    assert coffre.server.pid is not None
    before = cpu_of_children()[coffre.server.pid]
    size = read()
    return 1e9 * (cpu_of_children()[coffre.server.pid] - before) / size


def _opened(coffre: Coffre, person: Patient, token: str) -> dict[str, Any]:
    told = {"base": coffre.url, "record": str(person.public_id), "token": token, "atOnce": AT_ONCE}
    command = [node.program(), str(SCRIPT), json.dumps(told)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _through_gateway(coffre: Coffre, person: Patient, token: str) -> int:
    (study,) = coffre.http.get(
        f"/records/{person.ins}/dicomweb/studies", headers={"Authorization": f"Bearer {token}"}
    ).json()
    uid = study["0020000D"]["Value"][0]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/dicom+json"}
    base = f"/records/{person.ins}/dicomweb/studies/{uid}"
    instances = coffre.http.get(f"{base}/instances", headers=headers).json()
    where, size = urlsplit(coffre.url), 0
    connection = HTTPConnection(where.hostname or "", where.port, timeout=300)
    for each in instances:
        series, sop = (each[tag]["Value"][0] for tag in ("0020000E", "00080018"))
        path = f"{base}/series/{series}/instances/{sop}/frames/1"
        connection.request("GET", path, headers={**headers, "Accept": STORED})
        answer = connection.getresponse()
        size += len(answer.read())
        assert answer.status == 200, f"{answer.status} after {size} bytes"
    connection.close()
    assert len(instances) == SLICES
    return size
