"""The dicomweb-client package, as a stranger uses it: nothing of Coffre but a base address and a token."""

from io import BytesIO

import pydicom
import pytest
import requests
from dicomweb_client import DICOMwebClient

from tests.integration.support import STRANGER, Coffre, Patient


def client(coffre: Coffre, token: str, record: str | None = None) -> DICOMwebClient:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    base = f"{coffre.url}/records/{record}/dicomweb" if record else f"{coffre.url}/dicomweb"
    found = DICOMwebClient(base, session=session)
    found.set_http_retry_params(retry=False)
    return found


def datasets(patient: Patient, slices: int = 3, size: int = 32, seed: int = 1) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(BytesIO(content)) for content in patient.ct(slices=slices, size=size, seed=seed)]


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


@pytest.fixture(scope="module")
def person(coffre: Coffre, lab: str) -> Patient:
    """A patient whose study was stored by the client itself."""
    patient = coffre.open_record()
    answer = client(coffre, lab, str(patient.public_id)).store_instances(datasets(patient))
    assert len(answer.ReferencedSOPSequence) == 3
    return patient


def test_what_it_stores_is_told_instance_by_instance(coffre: Coffre, patient: Patient, lab: str) -> None:
    sent = datasets(patient)
    answer = client(coffre, lab, patient.ins).store_instances(sent)
    stored = {item.ReferencedSOPInstanceUID: item for item in answer.ReferencedSOPSequence}
    assert set(stored) == {dataset.SOPInstanceUID for dataset in sent}
    assert "FailedSOPSequence" not in answer
    (document,) = patient.documents()
    assert document["instances"] == 3


def test_it_may_name_the_study(coffre: Coffre, patient: Patient, lab: str) -> None:
    sent = [*datasets(patient, slices=2), *datasets(patient, slices=1, seed=2)]
    study = sent[0].StudyInstanceUID
    answer = client(coffre, lab, patient.ins).store_instances(sent, study_instance_uid=study)
    assert len(answer.ReferencedSOPSequence) == 2
    (failed,) = answer.FailedSOPSequence
    assert (failed.FailureReason, failed.ReferencedSOPInstanceUID) == (0xA901, sent[2].SOPInstanceUID)
    assert len(failed.ErrorComment) <= 64


def test_without_a_record_in_the_address_the_content_names_it(
    coffre: Coffre, patient: Patient, lab: str
) -> None:
    client(coffre, lab).store_instances(datasets(patient))
    assert len(patient.documents()) == 1


def test_large_bodies_arrive_in_chunks(coffre: Coffre, patient: Patient, lab: str) -> None:
    """Beyond a megabyte the client uses chunked transfer encoding."""
    sent = datasets(patient, slices=4, size=512)
    answer = client(coffre, lab, patient.ins).store_instances(sent)
    assert len(answer.ReferencedSOPSequence) == 4


def test_a_refusal_is_an_error_of_the_client(coffre: Coffre, patient: Patient, lab: str) -> None:
    foreign = datasets(coffre.open_record(), slices=1)
    with pytest.raises(requests.HTTPError) as refused:
        client(coffre, lab, patient.ins).store_instances(foreign)
    assert refused.value.response.status_code == 409
    answer = pydicom.Dataset.from_json(refused.value.response.text)
    (item,) = answer.FailedSOPSequence
    assert item.ReferencedSOPInstanceUID == foreign[0].SOPInstanceUID
    assert item.FailureReason == 0xA900


def test_some_stored_is_no_error(coffre: Coffre, patient: Patient, lab: str) -> None:
    mixed = [*datasets(patient, slices=1), *datasets(coffre.open_record(), slices=1)]
    answer = client(coffre, lab, patient.ins).store_instances(mixed)
    assert len(answer.ReferencedSOPSequence) == len(answer.FailedSOPSequence) == 1


def test_it_finds_studies_series_and_instances(coffre: Coffre, person: Patient) -> None:
    reader = client(coffre, person.token, str(person.public_id))
    (study,) = map(pydicom.Dataset.from_json, reader.search_for_studies())
    assert study.NumberOfStudyRelatedInstances == 3
    (series,) = map(pydicom.Dataset.from_json, reader.search_for_series(study.StudyInstanceUID))
    assert series.Modality == "CT"
    of_study = reader.search_for_instances(study.StudyInstanceUID)
    of_series = reader.search_for_instances(study.StudyInstanceUID, series.SeriesInstanceUID)
    assert of_study == of_series
    found = {pydicom.Dataset.from_json(instance).SOPInstanceUID for instance in of_study}
    assert found == {dataset.SOPInstanceUID for dataset in datasets(person)}


def test_it_finds_series_and_instances_of_all_studies(coffre: Coffre, person: Patient) -> None:
    reader = client(coffre, person.token, str(person.public_id))
    (series,) = map(pydicom.Dataset.from_json, reader.search_for_series(search_filters={"Modality": "CT"}))
    assert series.NumberOfSeriesRelatedInstances == 3
    instances = [pydicom.Dataset.from_json(each) for each in reader.search_for_instances()]
    assert {each.SOPInstanceUID for each in instances} == {each.SOPInstanceUID for each in datasets(person)}
    (one,) = reader.search_for_instances(search_filters={"SOPInstanceUID": instances[1].SOPInstanceUID})
    assert pydicom.Dataset.from_json(one).RetrieveURL.startswith(f"{coffre.url}/records/{person.public_id}/")


def test_its_filters_fields_and_pages_are_understood(coffre: Coffre, person: Patient) -> None:
    reader = client(coffre, person.token, person.ins)
    filters = {"StudyDate": "20260101-20261231", "ModalitiesInStudy": "CT", "00080050": "RX26*"}
    fields = ["StudyDescription", "00100010"]
    assert len(reader.search_for_studies(search_filters=filters, fields=fields, fuzzymatching=True)) == 1
    assert reader.search_for_studies(search_filters={"StudyDate": "20300101-"}) == []
    assert len(reader.search_for_studies(limit=1, offset=0, get_remaining=True)) == 1
    assert reader.search_for_studies(offset=1) == []
    study = pydicom.Dataset.from_json(reader.search_for_studies()[0]).StudyInstanceUID
    pages = [reader.search_for_instances(study, limit=1, offset=n)[0] for n in range(3)]
    assert pages == reader.search_for_instances(study)
    assert reader.search_for_instances(study, limit=1, get_remaining=True) == pages
    one = reader.search_for_instances(study, search_filters={"InstanceNumber": 2})
    assert [pydicom.Dataset.from_json(each).InstanceNumber for each in one] == [2]


def test_across_records_it_finds_the_patient_it_names(coffre: Coffre, person: Patient) -> None:
    reader = client(coffre, person.token)
    assert reader.search_for_studies() == []
    assert len(reader.search_for_studies(search_filters={"PatientID": person.ins})) == 1


def test_who_has_no_right_is_refused_under_the_record_and_finds_nothing_elsewhere(
    coffre: Coffre, person: Patient
) -> None:
    stranger = coffre.professional(STRANGER)
    with pytest.raises(requests.HTTPError) as refused:
        client(coffre, stranger, person.ins).search_for_studies()
    assert refused.value.response.status_code == 403
    assert client(coffre, stranger).search_for_studies(search_filters={"PatientID": person.ins}) == []


def test_without_token_it_is_told_to_sign_in(coffre: Coffre, person: Patient) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        client(coffre, "", person.ins).search_for_studies()
    assert refused.value.response.status_code == 401
