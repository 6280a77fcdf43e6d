"""Many details rows become one: the latest wins, what it replaced keeps its place, nothing else is lost."""

from typing import Any
from uuid import UUID

from ingestion.merging import kept_instances, live_series, merged_details, moved_metadata, place_of

PACK, JOB = UUID(int=1), UUID(int=2)
DIGEST = "00" * 32


def an_instance(sop: str, blob: str, offset: int = 0, length: int = 10) -> dict[str, Any]:
    return {"sop": sop, "blob": blob, "offset": offset, "length": length, "sha256": DIGEST}


def a_row(received: int, blob: str, **series: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": "study",
        "title": f"of {received}",
        "received": received,
        "submission": blob,
        "modalities": ["CT"],
        "warnings": [f"warned {received}"],
        "series": [
            {"uid": uid, "modality": "CT", "metadata_blob": blob, "attributes": {}, "instances": instances}
            for uid, instances in series.items()
        ],
    }


def merged(rows: list[dict[str, Any]], *gone: str) -> dict[str, Any]:
    kept = kept_instances(rows, frozenset(gone))
    places = {uid: UUID(int=100 + number) for number, uid in enumerate(live_series(kept))}
    return merged_details(rows, kept, pack=PACK, series_blobs=places, job_id=JOB)


def test_instances_lie_one_after_another_and_the_newest_rows_words_stay() -> None:
    rows = [
        a_row(1, "b1", s1=[an_instance("a", "b1"), an_instance("b", "b1", 10, 5)]),
        a_row(2, "b2", s1=[an_instance("c", "b2", 0, 7)], s2=[an_instance("d", "b2", 7, 3)]),
    ]
    row = merged(rows)
    assert (row["title"], row["received"], row["submission"]) == ("of 2", 2, str(JOB))
    assert row["warnings"] == ["warned 1", "warned 2"]
    places = {
        each["sop"]: (each["offset"], each["length"])
        for series in row["series"]
        for each in series["instances"]
    }
    assert places == {"a": (0, 10), "b": (10, 5), "c": (15, 7), "d": (22, 3)}
    assert {each["blob"] for series in row["series"] for each in series["instances"]} == {str(PACK)}
    assert [series["uid"] for series in row["series"]] == ["s1", "s2"]


def test_the_latest_of_two_versions_is_shown_and_the_older_one_keeps_its_bytes() -> None:
    rows = [a_row(1, "b1", s1=[an_instance("a", "b1")]), a_row(2, "b2", s1=[an_instance("a", "b2")])]
    (series,) = merged(rows)["series"]
    assert [each["offset"] for each in series["instances"]] == [10]
    assert [each["offset"] for each in series["superseded"]] == [0]
    again = merged([merged(rows), a_row(3, "b3", s1=[an_instance("a", "b3")])])
    (series,) = again["series"]
    assert [each["offset"] for each in series["instances"]] == [20]
    assert [each["offset"] for each in series["superseded"]] == [0, 10]


def test_what_is_withdrawn_goes_with_its_older_versions_and_an_empty_series_with_it() -> None:
    rows = [
        a_row(1, "b1", s1=[an_instance("a", "b1")], s2=[an_instance("b", "b1", 10)]),
        a_row(2, "b2", s1=[an_instance("a", "b2")]),
    ]
    row = merged(rows, "a")
    (series,) = row["series"]
    assert [each["sop"] for each in series["instances"]] == ["b"]
    assert "superseded" not in series
    assert kept_instances(rows, frozenset({"a", "b"})) == []


def test_metadata_follows_its_instances() -> None:
    rows = [a_row(1, "b1", s1=[an_instance("a", "b1")]), a_row(2, "b2", s1=[an_instance("a", "b2")])]
    kept = kept_instances(rows, frozenset())
    documents = [
        {"instances": [an_instance("a", blob) | {"frames": [[[0, 1]]], "dicom": {"of": blob}}]}
        for blob in ("b1", "b2")
    ]
    (moved,) = moved_metadata(documents, kept, "s1", PACK)
    assert place_of(moved) == (str(PACK), 10, 10)
    assert moved["dicom"] == {"of": "b2"}
