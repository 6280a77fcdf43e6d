"""A series document read while it arrives: the same instances, or the same refusal, in little memory."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.series_metadata import FORMAT, SeriesInstance, read_series, write_series
from content.series_stream import instances_in
from records.errors import CoffreError
from tests.unit.content.test_series import DAMAGED, INSTANCE, NOT_READ, WRITTEN, packed

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ['},{"sop":"', ',{"sop":', '"instances":[', "]}", "\\", '"']
)


def described(sop: str, text: str) -> SeriesInstance:
    return replace(INSTANCE, sop=sop, dicom={"00100010": {"vr": "PN", "Value": [{"Alphabetic": text}]}})


SOME = st.lists(st.builds(described, TEXT.filter(bool), TEXT), max_size=5)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8), SOME, st.integers(1, 400))
def test_it_is_what_reading_the_whole_gives(
    study: str, series: str, instances: list[SeriesInstance], size: int
) -> None:
    try:
        data = write_series(study, series, instances)
    except UnicodeEncodeError:
        return
    assert [*instances_in(study, series, cut(data, size))] == [*read_series(data).instances]


def test_members_in_another_order_are_read_as_a_whole() -> None:
    document = {"instances": [WRITTEN], "series": "1.2.3", "study": "1.2", "format": FORMAT}
    assert [*instances_in("1.2", "1.2.3", [packed(document)])] == [INSTANCE]


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: f"{len(data)} bytes")
def test_a_damaged_document_is_refused(data: bytes) -> None:
    refused("1", "2", data)


@pytest.mark.parametrize("change", NOT_READ)
@pytest.mark.parametrize("before", [0, 1])
def test_so_is_an_instance_of_another_form(change: dict[str, Any], before: int) -> None:
    instances = [WRITTEN] * before + [{**WRITTEN, **change}]
    document = {"format": FORMAT, "study": "1.2", "series": "1.2.3", "instances": instances}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    refused("1.2", "1.2.3", gzip.compress(text.encode()))


@pytest.mark.parametrize("named", [("1.2", "1.2.4"), ("1.9", "1.2.3")])
def test_so_is_another_series(named: tuple[str, str]) -> None:
    refused(*named, write_series("1.2", "1.2.3", [INSTANCE]))


@pytest.mark.parametrize("end", [b"", b"]", b"]}]}", b'],"more":1}', b"]} "])
def test_so_is_another_end(end: bytes) -> None:
    text = gzip.decompress(write_series("1.2", "1.2.3", [INSTANCE])).removesuffix(b"]}") + end
    refused("1.2", "1.2.3", gzip.compress(text))


def refused(study: str, series: str, data: bytes) -> None:
    with pytest.raises(CoffreError) as refusal:
        [*instances_in(study, series, cut(data, 64))]
    assert refusal.value.code == "series_damaged"


def test_inflation_is_capped() -> None:
    with pytest.raises(CoffreError) as refusal:
        [*instances_in("1", "2", cut(gzip.compress(bytes(257 * 2**20), 1), 2**16))]
    assert refusal.value.code == "series_too_large"


def test_memory_is_that_of_an_instance() -> None:
    """10 000 of them, 35 MB of JSON."""
    one = replace(INSTANCE, dicom={f"{tag:08X}": {"vr": "LO", "Value": ["x" * 40]} for tag in range(50)})
    data = write_series("1.2", "1.2.3", [one] * 10_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in instances_in("1.2", "1.2.3", cut(data, 2**16)))
        assert count == 10_000
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_room_is_asked_for_each_instance_while_it_is_held() -> None:
    held: list[int] = []

    @contextmanager
    def holding(size: int) -> Iterator[None]:
        held.append(size)
        yield
        held.remove(size)

    data = write_series("1.2", "1.2.3", [INSTANCE, INSTANCE])
    for _ in instances_in("1.2", "1.2.3", [data], holding):
        assert len(held) == 1
    assert held == []
