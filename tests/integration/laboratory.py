"""A laboratory's export folder as `coffre send` meets it: many small real instances, some of them bad."""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pydicom

from coffre.demonstration.files import data as demo_data

PER_STUDY = 100


def instances(ins: str, count: int, *, per_study: int = PER_STUDY) -> Iterator[tuple[str, bytes]]:
    """Yields (study/instance, file): CT slices of 16 × 16 that differ by their UIDs, `per_study` in a study.

    One slice is made; the others are its bytes with UIDs of the same length.
    """
    _, template = next(demo_data.ct_study(ins, demo_data.OID, slices=1, size=16))
    dataset = pydicom.dcmread(io.BytesIO(template))
    study, instance = (str(dataset[name].value) for name in ("StudyInstanceUID", "SOPInstanceUID"))
    for number in range(count):
        own = template.replace(instance.encode(), _numbered(instance, number))
        own = own.replace(study.encode(), _numbered(study, number // per_study))
        yield f"{number // per_study:04d}/{number:05d}", own


def _numbered(uid: str, number: int) -> bytes:
    return f"{uid[:-6]}{100_000 + number:06d}".encode()


BAD_KINDS = 6


def write_laboratory(folder: Path, ins: str, other_ins: str, count: int, bad: int) -> dict[str, str]:
    """Writes `count` files, `bad` of them bad in six ways; returns the code that each bad one earns, by name.

    A kind of badness is one an export really has: cut, of another patient, not DICOM inside, empty, a link
    that leads nowhere, or an encrypted archive.
    """
    expected: dict[str, str] = {}
    every = count // bad
    for number, (name, content) in enumerate(instances(ins, count)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = number // every if number % every == every // 2 and number // every < bad else None
        if kind is None:
            path.write_bytes(content)
        else:
            expected[path.name] = _write_bad(path, kind % BAD_KINDS, content, (ins, other_ins))
    return expected


def _write_bad(path: Path, kind: int, content: bytes, people: tuple[str, str]) -> str:
    if kind == 0:
        path.write_bytes(content[: len(content) // 2])
        return "truncated"
    if kind == 1:
        path.write_bytes(content.replace(people[0].encode(), people[1].encode()))
        return "other_patient"
    if kind == 2:
        path.write_bytes(bytes(128) + b"DICM" + os.urandom(400))
        return ""  # which of its errors the server names is the server's affair
    if kind == 3:
        path.touch()
        return "empty_file"
    if kind == 4:
        path.symlink_to("nowhere")
        return "symbolic_link"
    path.write_bytes(_encrypted(content))
    return "zip_encrypted"


def _encrypted(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("ct", content)
    data = bytearray(out.getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # general purpose bit 0 (APPNOTE 4.4.4)
    return bytes(data)
