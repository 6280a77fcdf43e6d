"""Which parts become one document: the images of one study in one record; everything else stands alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.grouping import TYPE_REPORT, Group, InspectedPart, groups_of
from ingestion.outcomes import PartOutcome
from records.vocabulary.document_types import STUDY_TYPE
from tests.unit.ingestion.parts import (
    CT_IMAGE,
    DUPLICATE,
    ENCAPSULATED_PDF,
    KEY_OBJECTS,
    OTHER_RECORD,
    PUBLISHED,
    RECORD,
    REFUSED,
    SET_ASIDE,
    STRUCTURED_REPORT,
    dicom_part,
    pdf_part,
    typed,
)


def numbers(groups: list[Group]) -> list[list[int]]:
    return [[part.number for part in group.parts] for group in groups]


def test_images_of_one_study_are_one_document_whatever_their_series() -> None:
    (group,) = groups_of([dicom_part(1, series="1.2.1"), dicom_part(2, series="1.2.2")], typed())
    assert (group.record, group.kind, group.type_code, group.study_uid) == (
        RECORD,
        "study",
        STUDY_TYPE,
        "1.2",
    )
    assert [(uid, [part.number for part in parts]) for uid, parts in group.series()] == [
        ("1.2.1", [1]),
        ("1.2.2", [2]),
    ]


def test_another_study_and_another_record_are_other_documents() -> None:
    """One Study Instance UID in the records of two patients is two documents."""
    parts = [
        dicom_part(1, study="1.2"),
        dicom_part(2, study="1.3"),
        dicom_part(3, study="1.2", record=OTHER_RECORD),
        dicom_part(4, study="1.2"),
    ]
    assert numbers(groups_of(parts, typed())) == [[1, 4], [2], [3]]


@pytest.mark.parametrize(
    ("sop_class", "kind", "type_code"),
    [
        (CT_IMAGE, "study", STUDY_TYPE),
        (STRUCTURED_REPORT, "document", TYPE_REPORT),
        (ENCAPSULATED_PDF, "document", TYPE_REPORT),
        (KEY_OBJECTS, "document", STUDY_TYPE),
    ],
)
def test_the_sop_class_gives_kind_and_type_of_what_is_dicom(
    sop_class: str, kind: str, type_code: str
) -> None:
    """The declared type is of a document that comes alone; DICOM says itself what it is."""
    (group,) = groups_of([dicom_part(1, sop_class=sop_class)], typed("11502-2"))
    assert (group.kind, group.type_code) == (kind, type_code)


def test_a_report_within_a_study_is_a_document_of_its_own() -> None:
    parts = [dicom_part(1), dicom_part(2, sop_class=STRUCTURED_REPORT), dicom_part(3, sop_class=KEY_OBJECTS)]
    groups = groups_of([*parts, dicom_part(4)], typed())
    assert numbers(groups) == [[1, 4], [2], [3]]
    assert {group.study_uid for group in groups} == {"1.2"}


@pytest.mark.parametrize(("declared", "type_code"), [("11502-2", "11502-2"), (None, TYPE_REPORT)])
def test_a_pdf_is_of_the_type_that_was_declared(declared: str | None, type_code: str) -> None:
    (group,) = groups_of([pdf_part(1)], typed(declared))
    assert (group.kind, group.type_code, group.study_uid) == ("document", type_code, None)
    assert group.series() == []


def test_what_is_set_aside_lies_part_by_part_and_belongs_to_nobody() -> None:
    """Two operators decide on each by itself; it has no type, since nobody reads it by one."""
    parts = [dicom_part(number, judgement=SET_ASIDE, record=None) for number in (1, 2)]
    groups = groups_of([*parts, dicom_part(3)], typed("11502-2"))
    assert numbers(groups) == [[1], [2], [3]]
    assert [(each.record, each.kind, each.type_code) for each in groups[:2]] == [(None, "document", "")] * 2


def test_a_part_that_names_a_record_and_is_set_aside_does_not_reach_it() -> None:
    (group,) = groups_of([dicom_part(1, judgement=SET_ASIDE, record=RECORD)], typed())
    assert group.record is None


def test_what_is_refused_or_known_is_in_no_document() -> None:
    parts = [dicom_part(1, judgement=REFUSED), dicom_part(2, judgement=DUPLICATE), dicom_part(3)]
    assert numbers(groups_of(parts, typed())) == [[3]]


def test_only_dicom_has_facts_of_dicom() -> None:
    with pytest.raises(TypeError):
        _ = pdf_part(1).dicom
    assert dicom_part(1).pdf is None
    assert (dicom_part(1).media_type, pdf_part(1).media_type) == ("application/dicom", "application/pdf")
    without = InspectedPart(1, 0, 4, bytes(32), REFUSED)
    assert (without.media_type, without.is_dicom, without.pdf) == ("application/octet-stream", False, None)


any_part = st.builds(
    lambda pdf, study, record, judgement, sop_class: (
        pdf_part(0, record=record, judgement=judgement)
        if pdf
        else dicom_part(0, study=study, record=record, judgement=judgement, sop_class=sop_class)
    ),
    pdf=st.booleans(),
    study=st.sampled_from(["1.2", "1.3"]),
    record=st.sampled_from([RECORD, OTHER_RECORD, None]),
    judgement=st.sampled_from([PUBLISHED, SET_ASIDE, REFUSED, DUPLICATE]),
    sop_class=st.sampled_from([CT_IMAGE, STRUCTURED_REPORT, KEY_OBJECTS]),
)


@given(st.lists(any_part, max_size=12))
def test_each_kept_part_is_in_one_group_of_its_own_kind(found: list[InspectedPart]) -> None:
    parts = [replace(part, number=number) for number, part in enumerate(found, start=1)]
    groups = groups_of(parts, typed())
    kept = [p for p in parts if p.judgement.outcome in {PartOutcome.PUBLISHED, PartOutcome.QUARANTINED}]
    assert sorted(part.number for group in groups for part in group.parts) == [p.number for p in kept]
    assert groups == groups_of(parts, typed()), "a second try groups as the first did"
    for group in groups:
        assert [part.number for part in group.parts] == sorted(part.number for part in group.parts)
        assert len({part.judgement.outcome for part in group.parts}) == 1
        assert len({part.record for part in group.parts}) == 1
        assert group.kind == "study" or len(group.parts) == 1
        if group.kind == "study":
            assert {part.dicom.study for part in group.parts} == {group.study_uid}
