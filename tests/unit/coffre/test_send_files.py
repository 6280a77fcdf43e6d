"""What the sender finds below a path: DICOMDIRs and what they list, archives, and whatever cannot be read."""

import io
import os
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage, generate_uid

from client.send import archive, contents
from client.send.contents import FileTrouble, content, digest
from client.send.finding import candidates
from client.send.plan import Candidate, Kind, batches
from coffre.demonstration.files import data as demo_data

INS_, OID = demo_data.PATIENT_INS, demo_data.OID


@pytest.fixture(scope="module")
def ct() -> bytes:
    return next(demo_data.ct_study(INS_, OID, slices=1, size=32))[1]


def dicomdir(references: Iterable[str | list[str]]) -> bytes:
    """A DICOMDIR (PS3.3 annex F) that lists these files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of the names are not such as a DICOMDIR should hold
        return _dicomdir(references)


def _dicomdir(references: Iterable[str | list[str]]) -> bytes:
    directory = Dataset()
    directory.FileSetID = "COFFRE"
    records = []
    for reference in references:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = reference
        records.append(record)
    directory.DirectoryRecordSequence = records
    directory.file_meta = FileMetaDataset()
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = io.BytesIO()
    directory.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture
def medium(tmp_path: Path, ct: bytes) -> Path:
    """A CD as a computer shows it: names in lower case, one with a version."""
    folder = tmp_path / "cd"
    (folder / "dicom").mkdir(parents=True)
    for name in ("im0001", "IM0002.;1", "unlisted"):
        (folder / "dicom" / name).write_bytes(ct)
    return folder


def found_in(*paths: Path) -> dict[str, str]:
    """Trouble, or "dicom" and "pdf", by name."""
    return {
        (one.member.name if one.member else one.path.name): one.trouble or one.kind.value
        for one in candidates(paths)
    }


def test_a_dicomdir_sends_what_it_lists_whatever_the_case(medium: Path) -> None:
    listing = medium / "DICOMDIR"
    listing.write_bytes(dicomdir([["DICOM", "IM0001"], ["DICOM", "IM0002"], "DICOM/IM0001"]))
    assert found_in(listing) == {"DICOMDIR": "dicomdir", "im0001": "dicom", "IM0002.;1": "dicom"}


@pytest.fixture
def file_set(tmp_path: Path, ct: bytes) -> Path:
    """A DICOMDIR that lists a directory file, which lists the images; all count from the root (PS3.10 §8)."""
    folder = tmp_path / "set"
    (folder / "S1").mkdir(parents=True)
    (folder / "DICOMDIR").write_bytes(dicomdir([["S1", "DIRFILE"]]))
    (folder / "S1" / "DIRFILE").write_bytes(dicomdir([["S1", "I10"], ["S1", "I20"]]))
    for name in ("I10", "I20"):
        (folder / "S1" / name).write_bytes(ct)
    return folder


IMAGES = {"I10": "dicom", "I20": "dicom"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (".", "DICOMDIR DIRFILE"),
        ("DICOMDIR", "DICOMDIR DIRFILE"),
        ("S1", "DIRFILE"),
        ("S1/DIRFILE", "DIRFILE"),
        ("S1 DICOMDIR", "DICOMDIR DIRFILE"),
        ("DICOMDIR S1", "DICOMDIR DIRFILE"),
        ("S1/DIRFILE .", "DICOMDIR DIRFILE"),
    ],
)
def test_a_directory_file_counts_from_the_root_of_its_file_set(
    file_set: Path, given: str, named: str
) -> None:
    paths = [file_set / path for path in given.split()]
    assert found_in(*paths) == {**dict.fromkeys(named.split(), "dicomdir"), **IMAGES}
    assert len(candidates(paths)) == len(found_in(*paths))  # each once


@pytest.mark.parametrize("named", ["relative", "absolute", "through a link"])
def test_a_file_is_sent_once_however_it_is_spelled(
    file_set: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file_set)
    (file_set.parent / "link").symlink_to(file_set)
    other = {"relative": Path("S1"), "absolute": file_set, "through a link": file_set.parent / "link"}[named]
    assert sorted(one.path.name for one in candidates([Path("DICOMDIR"), other])) == [
        *("DICOMDIR", "DIRFILE", "I10", "I20")
    ]


@pytest.mark.parametrize("name", ["S1", "renamed"])
def test_a_part_of_a_file_set_that_was_copied_alone_is_whole(file_set: Path, name: str) -> None:
    (file_set / "DICOMDIR").unlink()
    (file_set / "S1").rename(file_set / name)
    found = found_in(file_set / name)
    if name == "S1":
        assert found == {"DIRFILE": "dicomdir", **IMAGES}
    assert {one.kind for one in candidates([file_set]) if not one.trouble} == {Kind.DICOM}


def test_directory_files_that_list_each_other_are_read_once(file_set: Path) -> None:
    (file_set / "S1" / "DIRFILE").write_bytes(dicomdir([["DICOMDIR"], ["S1", "dirfile"], ["S1", "I10"]]))
    (file_set / "DICOMDIR").write_bytes(dicomdir([["S1", "DIRFILE"], ["DICOMDIR"], ["S1", "I20"]]))
    for given in (file_set / "DICOMDIR", file_set / "S1" / "DIRFILE", file_set):
        found = candidates([given])
        assert len(found) == len({one.path for one in found})
        assert {one.path.name for one in found if not one.trouble} >= {"I10"}


def test_a_long_chain_of_directory_files_is_followed(file_set: Path) -> None:
    for number in range(1100):  # more than calls may stand in each other
        (file_set / f"D{number}").write_bytes(dicomdir([[f"D{number + 1}"]]))
    (file_set / "D1100").write_bytes(dicomdir([["S1", "I10"]]))
    (file_set / "DICOMDIR").write_bytes(dicomdir([["D0"]]))
    assert found_in(file_set / "DICOMDIR")["I10"] == "dicom"


def test_what_a_directory_file_lists_in_vain_is_said_once(file_set: Path) -> None:
    (file_set / "S1" / "DIRFILE").write_bytes(dicomdir([["S1", "I10"], ["S1", "I404"], ["..", "secret"]]))
    for given in (file_set, file_set / "DICOMDIR", file_set / "S1"):
        found = found_in(given)
        assert (found["I404"], found["secret"]) == ("missing_file", "outside_medium")
        assert found["I10"] == "dicom"


def test_a_directory_file_does_not_lead_beside_what_was_given(file_set: Path, ct: bytes) -> None:
    (file_set / "S2").mkdir()
    (file_set / "S2" / "I30").write_bytes(ct)
    (file_set / "S1" / "DIRFILE").write_bytes(dicomdir([["S1", "I10"], ["S2", "I30"]]))
    assert found_in(file_set / "S1")["I30"] == "missing_file"
    assert found_in(file_set)["I30"] == "dicom"


def test_several_media_in_one_folder_count_from_their_own_roots(tmp_path: Path, ct: bytes) -> None:
    """The same reference on each of them, and what one lacks is not found on another."""
    for disc in ("cd1", "cd2"):
        (tmp_path / disc / "IMAGES").mkdir(parents=True)
        (tmp_path / disc / "DICOMDIR").write_bytes(dicomdir([["IMAGES", "A"], ["IMAGES", "B"]]))
        (tmp_path / disc / "IMAGES" / "A").write_bytes(ct)
    (tmp_path / "cd1" / "IMAGES" / "B").write_bytes(ct)
    found = candidates([tmp_path])
    assert sum(one.kind is Kind.DICOM for one in found) == 3
    assert [one.path for one in found if one.trouble == "missing_file"] == [tmp_path / "cd2" / "IMAGES" / "B"]


def test_of_two_names_that_differ_by_case_the_exact_one_is_meant(medium: Path, ct: bytes) -> None:
    (medium / "dicom" / "IM0001").write_bytes(ct)
    listing = medium / "DICOMDIR"
    listing.write_bytes(dicomdir([["DICOM", "IM0001"]]))
    assert found_in(listing) == {"DICOMDIR": "dicomdir", "IM0001": "dicom"}
    listing.write_bytes(dicomdir([["DICOM", "im0001"]]))
    assert found_in(listing) == {"DICOMDIR": "dicomdir", "im0001": "dicom"}


@pytest.mark.parametrize("reference", ["IM0001;1", "im0001;3", "IM0001.;1", "IM0001.", "IM0002.;2"])
def test_a_version_of_iso_9660_in_a_reference_is_no_part_of_the_name(medium: Path, reference: str) -> None:
    listing = medium / "DICOMDIR;1"
    listing.write_bytes(dicomdir([["DICOM;1", reference]]))
    found = candidates([listing])
    assert [one.trouble or one.kind.value for one in found] == ["dicomdir", "dicom"]


@pytest.mark.parametrize("below", ["", "export/"], ids=["at the root", "in a folder"])
def test_an_archive_of_a_medium_holds_what_its_directory_files_list(
    file_set: Path, tmp_path: Path, below: str
) -> None:
    files = [path for path in sorted(file_set.rglob("*")) if path.is_file()]
    members = [(below + str(path.relative_to(file_set)), path.read_bytes()) for path in files]
    assert sorted(found_in(packed(tmp_path / "whole.zip", *members)).values()) == [
        *("dicom", "dicom", "dicomdir", "dicomdir")
    ]
    short = packed(tmp_path / "short.zip", *(each for each in members if not each[0].endswith("I20")))
    assert found_in(short)[f"{below}S1/S1/I20"] == "missing_file"
    alone = [(name.rpartition("/")[2], data) for name, data in members if "S1/" in name]
    assert "missing_file" not in found_in(packed(tmp_path / "alone.zip", *alone)).values()


def test_a_damaged_directory_file_in_an_archive_is_said_to_be_one(tmp_path: Path, ct: bytes) -> None:
    path = packed(tmp_path / "a.zip", ("DICOMDIR", dicomdir(["A"])[:-3]), ("A", ct))
    assert found_in(path) == {"DICOMDIR": "bad_dicomdir", "A": "dicom"}


def test_a_dicomdir_in_a_folder_adds_what_is_missing_and_repeats_nothing(medium: Path) -> None:
    (medium / "DICOMDIR").write_bytes(dicomdir([["DICOM", "IM0001"], ["DICOM", "IM0404"]]))
    found = candidates([medium])
    assert len(found) == len({one.path for one in found}) == 5
    assert found_in(medium)["IM0404"] == "missing_file"


@pytest.mark.parametrize(
    "reference",
    [
        ["..", "secret"],
        ["DICOM", "..", "..", "secret"],
        ["", "etc", "passwd"],
        "/etc/passwd",
        "../secret",
        ["C:", "secret"],
        [f"D{level}" for level in range(9)],
    ],
    ids=["up", "down and up", "rooted", "absolute", "slash", "drive", "deep"],
)
def test_a_dicomdir_cannot_lead_out_of_its_medium(medium: Path, reference: str | list[str]) -> None:
    (medium.parent / "secret").write_bytes(b"another patient's")
    listing = medium / "DICOMDIR"
    listing.write_bytes(dicomdir([reference]))
    found = candidates([listing])
    assert [one.trouble for one in found] == ["dicomdir", "outside_medium"]


def test_a_link_on_a_medium_is_not_followed(medium: Path, ct: bytes) -> None:
    outside = medium.parent / "outside"
    outside.mkdir()
    (outside / "im1").write_bytes(ct)
    (medium / "linked").symlink_to(outside)
    listing = medium / "DICOMDIR"
    listing.write_bytes(dicomdir([["LINKED", "IM1"]]))
    assert [one.trouble for one in candidates([listing])] == ["dicomdir", "symbolic_link"]


def test_a_damaged_dicomdir_is_said_to_be_one(medium: Path) -> None:
    listing = medium / "DICOMDIR"
    listing.write_bytes(dicomdir([["DICOM", "IM0001"]])[:-9])
    assert [one.trouble for one in candidates([listing])] == ["bad_dicomdir"]


def test_whatever_cannot_be_read_is_a_verdict(tmp_path: Path, ct: bytes) -> None:
    (tmp_path / "good").write_bytes(ct)
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "good")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "around").symlink_to(tmp_path)
    (tmp_path / "name\n\x1b[2J\udcff").write_bytes(ct)
    assert found_in(tmp_path) == {
        "good": "dicom",
        "empty": "empty_file",
        "pipe": "not_regular",
        "link": "symbolic_link",
        "broken": "symbolic_link",
        "around": "symbolic_link",
        "name\n\x1b[2J\udcff": "dicom",
    }
    assert found_in(Path("/dev/null")) == {"null": "not_regular"}
    assert found_in(tmp_path / "link") == {"link": "dicom"}  # named on purpose


def test_what_may_not_be_read_is_a_verdict(
    tmp_path: Path, ct: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").write_bytes(ct)
    (tmp_path / "folder").mkdir()
    real_open, real_scan = os.open, os.scandir

    def refusing(path: str, *more: int, **named: int) -> int:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, *more, **named)

    def refusing_folder(path: str) -> object:
        if str(path).endswith("folder"):
            raise PermissionError(13, "Permission denied", path)
        return real_scan(path)

    # root may read everything: the system's refusal is what is put in here
    monkeypatch.setattr(os, "open", refusing)
    monkeypatch.setattr(os, "scandir", refusing_folder)
    assert found_in(tmp_path) == {"closed": "unreadable", "folder": "unreadable"}


def packed(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in members:
            out.writestr(name, data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_members_of_an_archive_are_read_in_place(tmp_path: Path, ct: bytes, method: int) -> None:
    report = demo_data.report_pdf()
    path = packed(
        tmp_path / "a.zip", ("../../etc/ct", ct), ("r.pdf", report), ("notes", b"text"), method=method
    )
    found = candidates([path])
    assert [one.kind for one in found] == [Kind.DICOM, Kind.PDF, Kind.OTHER]
    assert [b"".join(content(one)) for one in found[:2]] == [ct, report]
    assert found[0].study == next(batches(found))[0].study != ""
    assert [*tmp_path.iterdir()] == [path]


def test_a_large_member_is_unpacked_in_bounded_memory(tmp_path: Path, ct: bytes) -> None:
    size = 64 << 20
    path = packed(tmp_path / "a.zip", ("large", ct + bytes(size)))
    (one,) = candidates([path])
    tracemalloc.start()
    pieces = [len(piece) for piece in content(one)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (sum(pieces), max(pieces)) == (len(ct) + size, contents.CHUNK)
    assert peak < 8 * contents.CHUNK


def test_what_an_archive_may_not_hold_is_a_verdict(tmp_path: Path, ct: bytes) -> None:
    inner = packed(tmp_path / "inner.zip", ("ct", ct)).read_bytes()
    path = packed(tmp_path / "a.zip", ("inner.zip", inner), ("empty", b""), ("DICOMDIR", dicomdir(["A"])))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as out:
        out.writestr("bz", ct)
    assert found_in(path) == {
        "inner.zip": "zip_nested",
        "empty": "empty_file",
        "DICOMDIR": "dicomdir",
        "A": "missing_file",
        "bz": "zip_method",
    }


def test_an_encrypted_member_is_named_as_such(tmp_path: Path, ct: bytes) -> None:
    path = packed(tmp_path / "a.zip", ("ct", ct), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # general purpose bit 0 (APPNOTE 4.4.4)
    path.write_bytes(data)
    assert found_in(path) == {"ct": "zip_encrypted"}


def test_a_damaged_member_is_found_before_its_request_ends(tmp_path: Path, ct: bytes) -> None:
    path = packed(tmp_path / "a.zip", ("ct", ct), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[len(ct) - 5] ^= 1
    path.write_bytes(data)
    (one,) = candidates([path])
    with pytest.raises(FileTrouble) as refused:
        digest(one)
    assert refused.value.code == "zip_damaged"


def test_bombs_are_refused_by_what_they_list(
    tmp_path: Path, ct: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ALWAYS_ADMITTED", 1 << 20)
    bomb = packed(tmp_path / "bomb.zip", ("zeros", bytes(4 << 20)))
    assert found_in(bomb) == {"bomb.zip": "zip_too_large"}
    monkeypatch.setattr(archive, "MOST_MEMBERS", 2)
    many = packed(tmp_path / "many.zip", *((str(number), ct) for number in range(3)))
    assert found_in(many) == {"many.zip": "zip_too_large"}
    monkeypatch.setattr(archive, "LARGEST_DIRECTORY", 16)
    assert found_in(packed(tmp_path / "c.zip", ("ct", ct))) == {"c.zip": "zip_too_large"}


@pytest.mark.parametrize("stated", [46, 0xFFFFFFFF], ids=["small", "told elsewhere"])
def test_a_directory_is_as_large_as_the_record_that_its_reader_accepts(tmp_path: Path, stated: int) -> None:
    """The zip64 record counts wherever its locator stands before the end (APPNOTE 4.3.14 to 4.3.16)."""
    path, size = tmp_path / "a.zip", 2 * archive.LARGEST_DIRECTORY
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(size)
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, 0))
        file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, stated, 0, 0))
    assert found_in(path) == {"a.zip": "zip_too_large"}


def test_members_that_share_bytes_are_refused(tmp_path: Path, ct: bytes) -> None:
    path = packed(tmp_path / "a.zip", ("a", ct), ("b", ct))
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)  # local header of the first (APPNOTE 4.3.12)
    path.write_bytes(data)
    assert found_in(path) == {"a.zip": "zip_too_large"}


def test_a_member_that_holds_more_than_it_states_stops_there(tmp_path: Path) -> None:
    data = bytes(128) + b"DICM" + bytes(1 << 20)
    path = packed(tmp_path / "a.zip", ("ct", data))
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02") + 24
    raw[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(raw)
    (one,) = candidates([path])
    assert one.size == 1000
    with pytest.raises(FileTrouble) as refused:
        digest(one)
    assert refused.value.code == "zip_damaged"


@pytest.mark.parametrize("cut", [5, 30, 200], ids=["end", "directory", "members"])
def test_a_cut_archive_is_a_verdict(tmp_path: Path, ct: bytes, cut: int) -> None:
    path = packed(tmp_path / "a.zip", ("ct", ct), ("b", ct))
    path.write_bytes(path.read_bytes()[:-cut])
    assert found_in(path) == {"a.zip": "zip_damaged"}


def test_an_office_document_is_no_archive_of_images(tmp_path: Path) -> None:
    path = packed(tmp_path / "letter.docx", ("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>"))
    assert found_in(path) == {"letter.docx": "not_taken"}
    assert found_in(packed(tmp_path / "none.zip")) == {"none.zip": "zip_empty"}


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(bytes(128) + b"DICM" + bytes(3 * contents.CHUNK))
    (one,) = candidates([path])
    pieces = content(one)
    next(pieces)
    os.utime(path, ns=(1, 1))  # the same size, written anew
    with pytest.raises(FileTrouble) as refused:
        list(pieces)
    assert refused.value.code == "file_changed"


def test_a_file_that_becomes_a_pipe_does_not_hold_the_sender(tmp_path: Path, ct: bytes) -> None:
    path = tmp_path / "ct"
    path.write_bytes(ct)
    (one,) = candidates([path])
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FileTrouble) as refused:
        digest(one)
    assert refused.value.code == "unreadable"


def test_a_stated_checksum_is_checked_on_deflated_members_too(tmp_path: Path, ct: bytes) -> None:
    path = packed(tmp_path / "a.zip", ("ct", ct))
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02") + 16
    raw[at : at + 4] = zlib.crc32(b"another").to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(FileTrouble):
        digest(candidates([path])[0])


def test_a_candidate_names_no_place_for_a_member(tmp_path: Path, ct: bytes) -> None:
    """A member's name is shown and sent as a title, and is never part of a path."""
    path = packed(tmp_path / "a.zip", ("../../x", ct))
    (one,) = candidates([path])
    assert isinstance(one, Candidate)
    assert one.path == path
