"""Orthanc with its DICOMweb plugin, a hospital's archive that sends to Coffre (Debian packages).

Orthanc 1.10 listens on every address and can't be told otherwise: it runs in a network namespace of its own.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.services.namespace import door, inside
from tests.services.processes import debian, install
from tests.services.service import process, wait_until

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PORT, COFFRE = 8042, 8080  # of the namespace


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc; `http` speaks to it."""

    http: httpx.Client

    def hold(self, content: bytes) -> str:
        """Put one instance into it; answers its id of the study."""
        answer = self.http.post("/instances", content=content)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["ParentStudy"])

    def know(self, name: str, path: str, token: str, **more: Any) -> None:
        """Name a DICOMweb server: Coffre, at `path`."""
        server = {
            "Url": f"http://127.0.0.1:{COFFRE}{path}",
            "HttpHeaders": {"Authorization": f"Bearer {token}"},
            **more,
        }
        answer = self.http.put(f"/dicom-web/servers/{name}", json=server)
        assert answer.status_code == 200, answer.text

    def stow(self, name: str, *resources: str) -> httpx.Response:
        """Send resources to a server that it knows, and wait for the end."""
        wanted = {"Resources": list(resources), "Synchronous": True}
        return self.http.post(f"/dicom-web/servers/{name}/stow", json=wanted)


@contextmanager
def running(coffre_port: int) -> Iterator[Orthanc]:
    """An Orthanc that sees Coffre, and nothing else, on its loopback."""
    program = debian("Orthanc", "orthanc")
    if not PLUGIN.exists():
        install("Orthanc's DICOMweb plugin", "orthanc-dicomweb")
    # a short name: paths of sockets have at most 107 bytes
    with tempfile.TemporaryDirectory(prefix="orthanc-") as name:
        directory = Path(name)
        (directory / "orthanc.json").write_text(json.dumps(_configuration(directory)))
        log = directory / "log"
        command = inside(directory, PORT, COFFRE, program, directory / "orthanc.json")
        transport = httpx.HTTPTransport(uds=str(directory / "in.sock"))
        with (
            door(directory / "out.sock", coffre_port),
            process(command, log) as child,
            httpx.Client(transport=transport, base_url="http://orthanc", timeout=60, trust_env=False) as http,
        ):
            wait_until(lambda: _answers(http), child, log)
            yield Orthanc(http)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/system").status_code == 200
    except httpx.TransportError:
        return False


def _configuration(directory: Path) -> dict[str, Any]:
    return {
        "StorageDirectory": str(directory / "storage"),
        "IndexDirectory": str(directory / "storage"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": PORT,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StowMaxInstances": 2, "StowMaxSize": 1},
    }
