"""The DICOMDIR of a study, read by pydicom, which follows each of its offsets."""

from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.fileset import FileSet

from coffre.demonstration.files import data as demo_data
from content.dicom.dicomdir_writer import ListedFile, write_directory
from records.people.identity import INS_NIR_TEST

INS = demo_data.PATIENT_INS


def files(count: int, seed: int = 1) -> list[pydicom.Dataset]:
    made = demo_data.ct_study(INS, INS_NIR_TEST, slices=count, size=8, seed=seed)
    return [pydicom.dcmread(BytesIO(content)) for _, content in made]


def written(folder: Path, datasets: list[pydicom.Dataset]) -> Path:
    """The files where the directory says that they are."""
    listed = []
    for number, dataset in enumerate(datasets, 1):
        name = ("DICOM", "SE000001", f"IM{number:06d}")
        path = folder.joinpath(*name)
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
        syntax = dataset.file_meta.TransferSyntaxUID
        listed.append(ListedFile(name, str(syntax), dataset.to_json_dict(bulk_data_threshold=0)))
    directory = folder / "DICOMDIR"
    directory.write_bytes(write_directory(listed))
    return directory


def test_every_file_is_found_through_it(tmp_path: Path) -> None:
    datasets = files(5)
    found = FileSet(written(tmp_path, datasets))
    assert [each.load().SOPInstanceUID for each in found] == [each.SOPInstanceUID for each in datasets]
    assert found.find_values("StudyInstanceUID") == [datasets[0].StudyInstanceUID]


def test_series_have_branches_of_their_own(tmp_path: Path) -> None:
    datasets = files(4)
    for each in datasets[2:]:
        each.SeriesInstanceUID = "1.2.3"
    found = FileSet(written(tmp_path, datasets))
    assert set(found.find_values("SeriesInstanceUID")) == {datasets[0].SeriesInstanceUID, "1.2.3"}
    assert len(found.find(SeriesInstanceUID="1.2.3")) == 2


def test_numbers_are_those_of_the_files(tmp_path: Path) -> None:
    datasets = files(2)
    for number, each in enumerate(datasets, 7):
        each.SeriesNumber, each.InstanceNumber = 3, number
    records = pydicom.dcmread(written(tmp_path, datasets)).DirectoryRecordSequence
    assert [each.InstanceNumber for each in records[3:]] == [7, 8]
    assert records[2].SeriesNumber == 3


def test_a_value_that_fits_no_short_length_is_left_empty(tmp_path: Path) -> None:
    datasets = files(1)
    listed = datasets[0].to_json_dict(bulk_data_threshold=0)
    listed["00100020"] = {"vr": "LO", "Value": ["x" * 70_000]}
    name = ("DICOM", "SE000001", "IM000001")
    found = pydicom.dcmread(BytesIO(write_directory([ListedFile(name, "1.2.840.10008.1.2.1", listed)])))
    assert found.DirectoryRecordSequence[0].PatientID == ""


def test_names_keep_their_letters(tmp_path: Path) -> None:
    datasets = files(1)
    datasets[0].SpecificCharacterSet = "ISO_IR 192"
    datasets[0].PatientName = "ÉLÉONORE^Zoé"
    patient = pydicom.dcmread(written(tmp_path, datasets)).DirectoryRecordSequence[0]
    assert (patient.DirectoryRecordType, str(patient.PatientName)) == ("PATIENT", "ÉLÉONORE^Zoé")


def test_each_kind_of_object_has_its_record(tmp_path: Path) -> None:
    datasets = files(3)
    datasets[1].SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    datasets[2].SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    records = pydicom.dcmread(written(tmp_path, datasets)).DirectoryRecordSequence
    assert [each.DirectoryRecordType for each in records[3:]] == ["IMAGE", "SR DOCUMENT", "ENCAP DOC"]


def test_what_is_not_known_is_empty_and_what_cannot_be_written_too(tmp_path: Path) -> None:
    datasets = files(1)
    del datasets[0].AccessionNumber
    listed = datasets[0].to_json_dict(bulk_data_threshold=0)
    listed["00200013"] = {"vr": "IS", "Value": [{"not": "a number"}]}
    name = ("DICOM", "SE000001", "IM000001")
    found = pydicom.dcmread(BytesIO(write_directory([ListedFile(name, "1.2.840.10008.1.2.1", listed)])))
    assert found.DirectoryRecordSequence[1].AccessionNumber == ""
    assert found.DirectoryRecordSequence[3].InstanceNumber is None
