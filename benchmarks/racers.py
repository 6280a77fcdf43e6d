"""Who takes part in the race: Coffre's default, and Debian's Orthanc with its DICOMweb plugin."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.measuring import cpu_of_children
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, bearer
from tests.services.orthanc import PLUGIN
from tests.services.processes import debian, install
from tests.services.service import process, wait_until


@dataclass(frozen=True)
class Racer:
    """A server: where it takes instances by STOW-RS, and how much CPU its whole tree has used."""

    name: str
    url: str
    """Of the studies, where STOW-RS posts (PS3.18 section 10.5)."""
    headers: dict[str, str]
    pid: int

    def cpu(self) -> float:
        """Seconds, those of ended children included."""
        return cpu_of_children().get(self.pid, 0.0)


@contextmanager
def coffre(folder: Path, ins: str) -> Iterator[Racer]:
    """`coffre serve` as it comes, with the record of `ins`. An answer means: validated and published."""
    data = folder / "coffre"
    initialise(load(data=data))
    with DemoServer(data) as server:
        installed = Coffre(data, server)
        installed.open_record(ins)
        lab = installed.depositor()
        url = f"{server.url}/records/{ins}/dicomweb/studies"
        assert server.pid is not None
        yield Racer("coffre", url, bearer(lab), server.pid)


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
