"""The queries of OHIF 3.13, letter by letter, as they were seen on the wire: names, forms and encodings."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from pydicom import dcmread

from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import Coffre, Patient, bearer

FIELDS = "includefield=00081030%2C00080060%2C00080090%2C00100030"
LIST = f"limit=101&offset=0&fuzzymatching=false&{FIELDS}"
NEEDED = ("00100010", "00100020", "00080020", "00080030", "00080050", "00080061", "00201208", "00081030")
"""What its study list shows of each study."""


class Room:
    """A patient with a CT of three slices and an ultrasound, and a doctor who sees them."""

    def __init__(self, coffre: Coffre) -> None:
        self.coffre = coffre
        self.patient: Patient = coffre.open_record()
        lab = coffre.depositor()
        self.images = self.patient.ct(slices=3, size=16)
        _, ultrasound = demo_data.ultrasound(self.patient.ins, INS_NIR_TEST)
        for parts in (self.images, [ultrasound]):
            assert coffre.stow(lab, parts, self.patient.ins).status_code == 200
        self.patient.authorise()
        self.doctor = coffre.professional()
        first = dcmread(BytesIO(self.images[0]))
        self.study, self.series = str(first.StudyInstanceUID), str(first.SeriesInstanceUID)

    def get(self, below: str) -> list[dict[str, Any]]:
        """`below` as it stands on the wire, behind the DICOMweb root of the record."""
        root = f"{self.coffre.url}/records/{self.patient.public_id}/dicomweb"
        headers = {**bearer(self.doctor), "Accept": "application/dicom+json"}
        answer = httpx.get(httpx.URL(root + below), headers=headers, timeout=90)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/dicom+json"
        found: list[dict[str, Any]] = answer.json()
        return found


@pytest.fixture(scope="module")
def room(coffre: Coffre) -> Room:
    return Room(coffre)


def value(item: dict[str, Any], tag: str) -> Any:
    return item[tag]["Value"][0]


def test_the_study_list_has_all_that_it_shows(room: Room) -> None:
    found = room.get(f"/studies?{LIST}")
    assert len(found) == 2
    for study in found:
        assert study.keys() >= {*NEEDED} - {"00081030"}  # what has no description is shown without
        assert isinstance(study["00080061"]["Value"], list)
    ct = next(each for each in found if value(each, "00080061") == "CT")
    assert all(ct[tag].get("Value") for tag in NEEDED)
    assert value(ct, "00081030") == "Scanner thoracique sans injection"
    assert value(ct, "00201208") == 3


def test_a_filter_by_name_has_literal_stars_at_both_ends(room: Room) -> None:
    assert len(room.get(f"/studies?{LIST}&PatientName=*LEF*")) == 2
    assert room.get(f"/studies?{LIST}&PatientName=*ESSAI*") == []


def test_a_row_that_is_selected_shows_its_series(room: Room) -> None:
    (series,) = room.get(f"/studies/{room.study}/series?includefield=0008103E%2C00080021")
    assert value(series, "0008103E") and value(series, "00080021") == "20260105"
    assert value(series, "00201209") == 3


def test_a_viewer_that_opens_asks_for_its_study(room: Room) -> None:
    (study,) = room.get(f"/studies?{LIST}&StudyInstanceUID={room.study}")
    assert value(study, "0020000D") == room.study


@pytest.mark.parametrize("chosen", ["", "&SeriesInstanceUID={series}"])
def test_then_for_the_series_or_one_of_them(room: Room, chosen: str) -> None:
    query = "includefield=00080021%2C00080031%2C0008103E%2C00200011" + chosen.format(series=room.series)
    (series,) = room.get(f"/studies/{room.study}/series?{query}")
    assert value(series, "0020000E") == room.series
    assert value(series, "00200011") == 2
    assert value(series, "00080031")
    assert room.get(f"/studies/{room.study}/series?{query.partition('&')[0]}&SeriesInstanceUID=1.2.3") == []


def test_prior_studies_are_asked_by_tag_and_filtered_never_refused(room: Room) -> None:
    """An access rule for each document shortens the answer."""
    query = f"/studies?00100020={room.patient.ins}&{LIST}"
    assert len(room.get(query)) == 2
    hidden = next(each for each in room.patient.documents() if each["study_uid"] != room.study)
    labels = f"/documents/{hidden['id']}/labels"
    assert room.patient.call("PUT", labels, json=["MASQUE_PS"]).status_code == 200
    try:
        (study,) = room.get(query)
        assert value(study, "0020000D") == room.study
    finally:
        assert room.patient.call("PUT", labels, json=[]).status_code == 200
