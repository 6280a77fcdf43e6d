"""Details have one form in JSON: what was sealed is read by later versions, and nothing of it is lost."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.details import (
    ContentDetails,
    DocumentDetails,
    FileDetails,
    InstanceDetails,
    Place,
    SeriesDetails,
    SetAside,
    StudyDetails,
)
from records.documents.details_json import from_json, to_json
from records.errors import CoffreError

BLOB, METADATA = "018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"
DIGEST = bytes(range(32))
PLACE = {"blob": BLOB, "offset": 7, "length": 1024, "sha256": DIGEST.hex()}
INSTANCE = {
    **PLACE,
    "sop": "1.2.3.1.1",
    "transfer_syntax": "1.2.840.10008.1.2.1",
    "frames": None,
    "attributes": {"00200013": {"vr": "IS", "Value": [1]}},
}
SERIES = {
    "uid": "1.2.3.1",
    "modality": "CT",
    "metadata_blob": METADATA,
    "attributes": {"00080060": {"vr": "CS", "Value": ["CT"]}},
    "instances": [INSTANCE],
}
COMMON = {
    "received": 1_700_000_000_000,
    "structure": "1750000018",
    "submission": "018f0000-0000-7000-8000-000000000003",
    "type": "IMG-KOS",
    "class": "31",
    "title": "Scanner thoracique",
    "date": "20260102",
    "warnings": ["W"],
}
STUDY = {
    **COMMON,
    "kind": "study",
    "study_uid": "1.2.3",
    "time": "101500",
    "accession": "A1",
    "local_id": None,
    "modalities": ["CT"],
    "attributes": {"0020000D": {"vr": "UI", "Value": ["1.2.3"]}},
    "series": [SERIES],
}
REPORT = {
    **COMMON,
    **PLACE,
    "kind": "document",
    "type": "18748-4",
    "media_type": "application/pdf",
    "authors": ["Martin"],
    "fhir": None,
    "size": 1024,
    "pages": 2,
    "pdfa": None,
}
"""The members of each kind of row as 0.1.0 and all later versions have sealed them."""


def test_a_study_is_read_as_what_it_is() -> None:
    study = from_json(STUDY).study
    assert study is not None
    (series,) = study.series
    (instance,) = series.instances
    assert (study.uid, series.uid, instance.sop) == ("1.2.3", "1.2.3.1", "1.2.3.1.1")
    assert series.metadata_blob == UUID(METADATA)
    assert instance.place == Place(UUID(BLOB), 7, 1024, DIGEST)


def test_a_report_is_read_as_what_it_is() -> None:
    row = from_json(REPORT)
    assert row.study is None and row.series == () and row.study_uid is None
    assert row.content == ContentDetails(
        place=Place(UUID(BLOB), 7, 1024, DIGEST), media_type="application/pdf"
    )
    assert row.file == FileDetails(authors=("Martin",), size=1024, pages=2)
    assert row.set_aside is None and row.absent == frozenset() and row.unknown == {}


def test_what_is_new_is_written_with_every_member() -> None:
    """Null where nothing is known: the JSON of a row is the same, whether it was read or made here."""
    row = DocumentDetails(kind="study", study=StudyDetails(uid="1.2.3", series=()))
    assert to_json(row).keys() == STUDY.keys()
    place = Place(UUID(BLOB), 0, 1, DIGEST)
    row = DocumentDetails(kind="document", content=ContentDetails(place=place), file=FileDetails())
    assert to_json(row).keys() == REPORT.keys()
    instances = (InstanceDetails(sop="1.2.3.1.1", place=place),)
    series = SeriesDetails(uid="1.2.3.1", metadata_blob=UUID(METADATA), instances=instances)
    (written,) = to_json(DocumentDetails(kind="study", study=StudyDetails(uid="1", series=(series,))))[
        "series"
    ]
    assert written.keys() == SERIES.keys() and written["instances"][0].keys() == INSTANCE.keys()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"set_aside": {"kind": "fhir", "document": {"type": "REMB"}}},
        {"set_aside": {"kind": "dicom", "document": None}},
        {"set_aside": {}},
        {"set_aside": None},
        {"study_uid": None, "series": "of another version"},
        {"a_later_version": [1, {"x": None}], "authors": None},
    ],
)
def test_nothing_of_a_row_is_lost(more: Mapping[str, Any]) -> None:
    for row in (STUDY, REPORT):
        assert to_json(from_json({**row, **more})) == {**row, **more}


TEXT = st.text(max_size=8)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda each: st.lists(each, max_size=2) | st.dictionaries(TEXT, each, max_size=2),
    max_leaves=4,
)
LATER = st.dictionaries(TEXT.map("x_{}".format), ANYTHING, max_size=2)


def some_of(needed: set[str], **members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the needed members, any of the others, and some of a later version."""
    every = st.fixed_dictionaries(
        {name: each for name, each in members.items() if name in needed},
        optional={name: each for name, each in members.items() if name not in needed},
    )
    return st.builds(lambda known, later: {**later, **known}, every, LATER)


COUNTS = st.integers(0, 2**53)
MAYBE = st.none() | TEXT
DICOM_JSON = st.dictionaries(TEXT, ANYTHING, max_size=2)
PLACES = {
    "blob": st.uuids().map(str),
    "offset": COUNTS,
    "length": COUNTS,
    "sha256": st.binary(min_size=32, max_size=32).map(bytes.hex),
}
INSTANCES = some_of(
    {*PLACES, "sop"},
    **PLACES,
    sop=TEXT,
    transfer_syntax=TEXT,
    frames=st.none() | COUNTS,
    attributes=DICOM_JSON,
)
SERIES_OBJECTS = some_of(
    {"uid", "metadata_blob"},
    uid=TEXT,
    metadata_blob=st.uuids().map(str),
    modality=MAYBE,
    attributes=DICOM_JSON,
    instances=st.lists(INSTANCES, max_size=2),
    superseded=st.lists(INSTANCES, min_size=1, max_size=2),
)
DOCUMENT: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from(["study", "document"]),
    "title": TEXT,
    "type": TEXT,
    "class": TEXT,
    "date": MAYBE,
    "structure": MAYBE,
    "received": COUNTS,
    "submission": TEXT,
    "warnings": st.lists(TEXT, max_size=2),
    "set_aside": some_of(set(), kind=MAYBE, document=st.none() | DICOM_JSON),
}
STUDIES = {
    "study_uid": st.text(min_size=1, max_size=8),
    "time": MAYBE,
    "accession": MAYBE,
    "local_id": MAYBE,
    "modalities": st.lists(TEXT, max_size=2),
    "attributes": DICOM_JSON,
    "series": st.lists(SERIES_OBJECTS, max_size=2),
}
FILES = {
    "authors": st.none() | st.lists(TEXT, max_size=2),
    "fhir": st.none() | DICOM_JSON,
    "size": st.none() | COUNTS,
    "pages": st.none() | COUNTS,
    "pdfa": MAYBE,
}
SINGLE = {**PLACES, "media_type": TEXT}
ROWS = st.one_of(
    some_of({"kind", "study_uid"}, **DOCUMENT, **STUDIES),
    some_of({"kind", *PLACES}, **DOCUMENT, **SINGLE, **FILES),
    some_of({"kind", "study_uid", *PLACES}, **DOCUMENT, **STUDIES, **SINGLE),
    some_of({"kind"}, **DOCUMENT),
)


@given(row=ROWS)
def test_what_is_read_is_written_as_it_was(row: dict[str, Any]) -> None:
    found = from_json(row)
    assert json.dumps(to_json(found), sort_keys=True) == json.dumps(row, sort_keys=True)
    assert from_json(to_json(found)) == found


@pytest.mark.parametrize(
    "row",
    [
        {},
        [],
        {**STUDY, "series": 3},
        {**STUDY, "series": [{}]},
        {**STUDY, "series": [{**SERIES, "instances": [{"sop": "1.2"}]}]},
        {**STUDY, "series": [{**SERIES, "metadata_blob": "x"}]},
        {**REPORT, "sha256": "x"},
        {**REPORT, "blob": None},
        {**REPORT, "set_aside": 3},
    ],
)
def test_what_has_another_form_is_refused_without_its_content(row: Any) -> None:
    with pytest.raises(CoffreError) as refused:
        from_json(row)
    assert refused.value.code == "details_damaged"
    assert "Scanner" not in str(refused.value)


def test_nothing_of_a_person_is_in_a_repr() -> None:
    row = from_json({**REPORT, "set_aside": {"kind": "fhir", "document": {"title": "Scanner"}}})
    for each in (row, row.file, row.content, SetAside(document={"title": "Scanner"}), from_json(STUDY).study):
        assert "Scanner" not in repr(each) and "Martin" not in repr(each) and "A1" not in repr(each)
