"""What a search for studies, series or instances names and finds (PS3.18 section 10.6)."""

from datetime import date
from uuid import UUID

import pytest

from records.documents.facts import DocumentFacts
from records.documents.summaries import DocumentSummary, SeriesSummary
from records.documents.summaries_json import summary_from_json, summary_to_json
from records.errors import CoffreError
from records.filters import DocumentFilter, day_of
from records.imaging.attributes import Level
from records.imaging.items import CUSTODIAN, may_hold, studies_found
from records.imaging.search import ImagingSearch
from records.imaging.studies import ImagingDocument, Study
from records.vocabulary.codes import DocumentState

SUMMARY = DocumentSummary(
    title="CT",
    date="2024-03-31",
    study_uid="1.2.3",
    attributes={"00080050": {"vr": "SH", "Value": ["ACC1"]}, "0020000D": {"vr": "UI", "Value": ["1.2.3"]}},
    series=(
        SeriesSummary(uid="1.2.3.1", modality="CT", instances=3),
        SeriesSummary(uid="1.2.3.2", instances=2),
    ),
)


def study(*summaries: DocumentSummary, shared: bool = False) -> Study:
    documents = (ImagingDocument(UUID(int=n), "1750000001", n, each) for n, each in enumerate(summaries))
    return Study(tuple(documents), shared)


def search(level: Level = Level.STUDY, **asked: str) -> ImagingSearch:
    return ImagingSearch(level, {path.removeprefix("p"): (text,) for path, text in asked.items()})


class TestFound:
    def test_a_study_counts_what_its_reader_sees(self) -> None:
        [(_, found)] = studies_found([study(SUMMARY)], search(p00080050="ACC1").conditions)
        assert found.whole["00201206"]["Value"] == [2]
        assert found.whole["00201208"]["Value"] == [5]
        assert found.whole["00080061"]["Value"] == ["CT"]
        assert CUSTODIAN not in found.whole

    def test_a_series_of_several_documents_is_one(self) -> None:
        [(_, found)] = studies_found([study(SUMMARY, SUMMARY)], search().conditions)
        assert found.whole["00201206"]["Value"] == [2]
        assert found.whole["00201208"]["Value"] == [10]

    def test_where_a_uid_alone_says_not_whose_it_names_the_structure(self) -> None:
        [(_, found)] = studies_found([study(SUMMARY, shared=True)], search().conditions)
        assert found.whole[CUSTODIAN]["Value"][0]["00080080"]["Value"] == ["1750000001"]

    def test_another_number_finds_nothing(self) -> None:
        assert not [*studies_found([study(SUMMARY)], search(p00080050="ACC2").conditions)]

    @pytest.mark.parametrize(
        ("path", "text", "may"),
        [
            ("p00080060", "CT", True),
            ("p00080060", "MR", False),
            ("p0020000E", "1.2.3.2", True),
            ("p0020000E", "1.9", False),
            ("p0008103E", "Thorax", True),
        ],
    )
    def test_what_no_summary_can_hold_is_not_opened(self, path: str, text: str, may: bool) -> None:
        assert may_hold(study(SUMMARY), search(Level.SERIES, **{path: text}).conditions) is may


class TestNamed:
    def test_by_the_address_or_by_its_uid(self) -> None:
        assert ImagingSearch(Level.SERIES, study="1.2.3").named == ("1.2.3",)
        assert ImagingSearch(Level.STUDY, {"0020000D": ("1.2.3", "1.2.4", "1.2.3")}).named == (
            "1.2.3",
            "1.2.4",
        )
        assert search(p0020000D="*").named is None
        assert search().named is None
        assert ImagingSearch(Level.STUDY, {"0020000D": tuple(map(str, range(101)))}).named is None

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"0020000D": ("1.2.3",)}, ("study", ("1.2.3",))),
            ({"00080018": ("1.2.3.4",)}, ("sop", ("1.2.3.4",))),
            ({"00080050": ("ACC1",)}, ("accession", ("ACC1",))),
            ({"00080050": ("ACC*",)}, None),
            ({"00080050": ("AC?1",)}, None),
            ({"00080020": ("20240331",)}, ("study_day", ("2024-03-31",))),
            ({"00080020": ("20240330-20240331",)}, None),
            ({}, None),
        ],
    )
    def test_by_what_a_depositor_finds_its_own(
        self, asked: dict[str, tuple[str, ...]], found: tuple[str, tuple[str, ...]] | None
    ) -> None:
        assert ImagingSearch(Level.STUDY, asked).found_by == found

    def test_a_series_in_the_address_is_a_condition(self) -> None:
        asked = ImagingSearch(Level.INSTANCE, study="1.2.3", series="1.2.3.1").conditions
        assert asked.hold({"0020000E": {"vr": "UI", "Value": ["1.2.3.1"]}})
        assert not asked.hold({"0020000E": {"vr": "UI", "Value": ["1.2.3.2"]}})


class TestFilters:
    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("20240331", date(2024, 3, 31)),
            ("2024-03-31T09:30:00Z", date(2024, 3, 31)),
            ("2024.03.31", date(2024, 3, 31)),
            ("2024-03", None),
            ("20240230", None),
            ("٢٠٢٤٠٣٣١", None),
            (None, None),
        ],
    )
    def test_the_day_of_a_date(self, text: str | None, day: date | None) -> None:
        assert day_of(text) == day

    def test_both_days_belong_to_a_range(self) -> None:
        assert DocumentFilter(first=date(2024, 3, 31), last=date(2024, 3, 31)).takes_date(SUMMARY)
        assert not DocumentFilter(first=date(2024, 4, 1)).takes_date(SUMMARY)
        assert not DocumentFilter(last=date(2024, 3, 30)).takes_date(SUMMARY)
        assert not DocumentFilter(last=date(2024, 3, 30)).takes_date(DocumentSummary())
        assert DocumentFilter().takes_date(DocumentSummary())

    def test_kind_and_type_are_both_asked(self) -> None:
        facts = DocumentFacts(
            UUID(int=1), "study", "18748-4", "1750000001", "", frozenset(), DocumentState.APPROVED
        )
        assert DocumentFilter(kinds=frozenset({"study"}), type_codes=frozenset({"18748-4"})).takes_facts(
            facts
        )
        assert not DocumentFilter(kinds=frozenset({"document"})).takes_facts(facts)
        assert not DocumentFilter(type_codes=frozenset({"11502-2"})).takes_facts(facts)


class TestSummariesAsTheyAreSealed:
    def test_are_read_as_they_were_written(self) -> None:
        assert summary_from_json(summary_to_json(SUMMARY)) == SUMMARY

    @pytest.mark.parametrize(
        "damage", [{"series": [["1.2"]]}, {"series": 1}, {"file": {}}, {"warnings": None}]
    )
    def test_another_form_is_told_as_damaged(self, damage: dict[str, object]) -> None:
        with pytest.raises(CoffreError) as refused:
            summary_from_json({**summary_to_json(SUMMARY), **damage})
        assert refused.value.code == "details_damaged"
