"""The two racers: Coffre's default, and Debian's Orthanc with its DICOMweb plugin."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.tools.measuring import cpu_by_process
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.identity import INS_NIR_TEST
from tests.integration.support import Coffre, bearer, multipart, related
from tests.integration.test_memory import tree
from tests.services.orthanc import PLUGIN
from tests.services.processes import debian, install
from tests.services.service import process, wait_until

MODULE = b"content.sandbox.child"


@dataclass(frozen=True)
class Racer:
    """A server: where it takes instances by STOW-RS, and how much CPU its whole tree has used."""

    name: str
    url: str
    """Of the studies, where STOW-RS posts (PS3.18 section 10.5)."""
    headers: dict[str, str]
    """Who deposits."""
    pid: int
    reads: dict[str, str] = field(default_factory=dict)
    """Who reads."""

    def cpu(self) -> dict[str, float]:
        """Seconds by the name of the process, those of ended children included."""
        return cpu_by_process(self.pid)


@contextmanager
def installed(folder: Path) -> Iterator[Coffre]:
    """`coffre serve` as it comes, on an empty data directory."""
    data = folder / "coffre"
    initialise(load(data=data))
    with DemoServer(data) as server:
        yield Coffre(data, server)


@contextmanager
def coffre(folder: Path, ins: str) -> Iterator[Racer]:
    """Coffre with the record of `ins`. An answer to a deposit means: validated and published."""
    with installed(folder) as served:
        served.open_record(ins)
        yield racing(served, ins)


def racing(served: Coffre, ins: str, reads: str = "") -> Racer:
    """A Coffre that is there, warm, with a depositor for the record of `ins`. `reads`: a doctor's token."""
    url = f"{served.url}/records/{ins}/dicomweb/studies"
    assert served.server.pid is not None
    racer = Racer("coffre", url, bearer(served.depositor()), served.server.pid, bearer(reads))
    _warm(racer, ins, workers=load(data=served.data).workers)
    return racer


def _warm(racer: Racer, ins: str, workers: int) -> None:
    """Deposits until each worker has started its sandbox, which takes a third of a CPU second once."""
    headers = {**racer.headers, "Content-Type": related(), "Accept": "application/dicom+json"}

    def send(content: bytes) -> None:
        httpx.post(racer.url, content=multipart([content]), headers=headers, timeout=60).raise_for_status()

    for seed in range(20):
        files = demo_data.ct_study(ins, INS_NIR_TEST, slices=8, size=32, seed=9000 + seed)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, (content for _, content in files)))
        if _sandboxes(racer.pid) == workers:
            return


def _sandboxes(pid: int) -> int:
    """Sandboxes below a process: what runs their module, without what each of them forked."""
    parents: dict[int, int] = {}
    for child in tree(pid):
        with suppress(OSError):  # ended meanwhile
            if MODULE in Path(f"/proc/{child}/cmdline").read_bytes():
                parents[child] = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
    return sum(parent not in parents for parent in parents.values())


@contextmanager
def orthanc(folder: Path) -> Iterator[Racer]:
    """Orthanc as Debian has it, without users; an answer means: stored, and in its index."""
    program = debian("Orthanc", "orthanc")
    if not PLUGIN.exists():
        install("Orthanc's DICOMweb plugin", "orthanc-dicomweb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    storage = folder / "orthanc"
    configuration = {
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "Plugins": [str(PLUGIN)],
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    file, log = folder / "orthanc.json", folder / "orthanc.log"
    file.write_text(json.dumps(configuration))
    with process([str(program), str(file)], log) as child:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/system"), child, log)
        yield Racer("orthanc", f"http://127.0.0.1:{port}/dicom-web/studies", {}, child.pid)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
