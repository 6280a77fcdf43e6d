"""Content opened by its readers: how fast, beside WebCrypto alone on as many bytes, and what it costs the
server, beside the gateway.
"""

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from benchmarks.race.deposits import TMPFS
from benchmarks.tools.measuring import cpu_below, table
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, Patient, serving
from tests.opener import faulty_store, node, work
from tests.services import seaweedfs
from tests.services.ohif import chromium
from tests.unit.keyvault.sealing import DEK, seal
from viewer_api.opener.files import HERE

SIZE = 192 * 2**20
FAST_MB_S, FAST_SHARE = 400, 0.8
SLICES, IMAGE, AT_ONCE, ROUNDS = 500, 512, 32, 3
GOAL = 0.05
"""Of the gateway's CPU for a GB (docs/scale.md)."""
SCRIPT = Path(__file__).with_suffix(".js")
STORED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
MEASURE = """async ([folder, told]) => {
    const { load } = await import("/node/answer.js");
    const { measure } = await import("/node/measure.js");
    return measure(await load(folder), told);
}"""
COLUMNS = {
    "opened": "ranges fetched and opened",
    "frames": "frames of 512 KiB",
    "fetched": "fetched alone",
    "memory": "opened from memory",
    "bare": "WebCrypto alone, 64 KiB",
    "large": "1 MiB",
}
Reading = Callable[[], int]
"""Answers how many bytes it read."""


def run() -> None:
    _speed()
    _cost()


def _speed() -> None:
    found = _measured()
    header = ("in", *COLUMNS.values(), "opened / WebCrypto", "from memory / WebCrypto")
    rows = [
        (
            name,
            *(f"{each[column]}" for column in COLUMNS),
            *(f"{each[way] / each['bare']:.2f}" for way in ("opened", "memory")),
        )
        for name, each in found.items()
    ]
    goal = f"goal >= {FAST_MB_S} MB/s or >= {FAST_SHARE} x WebCrypto"
    table(f"{SIZE // 2**20} MiB opened by the opener, MB/s, the best of three ({goal})", header, rows)


def _measured() -> dict[str, dict[str, int]]:
    made = seal([random.Random(1).randbytes(SIZE)])
    with faulty_store.serving(faulty_store.Store({"opener": HERE, "node": node.FOLDER})) as store:
        store.put("long", str(made.sealed.ref.blob_id), made.cipher)
        told = {"sealed": work.told(made.sealed), "dek": DEK.hex(), "base": store.url}
        told |= {"url": "/store/good/long", "grant": "good~long"}
        found = {"Node": node.run("measure_node.js", told)}
        with chromium() as browser:
            page = browser.new_page()
            page.goto(f"{store.url}/node/page.html")
            for name, workers in {"Chromium": 0, "Chromium, two workers": 2}.items():
                found[name] = page.evaluate(MEASURE, [f"{store.url}/opener", {**told, "workers": workers}])
    return found


def _cost() -> None:
    """CPU of all processes of the server, its store of objects left out where that is one of its own."""
    folder = TMPFS if os.access(TMPFS, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder) as made:
        with _holding(Path(made) / "embedded") as (coffre, person):
            token = coffre.professional()
            rounds = _rounds(
                coffre,
                {
                    "opener, by URLs of the embedded store": lambda: _opened(coffre, person, token)["bytes"],
                    "gateway, frame by frame": lambda: _through_gateway(coffre, person, token),
                },
            )
        with _in_object_store(Path(made)) as (coffre, person):
            token = coffre.professional()
            rounds |= _rounds(
                coffre,
                {"opener, by URLs of an object store": lambda: _opened(coffre, person, token)["bytes"]},
            )
    gateway = rounds["gateway, frame by frame"]
    rows = [(name, f"{each:.2f}", f"{100 * each / gateway:.1f} %") for name, each in rounds.items()]
    header = ("frames read by", "server CPU s per GB", f"of the gateway's (goal <= {100 * GOAL:.0f} %)")
    table(f"A CT of {SLICES} slices, frame by frame: what the server spends", header, rows)


@contextmanager
def _holding(data: Path, **settings: str) -> Iterator[tuple[Coffre, Patient]]:
    """An installation with one CT in the record of somebody whose doctor may read it."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        initialise(load(data=data))
    with serving(data, **settings) as coffre:
        person = coffre.open_record()
        person.authorise()
        answer = coffre.stow(coffre.depositor(), person.ct(SLICES, IMAGE), person.ins)
        assert answer.status_code == 200, answer.text
        yield coffre, person


@contextmanager
def _in_object_store(folder: Path) -> Iterator[tuple[Coffre, Patient]]:
    objects = folder / "objects"
    objects.mkdir()
    with seaweedfs.running(objects) as store:
        settings = {"COFFRE_OBJECTS_URL": store.url("s3", f"opened-{uuid4().hex}"), "COFFRE_GATEWAY": "false"}
        with _holding(folder / "stored", **store.environment(), **settings) as held:
            yield held


def _rounds(coffre: Coffre, readings: Mapping[str, Reading]) -> dict[str, float]:
    """CPU seconds of the server for a GB of each, in turns; the first round does not count."""
    found: dict[str, list[float]] = {name: [] for name in readings}
    for number in range(ROUNDS + 1):
        for name, read in readings.items():
            cost = _spent(coffre, read)
            if number:
                found[name].append(cost)
    return {name: median(each) for name, each in found.items()}


def _spent(coffre: Coffre, read: Reading) -> float:
    assert coffre.server.pid is not None
    before = cpu_below(coffre.server.pid)
    size = read()
    return 1e9 * (cpu_below(coffre.server.pid) - before) / size


def _opened(coffre: Coffre, person: Patient, token: str) -> dict[str, Any]:
    told = {"base": coffre.url, "record": str(person.public_id), "token": token, "atOnce": AT_ONCE}
    command = [node.program(), str(SCRIPT), json.dumps(told)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _through_gateway(coffre: Coffre, person: Patient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/dicom+json"}
    studies = f"/records/{person.ins}/dicomweb/studies"
    (study,) = coffre.http.get(studies, headers=headers).json()
    base = f"{studies}/{study['0020000D']['Value'][0]}"
    instances = coffre.http.get(f"{base}/instances", headers=headers).json()
    assert len(instances) == SLICES
    where, size = urlsplit(coffre.url), 0
    connection = HTTPConnection(where.hostname or "", where.port, timeout=300)
    for each in instances:
        series, sop = (each[tag]["Value"][0] for tag in ("0020000E", "00080018"))
        path = f"{base}/series/{series}/instances/{sop}/frames/1"
        connection.request("GET", path, headers={**headers, "Accept": STORED})
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, f"{answer.status} after {size} bytes: {content[:300]!r}"
        size += len(content)
    connection.close()
    return size
