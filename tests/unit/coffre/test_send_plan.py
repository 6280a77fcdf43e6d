"""What the sender takes for what: by content alone, study by study."""

import struct
import zlib
from pathlib import Path

import pytest
from pydicom.uid import UID, CTImageStorage, DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from client.send import plan as send_plan
from client.send.finding import candidates, examine
from client.send.plan import Candidate, Kind, batches
from coffre.demonstration.files import data as demo_data
from content.dicom.data_set_encoding import header, padded
from records.errors import Invalid

INS_, OID = demo_data.PATIENT_INS, demo_data.OID


@pytest.fixture(scope="module")
def ct() -> bytes:
    return next(demo_data.ct_study(INS_, OID, slices=1, size=32))[1]


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_files_are_recognised_by_their_content_whatever_their_name(tmp_path: Path, ct: bytes) -> None:
    assert examine(written(tmp_path, "a.pdf", ct)).kind is Kind.DICOM
    assert examine(written(tmp_path, "b.dcm", demo_data.report_pdf())).kind is Kind.PDF
    assert examine(written(tmp_path, "c", b"\n\n" + demo_data.report_pdf())).kind is Kind.PDF
    assert examine(written(tmp_path, "d.dcm", b"a text" * 100)).kind is Kind.OTHER
    assert examine(written(tmp_path, "e.dcm", b"")).kind is Kind.OTHER


def test_a_data_set_without_preamble_is_dicom(tmp_path: Path, ct: bytes) -> None:
    bare = examine(written(tmp_path, "bare", ct[132:]))
    assert bare.kind is Kind.DICOM
    assert bare.study == examine(written(tmp_path, "whole", ct)).study != ""


def test_a_damaged_dicom_file_is_sent_so_that_the_server_judges_it(tmp_path: Path) -> None:
    truncated = examine(written(tmp_path, "t", demo_data.truncated_dicom()))
    assert truncated.kind is Kind.DICOM
    broken = examine(written(tmp_path, "u", bytes(128) + b"DICM" + b"\xff" * 40))
    assert (broken.kind, broken.study) == (Kind.DICOM, "")


@pytest.mark.parametrize("media", [CTImageStorage, MediaStorageDirectoryStorage], ids=["image", "dicomdir"])
def test_what_is_deflated_is_not_expanded_to_be_recognised(tmp_path: Path, media: UID) -> None:
    expanded = struct.pack("<HH2sH", 8, 0x16, b"UI", 0) * 20_000  # the study would stand behind
    named = [("00020002", media), ("00020010", DeflatedExplicitVRLittleEndian)]
    meta = b"".join(header(tag, "UI", len(value := padded("UI", uid.encode()))) + value for tag, uid in named)
    study = header("0020000D", "UI", 4) + b"1.2\0"
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = engine.compress(expanded + study) + engine.flush()
    length = header("00020000", "UL", 4) + struct.pack("<I", len(meta))
    found = examine(written(tmp_path, "d", bytes(128) + b"DICM" + length + meta + deflated))
    assert (found.kind, found.study, found.trouble) == (Kind.DICOM, "", "")


def test_a_dicomdir_is_skipped_with_its_reason(tmp_path: Path) -> None:
    media = b"1.2.840.10008.1.3.10\0"
    head = b"\x02\x00\x00\x00UL\x04\x00" + (8 + len(media) + 1).to_bytes(4, "little")
    element = b"\x02\x00\x02\x00UI" + (len(media) + 1).to_bytes(2, "little") + media + b"\0"
    found = examine(written(tmp_path, "DICOMDIR", bytes(128) + b"DICM" + head + element))
    assert found.kind is Kind.OTHER
    assert found.trouble == "dicomdir"


def test_folders_are_walked_once_in_a_stable_order(tmp_path: Path, ct: bytes) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a").mkdir()
    for name in ("b/2", "b/1", "a/9"):
        written(tmp_path, name, ct)
    found = candidates([tmp_path, tmp_path / "a"])
    assert [str(one.path.relative_to(tmp_path)) for one in found] == ["a/9", "b/1", "b/2"]


def test_a_path_that_does_not_exist_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        candidates([tmp_path / "nothing"])
    assert refused.value.code == "no_such_path"


def one(name: str, study: str, size: int = 10) -> Candidate:
    return Candidate(Path(name), Kind.DICOM, size, study)


def test_a_request_holds_one_study(tmp_path: Path) -> None:
    found = [one("1", "a"), one("2", "b"), one("3", "a"), Candidate(Path("4"), Kind.PDF, 1)]
    assert [[str(file.path) for file in batch] for batch in batches(found)] == [["1", "3"], ["2"]]


def test_a_large_study_becomes_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_plan, "MOST_IN_BATCH", 3)
    monkeypatch.setattr(send_plan, "LARGEST_BATCH", 25)
    sizes = [len(batch) for batch in batches(one(str(n), "a") for n in range(5))]
    assert sizes == [2, 2, 1]
    assert [len(batch) for batch in batches(one(str(n), "a", 1) for n in range(5))] == [3, 2]
    assert [len(batch) for batch in batches(one(str(n), "a", 99) for n in range(2))] == [1, 1]
