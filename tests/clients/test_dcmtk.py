"""dcmtk, of another maker, reads every instance that is served, and the DICOMDIR of a study's zip.

`dcmftest` looks for the file format (PS3.10), `dcmdump` reads every element, `dcmconv` writes it anew.
"""

import re
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.clients.ohif_viewer import encapsulated, given_to, written
from tests.clients.retrieving import Room, parts
from tests.clients.test_retrieval import deposited, file_of
from tests.integration.pages import Browser
from tests.integration.support import Coffre
from tests.unit.content.real_files import CORPUS

OF_EACH_SYNTAX = (
    "MR_small_implicit.dcm",
    "MR_small.dcm",
    "MR_small_bigendian.dcm",
    "image_dfl.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "JPEG-lossy.dcm",
    "JPEG-LL.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "MR_small_jp2klossless.dcm",
    "JPEG2000.dcm",
)


def test_it_reads_the_demo_s_images(coffre: Coffre, tmp_path: Path) -> None:
    patient = coffre.open_record()
    ct = [content for _, content in demo_data.ct_study(patient.ins, INS_NIR_TEST, slices=3)]
    _, film = demo_data.ultrasound(patient.ins, INS_NIR_TEST)
    for contents in (ct, [film]):
        assert read_by_dcmtk(deposited(coffre, contents, patient), tmp_path) == len(contents)


@pytest.mark.parametrize("name", OF_EACH_SYNTAX)
def test_it_reads_each_transfer_syntax(coffre: Coffre, name: str, tmp_path: Path) -> None:
    patient = coffre.open_record()
    path = str(get_testdata_file(name))
    room = deposited(coffre, [written(given_to(patient, path))], patient)
    original = pydicom.dcmread(path, stop_before_pixels=True)
    assert read_by_dcmtk(room, tmp_path) == 1
    (content,) = room.contents
    assert (
        pydicom.dcmread(BytesIO(content)).file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
    )


@pytest.mark.parametrize("name", ["reportsi.dcm", "waveform_ecg.dcm"])
def test_it_reads_what_is_no_image(coffre: Coffre, name: str, tmp_path: Path) -> None:
    patient = coffre.open_record()
    assert read_by_dcmtk(deposited(coffre, [file_of(name, patient)], patient), tmp_path) == 1


def test_it_takes_the_report_out_of_an_encapsulated_pdf(coffre: Coffre, tmp_path: Path) -> None:
    patient, report = coffre.open_record(), demo_data.report_pdf()
    room = deposited(coffre, [written(encapsulated(patient, report))], patient)
    assert read_by_dcmtk(room, tmp_path) == 1
    said_by("dcm2pdf", tmp_path / "0.dcm", tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(report)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("dicom/*/HTJ2K*_RGB.dcm")), ids=lambda path: path.stem)
def test_of_high_throughput_jpeg_2000_it_reads_the_elements(
    coffre: Coffre, path: Path, tmp_path: Path
) -> None:
    """dcmtk 3.6.7, Debian's, does not know the syntaxes .201 to .203 (Supplement 235), and converts none."""
    patient = coffre.open_record()
    room = deposited(coffre, [written(given_to(patient, str(path)))], patient)
    ((_, content),) = parts(room.get(f"studies/{room.study}"))
    assert content == room.contents[0]
    file = tmp_path / "0.dcm"
    file.write_bytes(content)
    said_by("dcmftest", file)
    assert room.study in said_by("dcmdump", file)
    answer = subprocess.run(
        ["dcmconv", file, tmp_path / "again.dcm"], capture_output=True, timeout=60, check=False
    )
    assert answer.returncode != 0 and b"no conversion" in answer.stderr, "it can: put this among the others"


def test_it_reads_the_directory_of_a_zip_and_each_file_that_it_lists(coffre: Coffre, tmp_path: Path) -> None:
    patient = coffre.open_record()
    room = deposited(coffre, patient.ct(slices=3, size=64), patient)
    document = patient.documents()[0]["id"]
    browser = Browser(coffre).sign_in(patient.token)
    answer = browser.http.get(f"/dossier/{patient.public_id}/documents/{document}/images.zip")
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    said = said_by("dcmdump", "+P", "ReferencedFileID", tmp_path / "DICOMDIR")
    listed = re.findall(r"\[(.+?)\]", said)
    assert len(listed) == len(room.contents)
    for name in listed:
        said_by("dcmftest", tmp_path / name.replace("\\", "/"))


def read_by_dcmtk(room: Room, folder: Path) -> int:
    """How many instances of the study it reads."""
    found = parts(room.get(f"studies/{room.study}"))
    for number, (_, content) in enumerate(found):
        path = folder / f"{number}.dcm"
        path.write_bytes(content)
        said_by("dcmftest", path)
        assert room.study in said_by("dcmdump", "+P", "StudyInstanceUID", path)
        said_by("dcmdump", "-q", path)
        said_by("dcmconv", path, folder / "again.dcm")
    return len(found)


def said_by(*command: str | Path) -> str:
    answer = subprocess.run(command, capture_output=True, timeout=60, check=False)
    said = (answer.stdout + answer.stderr).decode("latin-1")
    assert answer.returncode == 0 and "E: " not in said, said
    return said
