"""The details of a document from its parts: what a list shows, by the standards' levels, without content."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.envelope import Declared
from ingestion.grouping import InspectedPart, groups_of
from ingestion.worker.details import (
    INSTANCE_TAGS,
    MOST_REQUESTS,
    SERIES_TAGS,
    STUDY_TAGS,
    Deposit,
    document_details,
    pick,
    study_details,
)
from records.documents.details import DICOM, DocumentDetails, Place, SetAside
from records.documents.details_json import from_json, to_json
from records.vocabulary.document_types import DOCUMENT_TYPES
from tests.unit.ingestion.parts import (
    JPEG,
    KEY_OBJECTS,
    SET_ASIDE,
    STRUCTURED_REPORT,
    dicom_part,
    pdf_part,
    typed,
)

PACK, SUBMISSION = UUID(int=1), UUID(int=2)
DEPOSIT = Deposit(1_700_000_000, "1750000001", SUBMISSION)
TITLE, MEANING, CONCEPT_NAME = "00420010", "00080104", "0040A043"


def of_study(*parts: InspectedPart) -> DocumentDetails:
    (group,) = groups_of(parts, typed())
    offsets = {part.number: 100 * part.number for part in parts}
    blobs = {uid: UUID(int=10 + at) for at, (uid, _) in enumerate(group.series())}
    return study_details(group, DEPOSIT, pack=PACK, offsets=offsets, series_blobs=blobs)


def of_document(
    part: InspectedPart, declared: Declared | None = None, set_aside: SetAside | None = None
) -> DocumentDetails:
    declared = declared or Declared()
    (group,) = groups_of([part], typed(declared.type_code))
    return document_details(
        group, DEPOSIT, pack=PACK, offsets={part.number: 7}, declared=declared, set_aside=set_aside
    )


def text(vr: str, value: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


class TestStudy:
    def test_says_what_its_deposit_and_its_first_instance_say(self) -> None:
        first = dicom_part(1, accession="A-1", local_id="4711", description="Scanner thoracique")
        found = of_study(first, dicom_part(2))
        assert (found.kind, found.type_code) == ("study", "IMG-KOS")
        assert found.class_code == DOCUMENT_TYPES["IMG-KOS"].class_code
        assert (found.title, found.date) == ("Scanner thoracique", "2024-05-02")
        assert (found.structure, found.received) == ("1750000001", 1_700_000_000)
        assert found.submission == str(SUBMISSION)
        assert found.study is not None
        assert (found.study_uid, found.study.time) == ("1.2", "10:20:30")
        assert (found.study.accession, found.study.local_id) == ("A-1", "4711")
        assert (found.content, found.file, found.set_aside) == (None, None, None)

    def test_each_series_has_its_instances_with_their_places_in_the_pack(self) -> None:
        parts = [
            dicom_part(1, sop="1.2.1.9", series="1.2.1", length=40, counted=3),
            dicom_part(2, sop="1.2.2.9", series="1.2.2", modality="SR", length=60),
        ]
        one, two = of_study(*parts).series
        assert (one.uid, one.metadata_blob, one.modality) == ("1.2.1", UUID(int=10), "CT")
        assert (two.uid, two.metadata_blob, two.modality) == ("1.2.2", UUID(int=11), "SR")
        (instance,) = one.instances
        assert (instance.sop, instance.transfer_syntax, instance.frames) == ("1.2.1.9", JPEG, 3)
        assert instance.place == Place(PACK, 100, 40, parts[0].sha256)
        assert two.instances[0].place == Place(PACK, 200, 60, parts[1].sha256)

    def test_modalities_and_warnings_stand_once_in_order(self) -> None:
        found = of_study(
            dicom_part(1, modality="PT", warnings=("trailing_zeros", "other_sex")),
            dicom_part(2, modality="CT", warnings=("other_sex",)),
            dicom_part(3, modality="PT"),
            dicom_part(4, modality=None),
        )
        assert found.study is not None
        assert found.study.modalities == ("CT", "PT")
        assert found.warnings == ("other_sex", "trailing_zeros")

    def test_each_level_keeps_its_own_attributes(self) -> None:
        everything = {tag: text("LO", tag) for tag in (*STUDY_TAGS, *SERIES_TAGS, *INSTANCE_TAGS)}
        found = of_study(dicom_part(1, dicom=everything | {"00081080": text("LO", "a diagnosis")}))
        assert found.study is not None
        assert list(found.study.attributes) == STUDY_TAGS
        assert list(found.series[0].attributes) == SERIES_TAGS
        assert list(found.series[0].instances[0].attributes) == INSTANCE_TAGS

    def test_requests_keep_two_numbers_each_and_are_bounded(self) -> None:
        step, procedure, reason = ("00400009", "00401001", "00401002")
        item = {tag: text("SH", "R-1") for tag in (step, procedure, reason)}
        sequence = {"00400275": {"vr": "SQ", "Value": [item, {reason: text("LO", "why")}] * MOST_REQUESTS}}
        (series,) = of_study(dicom_part(1, dicom=sequence)).series
        kept = series.attributes["00400275"]["Value"]
        assert kept == [{tag: text("SH", "R-1") for tag in (step, procedure)}] * (MOST_REQUESTS // 2)

    @pytest.mark.parametrize("element", [{"vr": "LO", "Value": ["no sequence"]}, {"vr": "SQ"}])
    def test_what_is_no_sequence_of_requests_is_left_out(self, element: Mapping[str, Any]) -> None:
        (series,) = of_study(dicom_part(1, dicom={"00400275": element})).series
        assert series.attributes == {}

    @pytest.mark.parametrize(
        ("description", "modality", "title"),
        [
            ("Scanner", "CT", "Scanner"),
            (None, "CT", "Imagerie CT"),
            ("", "CT", "Imagerie CT"),
            (None, None, "Imagerie"),
        ],
    )
    def test_its_title_is_its_description(
        self, description: str | None, modality: str | None, title: str
    ) -> None:
        assert of_study(dicom_part(1, description=description, modality=modality)).title == title


class TestObjectOfItsOwn:
    """A report or key object: the levels of a study, and where its bytes lie."""

    def test_has_both_study_and_content(self) -> None:
        part = dicom_part(1, sop_class=STRUCTURED_REPORT, length=30)
        found = of_study(part)
        assert (found.kind, found.type_code, found.study_uid) == ("document", "18748-4", "1.2")
        assert found.content is not None
        assert found.content.place == Place(PACK, 100, 30, part.sha256)
        assert found.media_type == DICOM

    @pytest.mark.parametrize(
        ("dicom", "description", "title"),
        [
            ({TITLE: text("ST", " Compte rendu ")}, "Scanner", "Compte rendu"),
            ({CONCEPT_NAME: text("SQ", {MEANING: text("LO", "Rapport")})}, "Scanner", "Rapport"),
            ({TITLE: text("ST", "Own"), CONCEPT_NAME: text("SQ", {MEANING: text("LO", "B")})}, None, "Own"),
            ({TITLE: text("ST", "  "), CONCEPT_NAME: {"vr": "SQ"}}, "Scanner", "Scanner"),
            ({TITLE: {"vr": "ST", "Value": [None]}}, "Scanner", "Scanner"),
            ({}, None, DOCUMENT_TYPES["18748-4"].display),
        ],
    )
    def test_is_called_what_it_calls_itself(
        self, dicom: Mapping[str, Any], description: str | None, title: str
    ) -> None:
        part = dicom_part(1, sop_class=STRUCTURED_REPORT, dicom=dicom, description=description)
        assert of_study(part).title == title

    def test_key_objects_are_of_the_type_of_images(self) -> None:
        assert of_study(dicom_part(1, sop_class=KEY_OBJECTS)).type_code == "IMG-KOS"


class TestFile:
    def test_says_what_its_sender_declared_and_what_was_found(self) -> None:
        declared = Declared(
            type_code="11502-2",
            title="Bilan",
            date="2024-05-01",
            authors=("Dr A", "Dr B"),
            fhir={"language": "fr"},
        )
        found = of_document(pdf_part(1, length=30, warnings=("b", "a")), declared)
        assert (found.kind, found.type_code, found.title) == ("document", "11502-2", "Bilan")
        assert found.class_code == DOCUMENT_TYPES["11502-2"].class_code
        assert (found.date, found.warnings, found.study) == ("2024-05-01", ("a", "b"), None)
        assert found.content is not None
        assert found.content.place == Place(PACK, 7, 30, pdf_part(1).sha256)
        assert found.media_type == "application/pdf"
        assert found.file is not None
        assert (found.file.authors, found.file.fhir) == (("Dr A", "Dr B"), {"language": "fr"})
        assert (found.file.size, found.file.pages, found.file.pdfa) == (30, 3, "1b")

    def test_without_a_title_it_is_called_by_its_type(self) -> None:
        assert of_document(pdf_part(1)).title == DOCUMENT_TYPES["18748-4"].display

    def test_what_is_set_aside_keeps_what_its_discharge_has_to_know(self) -> None:
        aside = SetAside(kind="dicom", document=None)
        found = of_document(dicom_part(1, judgement=SET_ASIDE, record=None, length=5), set_aside=aside)
        assert (found.title, found.type_code, found.class_code) == ("Document", "", "")
        assert (found.set_aside, found.study) == (aside, None)
        assert found.media_type == DICOM
        assert found.file is not None
        assert (found.file.size, found.file.pages) == (5, None)


def test_pick_keeps_the_order_of_the_tags_and_adds_none() -> None:
    assert list(pick({"b": 1, "a": 2, "c": 3}, ["a", "x", "b"])) == ["a", "b"]


short = st.none() | st.text(max_size=8)


@given(
    st.lists(
        st.builds(
            dict,
            series=st.sampled_from(["1.2.1", "1.2.2", "1.2.3"]),
            modality=short,
            description=short,
            accession=short,
            local_id=short,
            counted=st.none() | st.integers(1, 5),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_details_are_read_as_they_were_written(found: list[dict[str, Any]]) -> None:
    details = of_study(*(dicom_part(number, **facts) for number, facts in enumerate(found, start=1)))
    assert to_json(from_json(to_json(details))) == to_json(details)
    assert sum(len(series.instances) for series in details.series) == len(found)
