"""The series document: written, read, and refused in every broken form."""

import gzip
import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from content.series_metadata import FORMAT, SeriesDocument, SeriesInstance, read_series, write_series
from records.errors import Invalid

BLOB = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
INSTANCE = SeriesInstance(
    sop="1.2.3.4",
    blob_id=BLOB,
    offset=0,
    length=100,
    sha256=bytes(32),
    transfer_syntax="1.2.840.10008.1.2.1",
    frames=(((10, 40), (50, 50)),),
    dicom={"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Éloïse"}]}},
)
WRITTEN: dict[str, Any] = {
    "sop": "1.2.3.4",
    "blob": str(BLOB),
    "offset": 0,
    "length": 100,
    "sha256": "A" * 43,
    "transfer_syntax": "1.2.840.10008.1.2.1",
    "frames": [[[10, 40], [50, 50]]],
    "dicom": {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Éloïse"}]}},
}


def code_of(data: bytes, largest: int = 2**20) -> str:
    with pytest.raises(Invalid) as refusal:
        read_series(data, largest)
    return refusal.value.code


def packed(document: Any) -> bytes:
    return gzip.compress(json.dumps(document).encode())


def test_what_is_written_is_read() -> None:
    instances = (INSTANCE, replace(INSTANCE, frames=None))
    found = read_series(write_series("1.2", "1.2.3", instances))
    assert found == SeriesDocument("1.2", "1.2.3", instances)


def test_the_document_is_the_json_that_the_formats_page_describes() -> None:
    """Member after member, since equal series have equal bytes and so equal digests."""
    document = {"format": FORMAT, "study": "1.2", "series": "1.2.3", "instances": [WRITTEN]}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert gzip.decompress(write_series("1.2", "1.2.3", [INSTANCE])) == text.encode()


def test_equal_content_gives_equal_bytes_without_name_or_time() -> None:
    data = write_series("1.2", "1.2.3", [INSTANCE])
    assert data == write_series("1.2", "1.2.3", [INSTANCE])
    assert data[:8] == b"\x1f\x8b\x08\0\0\0\0\0"


@pytest.mark.parametrize(
    "change",
    [
        {"sop": ""},
        {"offset": -1},
        {"offset": True},
        {"length": 2**53},
        {"sha256": bytes(33)},
        {"transfer_syntax": ""},
        {"frames": (((90, 20),),)},
        {"frames": (((0, 0),),)},
        {"frames": (((-1, 2),),)},
        {"frames": (((0, True),),)},
    ],
)
def test_an_instance_of_another_form_is_not_written(change: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        write_series("1.2", "1.2.3", [replace(INSTANCE, **change)])
    assert refusal.value.code == "series_document_not_valid"


NOT_READ: list[dict[str, Any]] = [
    {"sop": ""},
    {"blob": "not-a-uuid"},
    {"blob": str(BLOB).upper()},
    {"offset": -1},
    {"offset": True},
    {"length": 2**53},
    {"sha256": "A" * 44},
    {"sha256": "A" * 42 + "B"},  # the bits that no byte takes are not 0
    {"frames": [[[90, 20]]]},
    {"frames": [[[0, 0]]]},
    {"frames": [[0, 1]]},
    {"frames": {}},
    {"frames": {}.fromkeys("ab")},
    {"frames": ""},
    {"dicom": []},
    {"more": 1},
]


@pytest.mark.parametrize("change", NOT_READ)
def test_an_instance_of_another_form_is_not_read(change: dict[str, Any]) -> None:
    broken = {**WRITTEN, **change}
    document = {"format": FORMAT, "study": "1.2", "series": "1.2.3", "instances": [broken]}
    assert code_of(packed(document)) == "series_document_not_valid"


DAMAGED: list[bytes] = [
    b"",
    b"not gzip",
    gzip.compress(b"not json"),
    gzip.compress(b"[]"),
    gzip.compress(b"\xff"),
    gzip.compress(b"[" * 100_000),
    gzip.compress(b'{"format":"coffre-series-v1","format":"coffre-series-v1"}'),
    packed({"format": "coffre-series-v2", "study": "1", "series": "2", "instances": []}),
    packed({"format": FORMAT, "study": "1", "series": "2", "instances": [], "more": 1}),
    packed({"format": FORMAT, "study": 1, "series": "2", "instances": []}),
    packed({"format": FORMAT, "study": "1", "series": "2", "instances": {}}),
    write_series("1", "2", [])[:-1],
    write_series("1", "2", []) + b"x",
]


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: f"{len(data)} bytes")
def test_a_damaged_document_is_refused(data: bytes) -> None:
    assert code_of(data) == "series_document_not_valid"


def test_inflation_is_capped() -> None:
    assert code_of(gzip.compress(bytes(2**21)), largest=2**20) == "series_document_too_large"
