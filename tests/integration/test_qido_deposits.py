"""A depositor finds its own submissions without naming a record, and nothing of anybody else's."""

from io import BytesIO
from typing import Any

import pydicom
import pytest

from coffre.demonstration.files import data as demo_data
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, Patient, bearer, problem
from tests.integration.test_qido_pages import of

Item = dict[str, Any]
DAY = "20240229"


class World:
    """Two patients of one laboratory, and a study of the same accession number by a hospital."""

    def __init__(self, coffre: Coffre) -> None:
        self.coffre = coffre
        self.lab, self.hospital = coffre.depositor(LABORATORY), coffre.depositor(HOSPITAL)
        self.first, self.second = coffre.open_record(), coffre.open_record()
        self.images = {
            patient.ins: [of(one, StudyDate=DAY) for one in patient.ct(slices=2, size=16, seed=seed)]
            for seed, patient in enumerate((self.first, self.second), start=40_001)
        }
        self.others = self.first.ct(slices=1, size=16, seed=40_009)
        for patient in (self.first, self.second):
            assert coffre.stow(self.lab, self.images[patient.ins], patient.ins).status_code == 200
        assert coffre.stow(self.hospital, self.others, self.first.ins).status_code == 200

    def ask(self, query: str, below: str = "studies", token: str = "") -> list[Item]:
        answer = self.coffre.http.get(f"/dicomweb/{below}?{query}", headers=bearer(token or self.lab))
        assert answer.status_code == 200, answer.text
        found: list[Item] = answer.json()
        return found

    def dataset(self, patient: Patient, number: int = 0) -> pydicom.Dataset:
        return pydicom.dcmread(BytesIO(self.images[patient.ins][number]))


@pytest.fixture(scope="module")
def world(coffre: Coffre) -> World:
    return World(coffre)


def uids(items: list[Item]) -> set[str]:
    return {each["0020000D"]["Value"][0] for each in items}


def test_by_study(world: World) -> None:
    study = str(world.dataset(world.first).StudyInstanceUID)
    (found,) = world.ask(f"StudyInstanceUID={study}")
    assert uids([found]) == {study}
    assert found["00201208"]["Value"] == [2]
    assert "00081190" not in found  # what it deposited isn't its to retrieve
    (series,) = world.ask("", f"studies/{study}/series")
    assert series["00201209"]["Value"] == [2]
    assert len(world.ask("", f"studies/{study}/instances")) == 2
    assert len(world.ask("InstanceNumber=1", f"studies/{study}/instances")) == 1
    uid = series["0020000E"]["Value"][0]
    assert len(world.ask("", f"studies/{study}/series/{uid}/instances")) == 2
    assert world.ask("", f"studies/{study}/series/1.2.3/instances") == []


def test_by_instance(world: World) -> None:
    dataset = world.dataset(world.second)
    (found,) = world.ask(f"SOPInstanceUID={dataset.SOPInstanceUID}", "instances")
    assert found["0020000D"]["Value"] == [str(dataset.StudyInstanceUID)]
    assert found["00080018"]["Value"] == [str(dataset.SOPInstanceUID)]


def test_by_accession_number(world: World) -> None:
    mine = {str(world.dataset(each).StudyInstanceUID) for each in (world.first, world.second)}
    found = uids(world.ask(f"AccessionNumber={demo_data.ACCESSION}&StudyDate={DAY}"))
    assert found == mine


def test_by_day(world: World) -> None:
    mine = {str(world.dataset(each).StudyInstanceUID) for each in (world.first, world.second)}
    for query in (f"StudyDate={DAY}", f"StudyDate={DAY}-{DAY}", f"00080020={DAY}&PatientName=*LEF*"):
        assert uids(world.ask(query)) == mine, query
    assert world.ask("StudyDate=20240228") == []
    pages = [*world.ask(f"StudyDate={DAY}&limit=1"), *world.ask(f"StudyDate={DAY}&limit=1&offset=1")]
    assert pages == world.ask(f"StudyDate={DAY}")
    assert len(world.ask(f"StudyDate={DAY}&Modality=CT", "series")) == 2


def test_another_structures_are_not_there(world: World) -> None:
    theirs = str(pydicom.dcmread(BytesIO(world.others[0])).StudyInstanceUID)
    mine = str(world.dataset(world.first).StudyInstanceUID)
    assert world.ask(f"StudyInstanceUID={theirs}") == world.ask("StudyInstanceUID=2.25.4711") == []
    assert world.ask(f"StudyInstanceUID={mine}", token=world.hospital) == []
    assert uids(world.ask(f"StudyInstanceUID={theirs}", token=world.hospital)) == {theirs}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "PatientName=*",
        "AccessionNumber=RX*",
        "StudyDate=20240101-20241231",
        "StudyDate=20240101-",
        "PatientID=1",
    ],
)
def test_a_search_that_names_nothing_is_told_what_to_name(world: World, query: str) -> None:
    answer = world.coffre.http.get(f"/dicomweb/studies?{query}", headers=bearer(world.lab))
    assert (answer.status_code, problem(answer)) == (400, "bad_query")
    assert "AccessionNumber" in answer.json()["detail"]


def test_a_record_stays_closed_to_it(world: World) -> None:
    answer = world.coffre.http.get(f"/records/{world.first.ins}/dicomweb/studies", headers=bearer(world.lab))
    assert (answer.status_code, problem(answer)) == (403, "not_authorised")


def test_each_record_has_its_line(world: World) -> None:
    def lines(patient: Patient) -> list[str]:
        return [each["action"] for each in patient.log() if each["actor"]["role"] == "depositor"]

    before = lines(world.first), lines(world.second)
    world.ask(f"StudyDate={DAY}")
    world.ask(f"StudyInstanceUID={world.dataset(world.second).StudyInstanceUID}")
    assert lines(world.first) == ["search_deposits", *before[0]]
    assert lines(world.second) == ["search_deposits"] * 2 + before[1]


def test_a_document_that_its_patient_masked_is_shown_to_who_deposited_it(coffre: Coffre) -> None:
    """R20: MASQUE_PS spares the structure that deposited."""
    patient, lab = coffre.open_record(), coffre.depositor(LABORATORY)
    images = patient.ct(slices=1, size=16, seed=40_100)
    assert coffre.stow(lab, images, patient.ins).status_code == 200
    (document,) = patient.documents()
    assert patient.call("PUT", f"/documents/{document['id']}/labels", json=["MASQUE_PS"]).status_code == 200
    study = pydicom.dcmread(BytesIO(images[0])).StudyInstanceUID
    answer = coffre.http.get(f"/dicomweb/studies?StudyInstanceUID={study}", headers=bearer(lab))
    assert len(answer.json()) == 1
