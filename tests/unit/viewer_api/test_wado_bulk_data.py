"""Bulk data where series metadata was written by 0.1.0, which noted no references to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import pytest

from content.pixels.children import PixelChildren
from records.documents.details import Place
from records.errors import NotFound
from tests.unit.content.dicom_bytes import (
    EXPLICIT,
    SERIES,
    SOP,
    STUDY,
    element,
    identifiers,
    item,
    part10,
)
from viewer_api.gateway.memory import Memory, Room
from viewer_api.gateway.opened_study import OpenedStudy, StoredInstance
from viewer_api.wado.accept import accepted
from viewer_api.wado.bulk_data import bulk_data
from viewer_api.wado.retrieval import Retrieval

CURVE, INNER = bytes(range(256)) * 8, bytes(range(255, -1, -1)) * 6
FILE = part10(
    identifiers()
    + element(0x00290010, "LO", b"SOMEBODY")
    + element(0x00291010, "OB", CURVE)
    + element(0x00291020, "SQ", item(element(0x00291030, "OB", INNER)))
)
DOCUMENT = UUID(int=1)
NOTED = {"00080018": {"vr": "UI", "Value": [SOP]}, "00290010": {"vr": "LO", "Value": ["SOMEBODY"]}}


@dataclass(frozen=True)
class Study:
    """One instance in memory, and what its series metadata says."""

    noted: dict[str, Any]
    data: bytes = FILE
    document: UUID = DOCUMENT
    caller: bytes = b"caller"

    def room(self) -> Room:
        return Memory().room(self.caller)

    def instances(self, series: str | None = None, sop: str | None = None) -> Sequence[StoredInstance]:
        place = Place(self.document, 0, len(self.data), bytes(32))
        return [StoredInstance(self.document, STUDY, SERIES, SOP, place, EXPLICIT, None)]

    def metadata(self, series: str) -> Iterator[dict[str, Any]]:
        yield {tag: dict(value) for tag, value in self.noted.items()}

    def read(self, instance: StoredInstance, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        yield self.data[start:stop]


@pytest.fixture(scope="module")
def pixels() -> Iterator[PixelChildren]:
    with PixelChildren(children=1) as opened:
        yield opened


def asked(pixels: PixelChildren, path: Sequence[str | int], noted: dict[str, Any] = NOTED) -> bytes:
    retrieval = Retrieval(cast(OpenedStudy, Study(noted)), "https://x", pixels)
    found = bulk_data(retrieval, accepted([], ["application/octet-stream"]), SERIES, SOP, path, None)
    return b"".join(found.body.pieces)


def test_a_private_value_is_found_in_the_instance(pixels: PixelChildren) -> None:
    assert asked(pixels, ["00291010"]) == CURVE
    assert asked(pixels, ["00291020", 0, "00291030"]) == INNER


@pytest.mark.parametrize("path", [["00291011"], ["00291020", 1, "00291030"], ["00290010"], ["00291020"]])
def test_what_the_instance_has_not_or_metadata_shows_is_not_there(
    pixels: PixelChildren, path: Sequence[str | int]
) -> None:
    with pytest.raises(NotFound) as error:
        asked(pixels, path)
    assert error.value.code == "no_such_bulkdata"


def test_where_references_were_noted_they_are_all_there_is(pixels: PixelChildren) -> None:
    with pytest.raises(NotFound):
        asked(pixels, ["00291010"], NOTED | {"7FE00010": {"vr": "OW", "BulkDataURI": "?offset=1&length=2"}})
