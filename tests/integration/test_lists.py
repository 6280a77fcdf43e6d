"""Lists by the page: every document once, pages filled with what may be seen, no word of the rest."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffre.demonstration.files import data as demo_data
from tests.integration.support import HOSPITAL, STRANGER, Coffre, Patient, bearer, problem
from viewer_api.cursors import read_cursor, write_cursor

STUDIES = 230
DEFAULT, MOST = 100, 500
few_examples = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
Document = dict[str, Any]


@dataclass
class Reader:
    """Somebody who lists one record."""

    coffre: Coffre
    record: str
    token: str

    def ask(self, **query: object) -> httpx.Response:
        path = f"/records/{self.record}/documents"
        asked = urlencode(query, doseq=True)
        return self.coffre.http.get(f"{path}?{asked}" if asked else path, headers=bearer(self.token))

    def page(self, **query: object) -> dict[str, Any]:
        answer = self.ask(**query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def pages(self, **query: object) -> Iterator[dict[str, Any]]:
        page = self.page(**query)
        yield page
        while page["next"] is not None:
            page = self.page(after=page["next"], **query)
            yield page

    def whole(self, **query: object) -> list[Document]:
        return [each for page in self.pages(**{"limit": MOST, **query}) for each in page["documents"]]


def ids(documents: list[Document]) -> list[str]:
    return [each["id"] for each in documents]


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    """A record of many studies and a few reports between them."""
    patient = coffre.open_record()
    lab, hospital = coffre.depositor(), coffre.depositor(HOSPITAL)
    for part in range(2):
        numbers = range(part * STUDIES // 2, (part + 1) * STUDIES // 2)
        studies = [patient.ct(slices=1, size=16, seed=1000 + number)[0] for number in numbers]
        assert coffre.stow(lab, studies, patient.ins).status_code == 200
        for number in range(3):
            content = demo_data.report_pdf() + b"\n%%%d\n" % (3 * part + number)
            answer = coffre.publish_pdf(hospital, patient.ins, content)
            assert answer.status_code == 201, answer.text
    return patient


@pytest.fixture(scope="module")
def holder(coffre: Coffre, person: Patient) -> Reader:
    return Reader(coffre, str(person.public_id), person.token)


@pytest.fixture(scope="module")
def whole(holder: Reader) -> list[Document]:
    found = holder.whole()
    assert len(found) == STUDIES + 6
    assert len({*ids(found)}) == len(found)
    return found


@pytest.fixture(scope="module")
def masked(person: Patient, whole: list[Document]) -> set[str]:
    """Documents on both sides of where pages of ten and of a hundred would end, and a run of fifteen."""
    places = {9, 10, 19, 20, 21, 99, 100, 101, *range(150, 165), len(whole) - 1}
    found = {whole[place]["id"] for place in places}
    for document in found:
        answer = person.call("PUT", f"/documents/{document}/labels", json=["MASQUE_PS"])
        assert answer.status_code == 200, answer.text
    return found


@pytest.fixture(scope="module")
def doctor(coffre: Coffre, person: Patient, masked: set[str]) -> Reader:
    person.authorise()
    return Reader(coffre, str(person.public_id), coffre.professional())


@pytest.fixture(scope="module")
def visible(whole: list[Document], masked: set[str]) -> list[str]:
    return [each for each in ids(whole) if each not in masked]


class TestPages:
    def test_a_page_has_a_hundred_unless_asked_otherwise(self, holder: Reader, whole: list[Document]) -> None:
        page = holder.page()
        assert ids(page["documents"]) == ids(whole)[:DEFAULT]
        assert len(holder.page(limit=7)["documents"]) == 7

    def test_the_next_page_is_named_in_the_body_and_in_a_link(
        self, holder: Reader, whole: list[Document]
    ) -> None:
        """RFC 8288: a client that knows links needs no word of cursors. No identity stands in the address."""
        answer = Reader(holder.coffre, holder.record, holder.token).ask(limit=90, kind="study")
        found = re.fullmatch(r'<(/records/[^>]+)>; rel="next"', answer.headers["link"])
        assert found is not None
        path = found[1]
        assert urlsplit(path).path == f"/records/{holder.record}/documents"
        following = holder.coffre.http.get(path, headers=bearer(holder.token)).json()
        assert following == holder.page(limit=90, kind="study", after=answer.json()["next"])

    def test_an_ins_in_the_address_is_not_in_the_link(self, person: Patient, holder: Reader) -> None:
        answer = person.call("GET", "/documents?limit=3")
        assert person.ins not in answer.headers["link"]
        assert holder.record in answer.headers["link"]

    def test_the_last_page_names_none(self, holder: Reader, whole: list[Document]) -> None:
        last = holder.ask(limit=MOST)
        assert (last.json()["next"], "link" in last.headers) == (None, False)
        *_, end = holder.pages(limit=len(whole) // 2)
        assert end["next"] is None and end["documents"]

    @few_examples
    @given(limit=st.integers(20, MOST), of_doctor=st.booleans())
    def test_page_by_page_is_the_whole(
        self,
        holder: Reader,
        doctor: Reader,
        whole: list[Document],
        visible: list[str],
        limit: int,
        of_doctor: bool,
    ) -> None:
        reader, expected = (doctor, visible) if of_doctor else (holder, ids(whole))
        pages = [ids(page["documents"]) for page in reader.pages(limit=limit)]
        assert [each for page in pages for each in page] == expected
        assert {len(page) for page in pages[:-1]} <= {limit}

    def test_pages_of_one(self, doctor: Reader, visible: list[str]) -> None:
        pages = doctor.pages(limit=1)
        assert [ids(next(pages)["documents"]) for _ in range(12)] == [[each] for each in visible[:12]]

    def test_every_page_is_an_access_of_its_own(self, person: Patient, doctor: Reader) -> None:
        before = person.log()[0]["seq"]
        list(doctor.pages(limit=100))
        lines = [each for each in person.log() if each["seq"] > before and each["action"] == "search"]
        assert [each["documents"] for each in lines] == ["12", "100", "100"]


class TestFilters:
    @pytest.mark.parametrize("kind", ["study", "document"])
    def test_kinds(self, holder: Reader, whole: list[Document], kind: str) -> None:
        expected = [each["id"] for each in whole if each["kind"] == kind]
        assert ids(holder.whole(kind=kind, limit=40)) == expected
        assert ids(holder.whole(kind=["study", "document"])) == ids(whole)

    def test_types(self, holder: Reader, whole: list[Document]) -> None:
        reports = [each["id"] for each in whole if each["type"] == "18748-4"]
        assert len(reports) == 6
        assert ids(holder.whole(type="18748-4", limit=4)) == reports
        assert ids(holder.whole(type=["18748-4", "IMG-KOS"])) == ids(whole)
        assert holder.whole(type="nothing") == []

    def test_the_date_of_the_document_itself(self, holder: Reader, whole: list[Document]) -> None:
        dated = [each["id"] for each in whole if each["date"] == "2026-01-05"]
        assert len(dated) == STUDIES
        for period in (
            {"from": "2026-01-05", "to": "2026-01-05"},
            {"from": "2026-01-01"},
            {"from": "2025-12-31", "to": "2026-01-06"},
        ):
            assert ids(holder.whole(**period)) == dated
        assert holder.whole(**{"from": "2026-01-06"}) == holder.whole(to="2026-01-04") == []

    def test_received_since(self, holder: Reader, whole: list[Document]) -> None:
        assert holder.whole(since=int(time.time()) + 3600) == []
        assert ids(holder.whole(since=0)) == ids(whole)

    def test_together_and_with_what_is_hidden(
        self, doctor: Reader, whole: list[Document], visible: list[str]
    ) -> None:
        reports = {each["id"] for each in whole if each["kind"] == "document"}
        asked = {"kind": "document", "type": "18748-4", "limit": 2}
        pages = [ids(page["documents"]) for page in doctor.pages(**asked)]
        expected = [each for each in visible if each in reports]
        assert [each for page in pages for each in page] == expected
        assert {len(page) for page in pages[:-1]} == {2}

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({"after": "x"}, 400, "bad_cursor"),
            ({"after": ""}, 400, "bad_cursor"),
            ({"after": "Ag" * 17}, 400, "bad_cursor"),
            ({"from": "2026-13-01"}, 400, "bad_period"),
            ({"from": "20260101"}, 400, "bad_period"),
            ({"to": "٢٠٢٦-٠١-٠١"}, 400, "bad_period"),
            ({"from": "2026-01-02", "to": "2026-01-01"}, 400, "bad_period"),
            ({"limit": "0"}, 422, "bad_request"),
            ({"limit": "501"}, 422, "bad_request"),
            ({"limit": "²"}, 422, "bad_request"),
            ({"since": "yesterday"}, 422, "bad_request"),
            ({"kind": "folder"}, 422, "bad_request"),
        ],
    )
    def test_what_is_none_is_refused_whoever_asks(
        self, coffre: Coffre, holder: Reader, query: dict[str, str], status: int, code: str
    ) -> None:
        stranger = Reader(coffre, holder.record, coffre.professional(STRANGER))
        answers = [reader.ask(**query) for reader in (holder, stranger)]
        assert [(each.status_code, problem(each)) for each in answers] == [(status, code)] * 2


class TestNothingOfWhatIsHidden:
    def test_a_page_is_filled_with_what_may_be_seen(self, doctor: Reader, visible: list[str]) -> None:
        for limit in (10, 100):
            assert ids(doctor.page(limit=limit)["documents"]) == visible[:limit]

    def test_cursors_name_what_was_shown(self, doctor: Reader) -> None:
        for page in doctor.pages(limit=10):
            if page["next"] is not None:
                key = read_cursor(page["next"])
                assert key is not None and str(key[1]) == page["documents"][-1]["id"]

    def test_the_last_that_may_be_seen_ends_the_list(
        self, doctor: Reader, whole: list[Document], masked: set[str]
    ) -> None:
        """The oldest document of the record is masked: no cursor leads to an empty page behind it."""
        assert ids(whole)[-1] in masked
        *_, last = doctor.pages(limit=11)
        assert last["documents"]
        seen = len(doctor.whole())
        assert doctor.page(limit=seen)["next"] is None

    @few_examples
    @given(data=st.data())
    def test_no_cursor_shows_more(
        self, doctor: Reader, holder: Reader, visible: list[str], data: st.DataObject
    ) -> None:
        """Of a masked document, of none, of any instant: what follows it in the list, and that alone."""
        keys = [read_cursor(page["next"]) for page in holder.pages(limit=29) if page["next"]]
        known = st.sampled_from([key for key in keys if key])
        anything = st.tuples(st.integers(0, 2**63 - 1), st.uuids())
        at, document_id = data.draw(known | anything | known.map(lambda key: (key[0], UUID(int=0))))
        shown = doctor.whole(after=write_cursor((at, document_id)))
        everything = doctor.whole()
        assert ids(shown) == visible[len(everything) - len(shown) :]

    def test_one_of_many(self, coffre: Coffre, person: Patient, whole: list[Document]) -> None:
        """All is masked but one report; what a structure deposited itself is no secret to it (R20)."""
        hospital = coffre.professional("899700077771", HOSPITAL)
        assert (
            person.call("POST", "/authorisations", json={"professional": "899700077771"}).status_code == 201
        )
        reports = [each["id"] for each in whole if each["kind"] == "document"]
        for each in whole:
            if each["kind"] == "study" or each["id"] != reports[2]:
                person.call("PUT", f"/documents/{each['id']}/labels", json=["MASQUE_PS"])
        reader = Reader(coffre, str(person.public_id), coffre.professional())
        for limit in (1, 100):
            page = reader.page(limit=limit)
            assert (ids(page["documents"]), page["next"]) == ([reports[2]], None)
        assert reader.page(kind="study")["documents"] == []
        assert ids(Reader(coffre, str(person.public_id), hospital).whole()) == reports


class TestMeanwhile:
    @pytest.fixture
    def lately(self, coffre: Coffre) -> tuple[Patient, Reader]:
        patient = coffre.open_record()
        studies = [patient.ct(slices=1, size=16, seed=5000 + number)[0] for number in range(30)]
        assert coffre.stow(coffre.depositor(), studies, patient.ins).status_code == 200
        patient.authorise()
        return patient, Reader(coffre, str(patient.public_id), coffre.professional())

    def test_what_comes_meanwhile_moves_nothing(self, coffre: Coffre, lately: tuple[Patient, Reader]) -> None:
        patient, reader = lately
        before = ids(reader.whole())
        seen, cursor = [], None
        for number in range(3):
            page = reader.page(limit=10, **({"after": cursor} if cursor else {}))
            seen += ids(page["documents"])
            cursor = page["next"]
            more = patient.ct(slices=1, size=16, seed=6000 + number)
            assert coffre.stow(coffre.depositor(), more, patient.ins).status_code == 200
        assert (seen, cursor) == (before, None)
        assert len(reader.whole()) == 33

    def test_what_is_masked_meanwhile_is_gone_and_nothing_else(self, lately: tuple[Patient, Reader]) -> None:
        """Even the document that the cursor names."""
        patient, reader = lately
        before = ids(reader.whole())
        first = reader.page(limit=10)
        for place in (3, 9, 10, 15):
            patient.call("PUT", f"/documents/{before[place]}/labels", json=["MASQUE_PS"])
        following = reader.page(limit=10, after=first["next"])
        last = reader.page(limit=10, after=following["next"])
        assert ids(following["documents"] + last["documents"]) == [
            each for each in before[10:] if each not in (before[10], before[15])
        ]
