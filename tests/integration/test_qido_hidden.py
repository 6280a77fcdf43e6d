"""No search tells of what is hidden: an answer is that of a record in which it was never deposited.

Compared byte for byte, but for what names the record itself: its public id and its holder's INS.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.integration.operators import soon
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, Patient, bearer
from tests.integration.test_qido_pages import STRUCTURED_REPORT, of

COLLEAGUE = "899700021210"
DAYS = ("20260105", "20260106", "20251224")
TOLD = ("content-type", "content-length", "warning", "link")
many = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def named_for(content: bytes, ins: str) -> bytes:
    dataset = dcmread(BytesIO(content))
    dataset.PatientID = ins
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


class Twins:
    """Two records of equal content; in one there is more, which the doctor may not see."""

    def __init__(self, coffre: Coffre) -> None:
        self.coffre = coffre
        self.full, self.bare = coffre.open_record(), coffre.open_record()
        self.lab, self.hospital = coffre.depositor(LABORATORY), coffre.depositor(HOSPITAL)
        made = [self.full.ct(slices=2, size=16, seed=30_000 + number) for number in range(5)]
        images = [
            [of(one, StudyDate=day) for one in study] for study, day in zip(made, DAYS * 2, strict=False)
        ]
        self.uids = [str(dcmread(BytesIO(study[0])).StudyInstanceUID) for study in images]
        report = {"SOPClassUID": STRUCTURED_REPORT, "SeriesInstanceUID": generate_uid(), "Modality": "SR"}
        self._deposit(self.lab, images[0])
        self._hide(self.lab, images[1])
        self._deposit(self.lab, images[2])
        self._hide(self.lab, [of(images[0][0], **report)])  # the newest document of a study that is shown
        self._deposit(self.hospital, images[3])
        # another structure's, under a UID that is shown; images there would be copies, hidden together (R20)
        self._hide(self.hospital, [of(images[2][0], **{**report, "SeriesInstanceUID": generate_uid()})])
        self._deposit(self.lab, images[4])
        for patient in (self.full, self.bare):
            patient.authorise(COLLEAGUE)
        self.doctor = coffre.professional(COLLEAGUE)

    def _deposit(self, depositor: str, contents: list[bytes]) -> None:
        for patient in (self.full, self.bare):
            self._stow(depositor, contents, patient)

    def _hide(self, depositor: str, contents: list[bytes]) -> None:
        before = {each["id"] for each in self.full.documents()}
        self._stow(depositor, contents, self.full)
        (hidden,) = {each["id"] for each in self.full.documents()} - before
        labelled = self.full.call("PUT", f"/documents/{hidden}/labels", json=["MASQUE_PS"])
        assert labelled.status_code == 200

    def _stow(self, depositor: str, contents: list[bytes], patient: Patient) -> None:
        mine = [named_for(content, patient.ins) for content in contents]
        answer = self.coffre.stow(depositor, mine, patient.ins)
        assert answer.status_code in (200, 202), answer.text
        soon(lambda: self.coffre.submission(depositor, answer)["state"] == "published")

    def answer(self, patient: Patient, address: str) -> tuple[int, str, dict[str, str]]:
        found = self.coffre.http.get(address, headers=bearer(self.doctor))

        def plain(text: str) -> str:
            return text.replace(str(patient.public_id), "RECORD").replace(patient.ins, "INS")

        headers = {name: plain(found.headers[name]) for name in TOLD if name in found.headers}
        return found.status_code, plain(found.text), headers


@pytest.fixture(scope="module")
def twins(coffre: Coffre) -> Twins:
    return Twins(coffre)


def filters(uids: list[str]) -> st.SearchStrategy[tuple[str, str]]:
    uid = st.sampled_from([*uids, "1.2.3"])
    return st.one_of(
        st.tuples(st.just("StudyInstanceUID"), st.lists(uid, min_size=1, max_size=3).map(",".join)),
        st.tuples(st.just("StudyDate"), st.sampled_from([*DAYS, "20260101-", "-20260105", "hier"])),
        st.tuples(st.just("ModalitiesInStudy"), st.sampled_from(["CT", "SR", "CT,SR", "?R"])),
        st.tuples(st.just("Modality"), st.sampled_from(["CT", "SR", "*"])),
        st.tuples(st.just("00201206"), st.sampled_from("123")),
        st.tuples(st.just("NumberOfStudyRelatedInstances"), st.sampled_from("12345")),
        st.tuples(st.just("NumberOfSeriesRelatedInstances"), st.sampled_from("123")),
        st.tuples(st.just("PatientName"), st.sampled_from(["*LEF*", "lefevre", "DUPONT"])),
        st.tuples(st.just("InstanceNumber"), st.sampled_from("123")),
        st.tuples(st.just("SOPClassUID"), st.just(STRUCTURED_REPORT)),
        st.tuples(st.just("limit"), st.integers(0, 6).map(str)),
        st.tuples(st.just("offset"), st.integers(0, 8).map(str)),
        st.tuples(st.just("fuzzymatching"), st.sampled_from(["true", "false"])),
        st.tuples(st.just("includefield"), st.sampled_from(["all", "StudyDescription", "0040A07C"])),
    )


@many
@given(data=st.data())
def test_an_answer_is_that_of_a_record_without_it(twins: Twins, data: st.DataObject) -> None:
    resource = data.draw(st.sampled_from(["studies", "series", "instances", "below"]))
    if resource == "below":
        study = data.draw(st.sampled_from(twins.uids))
        resource = f"studies/{study}/{data.draw(st.sampled_from(['series', 'instances']))}"
    query = data.draw(st.lists(filters(twins.uids), max_size=4))
    address: Callable[[Patient], str] = lambda patient: (  # noqa: E731
        f"/records/{patient.public_id}/dicomweb/{resource}?{urlencode(query)}"
    )
    full, bare = (twins.answer(each, address(each)) for each in (twins.full, twins.bare))
    assert full == bare


def test_what_is_compared_differs_for_who_sees_all(twins: Twins) -> None:
    """Else the test above would show nothing."""
    counts: list[Any] = []
    for patient in (twins.full, twins.bare):
        answer = patient.call("GET", "/dicomweb/instances")
        counts.append(len(answer.json()))
    assert counts == [12, 8]
