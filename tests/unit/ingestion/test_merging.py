"""Many details rows become one: the latest wins, what it replaced keeps its place, nothing else is lost."""

from uuid import UUID

from content.series_metadata import SeriesDocument, SeriesInstance
from ingestion.jobs.merging import kept_instances, live_series, merged_details, moved_metadata
from records.documents.details import DocumentDetails, InstanceDetails, Place, SeriesDetails, StudyDetails
from records.documents.details_json import to_json

PACK, JOB = UUID(int=1), UUID(int=2)


B1, B2, B3 = (UUID(int=number) for number in (11, 12, 13))


def an_instance(sop: str, blob: UUID, offset: int = 0, length: int = 10) -> InstanceDetails:
    return InstanceDetails(sop=sop, place=Place(blob, offset, length, bytes(32)))


def a_row(received: int, blob: UUID, **series: list[InstanceDetails]) -> DocumentDetails:
    found = (
        SeriesDetails(uid=uid, modality="CT", metadata_blob=blob, instances=tuple(instances))
        for uid, instances in series.items()
    )
    return DocumentDetails(
        kind="study",
        title=f"of {received}",
        received=received,
        submission=str(blob),
        warnings=(f"warned {received}",),
        study=StudyDetails(uid="1.2", modalities=("CT",), series=tuple(found)),
    )


def merged(rows: list[DocumentDetails], *gone: str) -> DocumentDetails:
    kept = kept_instances(rows, frozenset(gone))
    places = {uid: UUID(int=100 + number) for number, uid in enumerate(live_series(kept))}
    return merged_details(rows, kept, pack=PACK, series_blobs=places, job_id=JOB)


def test_instances_lie_one_after_another_and_the_newest_rows_words_stay() -> None:
    rows = [
        a_row(1, B1, s1=[an_instance("a", B1), an_instance("b", B1, 10, 5)]),
        a_row(2, B2, s1=[an_instance("c", B2, 0, 7)], s2=[an_instance("d", B2, 7, 3)]),
    ]
    row = merged(rows)
    assert (row.title, row.received, row.submission) == ("of 2", 2, str(JOB))
    assert row.warnings == ("warned 1", "warned 2")
    places = {
        each.sop: (each.place.offset, each.place.length) for series in row.series for each in series.instances
    }
    assert places == {"a": (0, 10), "b": (10, 5), "c": (15, 7), "d": (22, 3)}
    assert {each.place.blob_id for series in row.series for each in series.instances} == {PACK}
    assert [series.uid for series in row.series] == ["s1", "s2"]


def test_the_latest_of_two_versions_is_shown_and_the_older_one_keeps_its_bytes() -> None:
    rows = [a_row(1, B1, s1=[an_instance("a", B1)]), a_row(2, B2, s1=[an_instance("a", B2)])]
    (series,) = merged(rows).series
    assert [each.place.offset for each in series.instances] == [10]
    assert [each.place.offset for each in series.superseded] == [0]
    again = merged([merged(rows), a_row(3, B3, s1=[an_instance("a", B3)])])
    (series,) = again.series
    assert [each.place.offset for each in series.instances] == [20]
    assert [each.place.offset for each in series.superseded] == [0, 10]


def test_what_is_withdrawn_goes_with_its_older_versions_and_an_empty_series_with_it() -> None:
    rows = [
        a_row(1, B1, s1=[an_instance("a", B1)], s2=[an_instance("b", B1, 10)]),
        a_row(2, B2, s1=[an_instance("a", B2)]),
    ]
    row = merged(rows, "a")
    (series,) = row.series
    assert [each.sop for each in series.instances] == ["b"]
    assert "superseded" not in to_json(row)["series"][0]
    assert kept_instances(rows, frozenset({"a", "b"})) == []


def test_metadata_follows_its_instances() -> None:
    rows = [a_row(1, B1, s1=[an_instance("a", B1)]), a_row(2, B2, s1=[an_instance("a", B2)])]
    kept = kept_instances(rows, frozenset())
    documents = [
        SeriesDocument("1", "s1", (SeriesInstance("a", blob, 0, 10, bytes(32), "1.2", None, {"of": blob}),))
        for blob in (B1, B2)
    ]
    (moved,) = moved_metadata(documents, kept, "s1", PACK)
    assert (moved.blob_id, moved.offset, moved.length) == (PACK, 10, 10)
    assert moved.dicom == {"of": B2}
