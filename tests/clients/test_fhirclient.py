"""fhirclient, which is not ours, lists a record page by page and reads what it found."""

from collections.abc import Iterator

import pytest
from fhirclient.models.documentreference import DocumentReference
from fhirclient.models.imagingstudy import ImagingStudy
from fhirclient.models.list import List
from fhirclient.models.patient import Patient as FhirPatient
from fhirclient.server import FHIRServer

from coffre.demonstration.files import data as demo_data
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer


@pytest.fixture(scope="module")
def patient(coffre: Coffre) -> Patient:
    person, hospital = coffre.open_record(), coffre.depositor(HOSPITAL)
    for number in range(3):
        content = demo_data.report_pdf() + b"\n%%%d\n" % number
        assert coffre.publish_pdf(hospital, person.ins, content).status_code == 201
    assert coffre.stow(coffre.depositor(), person.ct(slices=2, size=16), person.ins).status_code == 200
    return person


@pytest.fixture
def server(coffre: Coffre, patient: Patient) -> Iterator[FHIRServer]:
    server = FHIRServer(None, base_uri=f"{coffre.url}/fhir")
    server.session.headers.update(bearer(patient.token))
    yield server
    server.session.close()


def test_it_lists_every_page_and_reads_each_document(server: FHIRServer, patient: Patient) -> None:
    search = DocumentReference.where({"patient": str(patient.public_id), "status": "current", "_count": "2"})
    found = list(search.perform_resources_iter(server))
    assert {each.id for each in found} == {each["id"] for each in patient.documents()}
    for each in found:
        assert DocumentReference.read(each.id, server).as_json() == each.as_json()


def test_it_fetches_the_content_that_a_reference_names(server: FHIRServer, patient: Patient) -> None:
    search = DocumentReference.where({"patient": str(patient.public_id), "contenttype": "application/pdf"})
    first = search.perform_resources(server)[0]
    answer = server.session.get(first.content[0].attachment.url)
    assert answer.content.startswith(b"%PDF")


def test_it_reads_the_study_and_whose_it_is(server: FHIRServer, patient: Patient) -> None:
    (study,) = ImagingStudy.where({"patient": str(patient.public_id)}).perform_resources(server)
    assert study.numberOfInstances == 2
    whose = FhirPatient.read(study.subject.reference.rpartition("/")[2], server)
    assert whose.identifier[0].value == patient.ins


def test_it_reads_what_each_deposit_brought(server: FHIRServer, patient: Patient) -> None:
    asked = {"patient": str(patient.public_id), "code": "submissionset", "status": "current", "_count": "3"}
    sets = list(List.where(asked).perform_resources_iter(server))
    brought = [entry.item.reference for each in sets for entry in each.entry]
    assert brought == [f"DocumentReference/{each['id']}" for each in patient.documents()]
    assert List.read(sets[0].id, server).as_json() == sets[0].as_json()
