"""Every real DICOM file that is accepted comes back: its bytes, its metadata, its frames.

The files are those of the installed packages, and of the corpus where it exists. Many use one SOP Instance
UID, of which a study keeps the latest: each record here has one file of each.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from coffre.installation.install import initialise
from coffre.settings import load
from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.facts import DicomFacts
from tests.clients.retrieving import OHIF_FRAMES, Room, parts
from tests.integration.support import Coffre, serving
from tests.unit.content.real_files import corpus, packaged

OWN_BYTES = frozenset(("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"))
"""Syntaxes whose frames are not given as the stored bytes are."""


@dataclass(frozen=True)
class Accepted:
    """One file, and what its validation says of it."""

    name: str
    content: bytes
    facts: DicomFacts


def accepted() -> Iterator[Accepted]:
    for real in packaged() + corpus():
        content = real.path.read_bytes() if real.kind == "dicom" else b""
        with warnings.catch_warnings(action="ignore"):
            _, facts = inspect_dicom(BytesSource(content))
        if facts is not None:
            yield Accepted(real.name, content, facts)


def records() -> list[list[Accepted]]:
    """Files by record, each SOP Instance UID once in each."""
    copies: dict[str, dict[bytes, Accepted]] = defaultdict(dict)
    for each in accepted():
        copies[each.facts.sop].setdefault(each.content, each)
    most = max(map(len, copies.values()))
    every = [list(of_one.values()) for of_one in copies.values()]
    return [[of_one[number] for of_one in every if number < len(of_one)] for number in range(most)]


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    """A server that warns of other people's names, as these files have them."""
    data: Path = tmp_path_factory.mktemp("real-files") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_IDENTITY_CHECK="ins") as coffre:
        yield coffre


def test_each_comes_back_byte_for_byte_with_its_metadata_and_frames(lenient: Coffre) -> None:
    token, seen = lenient.depositor(), 0
    for files in records():
        patient = lenient.open_record()
        answer = lenient.stow(token, [each.content for each in files], patient.ins)
        assert answer.status_code in (200, 202), answer.text
        stored = {item["00081155"]["Value"][0] for item in answer.json()["00081199"]["Value"]}
        kept = {each.facts.sop: each for each in files if each.facts.sop in stored}
        for study in {each.facts.study for each in kept.values()}:
            of_study = {sop: each for sop, each in kept.items() if each.facts.study == study}
            seen += compared(Room(lenient, patient, study), of_study)
    assert seen > 200


def compared(room: Room, files: dict[str, Accepted]) -> int:
    """All of one study; answers how many."""
    found = parts(room.get(f"studies/{room.study}"))
    assert sorted(body for _, body in found) == sorted(each.content for each in files.values())
    described = room.reader.retrieve_study_metadata(room.study)
    assert {each["00080018"]["Value"][0] for each in described} == files.keys()
    for sop, each in files.items():
        series, frames = each.facts.series, each.facts.frames
        if frames and each.facts.transfer_syntax not in OWN_BYTES:
            wanted = {1, len(frames)}
            path = f"studies/{room.study}/series/{series}/instances/{sop}/frames/{','.join(map(str, wanted))}"
            stored = [
                b"".join(each.content[at : at + length] for at, length in frames[number - 1])
                for number in wanted
            ]
            assert [body for _, body in parts(room.get(path, OHIF_FRAMES))] == stored, each.name
            assert room.reader.retrieve_instance_frames(room.study, series, sop, [*wanted]) == stored
    return len(files)
