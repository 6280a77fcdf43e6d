"""The demo's files are what they claim to be: valid, about invented people, the same each time."""

from importlib.metadata import PackageNotFoundError
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pypdf import PdfReader

from coffre.demonstration.files import data as demo_data
from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.pdf.report import inspect_pdf
from records.people.identity import INS
from tests.other_person import OTHER_INS

INS_, OID = demo_data.PATIENT_INS, demo_data.OID


@pytest.fixture(scope="module")
def slices() -> list[bytes]:
    return [data for _, data in demo_data.ct_study(INS_, OID, slices=4, size=64)]


@pytest.mark.parametrize("matricule", [demo_data.PATIENT_INS, OTHER_INS])
def test_a_demo_identity_has_a_valid_key_and_a_birthplace_that_does_not_exist(matricule: str) -> None:
    assert INS.parse(matricule, OID).matricule[5:10] == "99999"


def test_a_slice_passes_validation_without_a_remark(slices: list[bytes]) -> None:
    findings, facts = inspect_dicom(BytesSource(slices[0]))
    assert findings == []
    assert facts.patient.to_json() == {
        "id": INS_,
        "issuer": "ASIP-SANTE-INS-NIR",
        "issuer_oid": OID,
        "other_ids": [],
        "family_names": ["LEFÈVRE-MÛRIER"],
        "given_names": ["Éléonore"],
        "birth_date": "19770701",
        "sex": "F",
    }


def test_a_study_is_one_series_of_distinct_slices_with_valid_uids(slices: list[bytes]) -> None:
    datasets = [pydicom.dcmread(BytesIO(data)) for data in slices]
    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 4
    assert len({dataset.PixelData for dataset in datasets}) == 4
    assert len({(dataset.StudyInstanceUID, dataset.SeriesInstanceUID) for dataset in datasets}) == 1
    for dataset in datasets:
        for uid in (dataset.SOPInstanceUID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID):
            assert uid.is_valid
            assert uid.startswith("2.25.")


def test_pixels_rescale_to_hounsfield_units(slices: list[bytes]) -> None:
    dataset = pydicom.dcmread(BytesIO(slices[1]))
    hounsfield = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    assert abs(hounsfield[0].mean() + 1000) < 20  # air around the patient
    assert 800 < hounsfield.max() < 1100  # bone


def test_most_rows_of_pixels_inside_the_body_are_rich_enough_to_be_searched_for(slices: list[bytes]) -> None:
    pixels = pydicom.dcmread(BytesIO(slices[1])).PixelData
    row = pixels[128 * 32 : 128 * 33]  # the middle row, 64 pixels of 2 bytes
    assert any(len(set(row[at : at + 32])) >= 20 for at in range(0, 128, 32))


def test_equal_arguments_give_equal_bytes_and_another_seed_another_study(slices: list[bytes]) -> None:
    again = [data for _, data in demo_data.ct_study(INS_, OID, slices=4, size=64)]
    assert again == slices
    other = pydicom.dcmread(BytesIO(next(demo_data.ct_study(INS_, OID, slices=4, size=64, seed=1))[1]))
    assert other.StudyInstanceUID != pydicom.dcmread(BytesIO(slices[0])).StudyInstanceUID


def test_the_ultrasound_keeps_its_compressed_images_and_changes_only_its_patient() -> None:
    original = pydicom.dcmread(Path(str(get_testdata_file("examples_ybr_color.dcm"))))
    name, data = demo_data.ultrasound(INS_, OID)
    ours = pydicom.dcmread(BytesIO(data))
    assert name.endswith(".dcm")
    assert ours.PixelData == original.PixelData
    assert ours.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
    assert ours.SOPInstanceUID == original.SOPInstanceUID
    assert original.PatientName != ours.PatientName == "LEFÈVRE-MÛRIER^Éléonore"
    assert inspect_dicom(BytesSource(data))[0] == []


def test_real_cts_are_512_square_distinct_and_valid() -> None:
    files = dict(demo_data.real_ct_files(INS_, OID))  # pydicom-data belongs to requirements/dev.txt
    datasets = [pydicom.dcmread(BytesIO(data)) for data in files.values()]
    assert len(datasets) >= 3
    assert len({dataset.SOPInstanceUID for dataset in datasets}) == len(datasets)
    assert {(dataset.Rows, dataset.Columns, dataset.PatientID) for dataset in datasets} == {(512, 512, INS_)}
    assert all(inspect_dicom(BytesSource(data))[0] == [] for data in files.values())


def test_real_cts_are_none_where_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(demo_data, "distribution", absent)
    assert list(demo_data.real_ct_files(INS_, OID)) == []


def test_the_report_is_two_pages_of_french_with_accents() -> None:
    data = demo_data.report_pdf()
    findings, facts = inspect_pdf(BytesSource(data))
    assert findings == []
    assert facts.pages == 2
    text = PdfReader(BytesIO(data)).pages[0].extract_text()
    assert "LEFÈVRE-MÛRIER Éléonore" in text
    assert "Médiastin" in text
    assert data == demo_data.report_pdf()


def test_the_two_files_to_be_refused_are_refused_for_their_own_reason() -> None:
    truncated, _ = inspect_dicom(BytesSource(demo_data.truncated_dicom()))
    assert [finding.code for finding in truncated] == ["truncated"]
    active, _ = inspect_pdf(BytesSource(demo_data.javascript_pdf()))
    assert [finding.code for finding in active] == ["pdf_javascript"]
