"""QIDO-RS in a long record: each study once, whole wherever its documents lie, whatever the page."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.integration.operators import soon
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, bearer

STUDIES = 160
STUDY_UID, COUNT, CUSTODIAN = "0020000D", "00201208", "0040A07C"
STRUCTURED_REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
few_examples = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
Item = dict[str, Any]


def of(image: bytes, **changes: Any) -> bytes:
    """Another instance of the same study."""
    dataset = dcmread(BytesIO(image))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for name, value in changes.items():
        setattr(dataset, name, value)
    if "SOPClassUID" in changes:
        dataset.file_meta.MediaStorageSOPClassUID = changes["SOPClassUID"]
        for element in [*dataset.group_dataset(0x0028), dataset["PixelData"]]:
            del dataset[element.tag]
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def uid_of(item: Item) -> str:
    return str(item[STUDY_UID]["Value"][0])


def custodian(item: Item) -> str | None:
    found = item.get(CUSTODIAN)
    return found["Value"][0]["00080080"]["Value"][0] if found else None


class Archive:
    """Studies of a laboratory; last came a report on the oldest, and a hospital's images under its UID."""

    def __init__(self, coffre: Coffre) -> None:
        self.coffre = coffre
        self.patient = coffre.open_record()
        lab, hospital = coffre.depositor(LABORATORY), coffre.depositor(HOSPITAL)
        images = [self.patient.ct(slices=1, size=16, seed=20_000 + number)[0] for number in range(STUDIES)]
        self.oldest = str(dcmread(BytesIO(images[0])).StudyInstanceUID)
        self._deposit(lab, images[:1])
        self._deposit(lab, images[1:])
        report = {"SOPClassUID": STRUCTURED_REPORT, "SeriesInstanceUID": generate_uid(), "Modality": "SR"}
        self._deposit(lab, [of(images[0], **report)])
        self._deposit(hospital, [of(images[0]), of(images[0])])

    def _deposit(self, depositor: str, contents: list[bytes]) -> None:
        answer = self.coffre.stow(depositor, contents, self.patient.ins)
        assert answer.status_code in (200, 202), answer.text  # stored, the hospital's with a warning
        soon(lambda: self.coffre.submission(depositor, answer)["state"] == "published")

    def ask(self, query: str = "", token: str = "") -> list[Item]:
        path = f"/records/{self.patient.public_id}/dicomweb/studies?{query}"
        answer = self.coffre.http.get(path, headers=bearer(token or self.patient.token))
        assert answer.status_code == 200, answer.text
        found: list[Item] = answer.json()
        return found


@pytest.fixture(scope="module")
def archive(coffre: Coffre) -> Archive:
    return Archive(coffre)


@pytest.fixture(scope="module")
def whole(archive: Archive) -> list[Item]:
    return archive.ask()


def test_a_study_is_shown_whole_at_the_place_of_its_newest_document(
    archive: Archive, whole: list[Item]
) -> None:
    """The laboratory's report came after all other studies: its images lie on a later page of the record."""
    assert len(whole) == STUDIES + 1
    first, second = whole[:2]
    assert [uid_of(first), uid_of(second)] == [archive.oldest] * 2
    assert [custodian(first), custodian(second)] == [HOSPITAL, LABORATORY]
    assert [first[COUNT]["Value"], second[COUNT]["Value"]] == [[2], [2]]
    assert second["00080061"]["Value"] == ["CT", "SR"] and second["00201206"]["Value"] == [2]
    assert archive.oldest not in map(uid_of, whole[2:])
    assert not any(map(custodian, whole[2:]))


def test_a_study_that_is_named_is_the_same(archive: Archive, whole: list[Item]) -> None:
    assert archive.ask(f"StudyInstanceUID={archive.oldest}") == whole[:2]
    two = sorted({uid_of(each) for each in whole[1:3]})
    assert archive.ask(f"StudyInstanceUID={','.join(two)}") == whole[:3]
    assert archive.ask(f"StudyInstanceUID={two[0]},{two[0]},1.2.3")


@pytest.mark.requirement("R43")
@few_examples
@given(limit=st.integers(1, STUDIES + 5))
def test_pages_join_to_the_whole(archive: Archive, whole: list[Item], limit: int) -> None:
    pages = [archive.ask(f"limit={limit}&offset={offset}") for offset in range(0, len(whole), limit)]
    assert [each for page in pages for each in page] == whole
    assert {len(page) for page in pages[:-1]} <= {limit}


def test_what_is_searched_is_found_on_whatever_page_it_lies(archive: Archive, whole: list[Item]) -> None:
    reported = [each for each in whole if each["00201206"]["Value"] == [2]]
    assert archive.ask("NumberOfStudyRelatedSeries=2") == reported != []
    assert archive.ask("StudyDate=20260105&limit=5") == whole[:5]
    assert archive.ask("StudyDate=20250101-20250201") == []


def test_a_limit_of_nothing_is_decided_all_the_same(archive: Archive) -> None:
    before = archive.patient.log()[0]["seq"]
    assert archive.ask("limit=0") == []
    since = {each["action"] for each in archive.patient.log() if each["seq"] > before}
    assert since == {"search", "read_log"}


def test_a_search_is_one_line_however_far_it_reads(archive: Archive) -> None:
    for query in ("limit=3&offset=140", "NumberOfStudyRelatedSeries=7", "StudyDate=20260105&offset=100"):
        before = archive.patient.log()[0]["seq"]
        archive.ask(query)
        since = [each["action"] for each in archive.patient.log() if each["seq"] > before]
        assert since.count("search") == 1, query


def test_pages_hold_what_may_be_seen_and_no_word_of_the_rest(archive: Archive, whole: list[Item]) -> None:
    archive.patient.authorise()
    doctor = archive.coffre.professional()
    studies = {
        each["study_uid"]: each["id"]
        for each in archive.patient.call("GET", "/documents?limit=500").json()["documents"]
        if each["kind"] == "study"
    }
    hidden = {uid_of(each) for each in whole[2:120]}
    for uid in hidden:
        archive.patient.call("PUT", f"/documents/{studies[uid]}/labels", json=["MASQUE_PS"])
    expected = [each for each in whole if uid_of(each) not in hidden]
    pages = [archive.ask(f"limit=10&offset={offset}", doctor) for offset in range(0, len(expected), 10)]
    assert [each for page in pages for each in page] == expected
    assert archive.ask(f"limit=10&offset={len(expected)}", doctor) == []
    for uid in [*hidden][:3]:
        assert archive.ask(f"StudyInstanceUID={uid}", doctor) == archive.ask("StudyInstanceUID=1.2.3", doctor)
