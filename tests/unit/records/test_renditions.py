"""A rendition lives with every instance that it shows; of those alive the newest submission's is shown."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from records.documents.details import (
    DocumentDetails,
    InstanceDetails,
    Place,
    RenditionDetails,
    SeriesDetails,
    StudyDetails,
)
from records.documents.details_json import from_json, to_json
from records.documents.instances import kept
from records.documents.renditions import FORMS, OVERVIEW, STRIP, live_renditions

Shown = dict[str, tuple[tuple[str, int], ...]]


def digest(sop: str, version: int) -> bytes:
    return f"{sop}/{version}".encode().ljust(32)


def a_row(
    received: int, sops: str, *, version: int = 1, superseded: str = "", **shows: str
) -> DocumentDetails:
    """A submission of these instances, with a rendition of each form that shows those named."""

    def instance(sop: str, version: int) -> InstanceDetails:
        return InstanceDetails(sop=sop, place=Place(UUID(int=received), 0, 1, digest(sop, version)))

    series = SeriesDetails(
        uid="s",
        metadata_blob=UUID(int=received),
        instances=tuple(instance(sop, version) for sop in sops),
        superseded=tuple(instance(sop, 0) for sop in superseded),
    )
    renditions = tuple(
        RenditionDetails(
            "s", form, UUID(int=received), frozenset((sop, digest(sop, version)) for sop in named)
        )
        for form, named in shows.items()
    )
    study = StudyDetails(uid="1.2", series=(series,), renditions=renditions)
    return DocumentDetails(kind="study", received=received, study=study)


def shown(*rows: DocumentDetails, gone: str = "") -> list[tuple[str, int]]:
    """Form, and the instant of the submission that it came with."""
    return [(each.form, each.blob_id.int) for each in live_renditions(rows, frozenset(gone)).get("s", [])]


def test_of_each_form_the_newest_is_shown_the_overview_last() -> None:
    first = a_row(1, "ab", overview="a", strip="ab")
    assert shown(first) == [(STRIP, 1), (OVERVIEW, 1)]
    assert shown(first, a_row(2, "c", overview="c")) == [(STRIP, 1), (OVERVIEW, 2)]
    assert shown(a_row(2, "c", overview="c"), first) == [(STRIP, 1), (OVERVIEW, 2)]


def test_it_dies_with_any_instance_that_it_shows() -> None:
    row = a_row(1, "abc", overview="b", strip="abc")
    assert shown(row, gone="c") == [(OVERVIEW, 1)]
    assert shown(row, gone="b") == []


def test_it_dies_where_a_later_version_takes_the_place_of_what_it_shows() -> None:
    row = a_row(1, "abc", overview="b", strip="abc")
    assert shown(row, a_row(2, "c", version=2)) == [(OVERVIEW, 1)]
    assert shown(row, a_row(2, "b", version=2)) == []
    assert shown(row, a_row(2, "b", version=2, overview="b")) == [(OVERVIEW, 2)]


def test_what_shows_a_superseded_instance_of_a_merged_row_is_dead() -> None:
    assert shown(a_row(5, "a", version=0, superseded="b", overview="b")) == []


def test_one_that_shows_nothing_is_never_shown() -> None:
    assert shown(a_row(1, "a", overview="")) == []


def test_it_may_show_instances_of_other_rows_of_the_study() -> None:
    assert shown(a_row(1, "ab"), a_row(2, "c", strip="")) == []
    row = a_row(2, "c", strip="c", overview="c")
    assert row.study is not None
    whole = frozenset((sop, digest(sop, 1)) for sop in "abc")
    renditions = tuple(RenditionDetails("s", form, UUID(int=2), whole) for form in FORMS)
    study = StudyDetails(uid="1.2", series=row.series, renditions=renditions)
    row = DocumentDetails(kind="study", received=2, study=study)
    assert shown(a_row(1, "ab"), row) == [(STRIP, 2), (OVERVIEW, 2)]
    assert shown(a_row(1, "ab"), row, gone="a") == []


def test_a_row_without_them_is_written_as_every_version_has_written_it() -> None:
    row = a_row(1, "ab", overview="a", strip="ab")
    assert from_json(to_json(row)) == row
    assert "renditions" not in to_json(a_row(1, "ab"))


NAMED = st.sets(st.sampled_from("abcd"), max_size=3).map("".join)


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), NAMED, st.integers(1, 2), NAMED, NAMED), max_size=5),
    gone=NAMED,
)
def test_nothing_is_shown_that_is_not_there(rows: list[tuple[int, str, int, str, str]], gone: str) -> None:
    made = [
        a_row(at, sops, version=version, overview=one, strip=other) for at, sops, version, one, other in rows
    ]
    live = {
        (each.instance.sop, each.instance.place.sha256) for each in kept(made, frozenset(gone)) if each.live
    }
    for each in live_renditions(made, frozenset(gone)).get("s", []):
        assert each.shows and each.shows <= live
