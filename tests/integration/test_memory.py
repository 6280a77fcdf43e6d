"""Bounded memory whatever the size: a large instance streams in and out without growing the processes."""

import hashlib
import io
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, Patient, bearer, related, serving

MIB = 1 << 20
FRAME = 1024 * 1024 * 2
MOST_GROWTH = 64 * MIB  # of all processes together, whatever is sent
MULTIFRAME = "1.2.840.10008.5.1.4.1.1.7.3"  # Multi-frame Grayscale Word Secondary Capture


def large_instance(ins: str, frames: int) -> tuple[int, Iterator[bytes]]:
    """Length and pieces of a native multi-frame instance, never whole in memory."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MULTIFRAME
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = MULTIFRAME, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.PatientID, dataset.IssuerOfPatientID = ins, "ASIP-SANTE-INS-NIR"
    dataset.Modality, dataset.NumberOfFrames = "OT", frames
    dataset.Rows = dataset.Columns = 1024
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    head = io.BytesIO()
    pydicom.dcmwrite(head, dataset, enforce_file_format=True)
    start = head.getvalue() + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, frames * FRAME)

    def pieces() -> Iterator[bytes]:
        yield start
        for number in range(frames):
            yield struct.pack("<H", number) * (FRAME // 2)

    return len(start) + frames * FRAME, pieces()


def peak(pid: int) -> int:
    """Largest resident set so far of a process and its descendants, in bytes."""
    total = 0
    for one in tree(pid):
        try:
            text = Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        found = re.search(r"VmHWM:\s+(\d+) kB", text)
        total += int(found[1]) * 1024 if found else 0
    return total


def tree(pid: int) -> list[int]:
    """A process and its descendants; a child is listed under the thread that started it."""
    children = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread, or the process, ended meanwhile
            children += [int(child) for child in listed.read_text().split()]
    return [pid, *(one for child in children for one in tree(child))]


@pytest.fixture
def one_worker(tmp_path: Path) -> Iterator[Coffre]:
    """A server with one worker: of several another may begin its sandbox while the peak is measured."""
    initialise(load(data=tmp_path / "data"))
    with serving(tmp_path / "data", COFFRE_WORKERS="1") as coffre:
        yield coffre


def deposit_and_read(coffre: Coffre, frames: int) -> int:
    """Deposit an instance of so many 2 MiB frames, read it back by ranges; answers the growth of the peak."""
    patient = coffre.open_record()
    lab = coffre.depositor()
    small = coffre.stow(lab, [b"".join(large_instance(patient.ins, 1)[1])], patient.ins)
    assert small.status_code == 200, small.text
    assert coffre.server.pid is not None
    before = peak(coffre.server.pid)
    length, pieces = large_instance(patient.ins, frames)
    digest = hashlib.sha256()

    def body() -> Iterator[bytes]:
        yield b"--b0undary\r\nContent-Type: application/dicom\r\n\r\n"
        for piece in pieces:
            digest.update(piece)
            yield piece
        yield b"\r\n--b0undary--\r\n"

    headers = {**bearer(lab), "Content-Type": related()}
    answer = coffre.http.post(
        f"/records/{patient.ins}/dicomweb/studies", content=body(), headers=headers, timeout=600
    )
    assert answer.status_code == 200, answer.text
    grant = coffre.grant(patient.token, patient.ins)
    pack = max(grant.open().blobs, key=lambda blob: blob.sealed.plaintext_size).sealed
    assert pack.plaintext_size == length
    found = hashlib.sha256()
    for start in range(0, length, 32 * MIB):
        found.update(grant.read(pack.ref.blob_id, start, min(32 * MIB, length - start)))
    assert found.digest() == digest.digest()
    assert read_in_clear(patient) == digest.digest()
    return peak(coffre.server.pid) - before


def read_in_clear(patient: Patient) -> bytes:
    """The largest instance over WADO-RS, which streams it; answers its SHA-256."""
    found = []
    for document in patient.documents():
        path = f"/records/{patient.ins}/dicomweb/studies/{document['study_uid']}"
        (instance,) = patient.call("GET", f"/dicomweb/studies/{document['study_uid']}/instances").json()
        series, sop = (instance[tag]["Value"][0] for tag in ("0020000E", "00080018"))
        headers = {**bearer(patient.token), "Accept": "application/dicom"}
        digest = hashlib.sha256()
        with patient.coffre.http.stream(
            "GET", f"{path}/series/{series}/instances/{sop}", headers=headers
        ) as answer:
            assert answer.status_code == 200
            for piece in answer.iter_bytes():
                digest.update(piece)
        found.append((int(answer.headers["content-length"]), digest.digest()))
    return max(found)[1]


def test_an_instance_of_128_mib_does_not_grow_the_server(one_worker: Coffre) -> None:
    assert deposit_and_read(one_worker, 64) < MOST_GROWTH


@pytest.mark.long
def test_an_instance_of_2_gib_does_not_grow_the_server(one_worker: Coffre) -> None:
    assert deposit_and_read(one_worker, 1024) < MOST_GROWTH
