"""Of equal SOP Instance UIDs the one that was received last is live, in whatever order rows were adopted."""

from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.documents.details import DocumentDetails, InstanceDetails, Place, SeriesDetails, StudyDetails
from records.documents.instances import KeptInstance, by_age, kept, latest, live_series, newest

SOPS = st.lists(st.sampled_from("abc"), max_size=4)


def a_row(received: int, *sops: str, series: str = "s", superseded: str = "") -> DocumentDetails:
    one = SeriesDetails(
        uid=series,
        metadata_blob=UUID(int=received),
        instances=tuple(an_instance(sop, received) for sop in sops),
        superseded=tuple(an_instance(sop, received) for sop in superseded),
    )
    return DocumentDetails(kind="study", received=received, study=StudyDetails(uid="1.2", series=(one,)))


def an_instance(sop: str, received: int) -> InstanceDetails:
    return InstanceDetails(sop=sop, place=Place(UUID(int=received), 0, 1, bytes(32)))


def of(each: KeptInstance) -> int:
    """When the submission was received that this instance came with."""
    return each.instance.place.blob_id.int


def test_what_was_received_last_is_live_although_it_was_adopted_first() -> None:
    for rows in permutations([a_row(1, "a"), a_row(2, "a"), a_row(3, "b")]):
        assert [(of(each), each.live) for each in kept(rows)] == [(1, False), (2, True), (3, True)]


@pytest.mark.requirement("R36")
def test_of_one_instant_the_later_version_is_live() -> None:
    rows = [a_row(1, "a", series="s1"), a_row(1, "a", series="s2")]
    assert [(each.series, each.live) for each in kept(rows)] == [("s1", False), ("s2", True)]
    assert [series.uid for series in live_series(rows)] == ["s2"]


def test_what_was_superseded_is_never_live_again_when_its_successor_is_there() -> None:
    merged = a_row(5, "a", superseded="a")
    assert [each.live for each in kept([merged])] == [False, True]
    assert kept([merged], frozenset("a")) == []


@given(rows=st.lists(st.tuples(st.integers(0, 3), SOPS), max_size=5))
def test_each_instance_is_kept_and_each_identifier_has_one_that_is_live(
    rows: list[tuple[int, list[str]]],
) -> None:
    every = kept([a_row(received, *sops) for received, sops in rows])
    assert len(every) == sum(len(sops) for _, sops in rows)
    live = [each.instance.sop for each in every if each.live]
    assert sorted(live) == sorted({sop for _, sops in rows for sop in sops})
    newest = {sop: max(received for received, sops in rows if sop in sops) for sop in live}
    assert {each.instance.sop: of(each) for each in every if each.live} == newest


def test_rows_and_lists_keep_their_order() -> None:
    assert [row.received for row in by_age([a_row(2), a_row(1), a_row(2)])] == [1, 2, 2]
    assert latest(["a1", "b1", "a2"], lambda one: one[0]) == ["b1", "a2"]


def test_the_newest_row_was_received_last_and_of_one_instant_has_the_later_version() -> None:
    assert newest([a_row(2, "a"), a_row(1, "b")]) == a_row(2, "a")
    assert newest([a_row(1, "a"), a_row(1, "b")]) == a_row(1, "b")
