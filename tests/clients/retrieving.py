"""A study that is read over WADO-RS, by requests of our own and by dicomweb-client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx
import pydicom
from dicomweb_client import DICOMwebClient

from tests.clients.test_dicomweb_client import client
from tests.integration.support import Coffre, Patient, bearer

OHIF_FRAMES = "multipart/related; type=application/octet-stream; transfer-syntax=*"
DICOM_JSON = "application/dicom+json"


@dataclass
class Room:
    """A study in a record, of which `sop` is one instance of `series`, and who reads it."""

    coffre: Coffre
    patient: Patient
    study: str
    series: str = ""
    sop: str = ""
    contents: list[bytes] = field(default_factory=list)

    @property
    def originals(self) -> dict[str, pydicom.Dataset]:
        return {each.SOPInstanceUID: each for each in map(pydicom.dcmread, map(BytesIO, self.contents))}

    @property
    def reader(self) -> DICOMwebClient:
        return client(self.coffre, self.patient.token, str(self.patient.public_id))

    @property
    def instance(self) -> str:
        return f"studies/{self.study}/series/{self.series}/instances/{self.sop}"

    def get(self, path: str, accept: str | None = None, **headers: str) -> httpx.Response:
        asked = {**bearer(self.patient.token), **headers, **({"Accept": accept} if accept else {})}
        root = f"/records/{self.patient.public_id}/dicomweb/"
        return self.coffre.http.get(path if "://" in path else root + path, headers=asked)

    def metadata(self) -> dict[str, Any]:
        (found,) = self.get(f"{self.instance}/metadata", DICOM_JSON).json()
        return dict(found)


def parts(answer: httpx.Response) -> list[tuple[Mapping[str, str], bytes]]:
    """Heads and bodies of a multipart answer, read as RFC 2046 has them."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("multipart/related; ")
    boundary = answer.headers["content-type"].rpartition("boundary=")[2].encode()
    first, *middle, end = (b"\r\n" + answer.content).split(b"\r\n--" + boundary)
    assert (first, end) == (b"", b"--\r\n")
    found = []
    for each in middle:
        head, _, body = each.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")]
        found.append(({name.lower(): value for name, _, value in lines}, body))
    return found
