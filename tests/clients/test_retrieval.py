"""WADO-RS as its clients use it: dicomweb-client and OHIF's literal requests (PS3.18 section 10.4)."""

from io import BytesIO

import pydicom
import pytest

from tests.clients.test_dicomweb_client import client
from tests.integration.support import Coffre, Patient


@pytest.fixture(scope="module")
def deposited(coffre: Coffre) -> tuple[Patient, list[bytes]]:
    patient = coffre.open_record()
    contents = patient.ct(slices=3, size=64)
    assert coffre.stow(coffre.depositor(), contents, patient.ins).status_code == 200
    return patient, contents


def test_it_reads_metadata_frames_and_instances(
    coffre: Coffre, deposited: tuple[Patient, list[bytes]]
) -> None:
    patient, contents = deposited
    reader = client(coffre, patient.token, str(patient.public_id))
    originals = {each.SOPInstanceUID: each for each in map(pydicom.dcmread, map(BytesIO, contents))}
    first = next(iter(originals.values()))
    study, series = first.StudyInstanceUID, first.SeriesInstanceUID
    described = reader.retrieve_series_metadata(study, series)
    assert {pydicom.Dataset.from_json(each, lambda *_: b"").SOPInstanceUID for each in described} == set(
        originals
    )
    assert reader.retrieve_study_metadata(study) == described
    for sop, original in originals.items():
        (frame,) = reader.retrieve_instance_frames(study, series, sop, [1])
        assert frame == original.PixelData
        assert reader.retrieve_instance(study, series, sop) == original
    assert len(reader.retrieve_series(study, series)) == len(reader.retrieve_study(study)) == 3
