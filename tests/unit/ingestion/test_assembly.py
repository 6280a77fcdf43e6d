"""Metadata and bulk data that came apart become one instance, each part used once."""

import json
import time

import pytest
from pydicom.encaps import generate_frames

from ingestion.bulk_data_types import BulkType
from ingestion.worker.assembly import Assembler, BulkPart
from tests.unit.content.assembled import assemble, instances_of, minimal
from tests.unit.content.metadata_forms import Bulk, read

PIXELS = {"vr": "OW", "BulkDataURI": "p"}
RAW, JPEG = "application/octet-stream", "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50"
BULK: dict[str, tuple[str | None, list[Bulk]]] = {
    "as it is": (None, [Bulk(RAW, "p", b"ab")]),
    "of odd length": (None, [Bulk(RAW, "p", b"abc")]),
    "of no bytes": (None, [Bulk(RAW, "p", b"")]),
    "by frames": (None, [Bulk(RAW, "p/frames/2", b"b"), Bulk(RAW, "p/frames/1", b"a")]),
    "compressed": (None, [Bulk(JPEG, "p", b"abc")]),
    "compressed frames": (None, [Bulk(JPEG, "p/frames/1", b"a"), Bulk(JPEG, "p/frames/2", b"b")]),
    "compressed frames of one address": (None, [Bulk(JPEG, "p", b"a"), Bulk(JPEG, "p", b"b")]),
    "not sent": ("bulk_data_missing", []),
    "of another address": ("bulk_data_missing", [Bulk(RAW, "P", b"ab")]),
    "with a frame missing": ("bulk_data_missing", [Bulk(RAW, "p/frames/2", b"ab")]),
    "sent twice": ("bulk_data_not_valid", [Bulk(RAW, "p", b"ab"), Bulk(RAW, "p", b"ab")]),
    "big endian": ("bulk_data_not_valid", [Bulk(f"{RAW}; transfer-syntax=1.2.840.10008.1.2.2", "p", b"ab")]),
    "of a syntax its type has not": (
        "bulk_data_not_valid",
        [Bulk("image/jp2; transfer-syntax=1.2.840.10008.1.2.4.50", "p", b"ab")],
    ),
    "of two types": ("bulk_data_not_valid", [Bulk(JPEG, "p", b"a"), Bulk("image/jp2", "p", b"b")]),
    "a compressed frame of no bytes": ("bulk_data_not_valid", [Bulk(JPEG, "p", b"")]),
}


@pytest.mark.parametrize("case", BULK)
def test_pixel_data_beside_the_metadata(case: str) -> None:
    code, bulk = BULK[case]
    encoded = instances_of(json.dumps([minimal(_7FE00010=PIXELS)]).encode())
    (instance,), content, _ = assemble(encoded, bulk)
    assert (instance.failure.code if instance.failure else None) == code
    if code is None:
        dataset = read(content.read(0, instance.length))
        frames = [each.data for each in sorted(bulk, key=lambda part: part.location)]
        if "jpeg" in bulk[0].content_type:
            found = list(generate_frames(dataset.PixelData, number_of_frames=len(frames)))
            assert [frame.rstrip(b"\0") for frame in found] == frames
            assert dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
        else:
            joined = b"".join(frames)
            assert (dataset.get("PixelData") or b"") == joined + bytes(len(joined) % 2)


@pytest.mark.parametrize("location", ["p", "p/frames/{}"], ids=["one address", "frames"])
def test_thousands_of_instances_that_ask_for_the_same_parts_cost_little(location: str) -> None:
    encoded = instances_of(json.dumps([minimal(_7FE00010=PIXELS)]).encode())
    kind = BulkType(RAW, "")
    parts = [BulkPart(number, kind, location.format(number), number, 1) for number in range(1, 10_001)]
    assembler = Assembler(parts)
    begun = time.process_time()
    failures = {each.failure.code for _ in range(10_000) if (each := assembler.instance(encoded[0])).failure}
    assert failures == {"bulk_data_not_valid"}
    assert time.process_time() - begun < 5  # 10^8 looks at parts take longer


def test_without_a_parameter_the_metadata_names_the_syntax_and_the_table_else() -> None:
    for named, syntax in (
        ("1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.51"),
        ("1.2.3", "1.2.840.10008.1.2.4.70"),
    ):
        metadata = minimal(_7FE00010=PIXELS, _00020010={"vr": "UI", "Value": [named]})
        encoded = instances_of(json.dumps([metadata]).encode())
        (instance,), content, _ = assemble(encoded, [Bulk("image/jpeg", "p", b"ab")])
        assert read(content.read(0, instance.length)).file_meta.TransferSyntaxUID == syntax


def test_bulk_data_is_used_once() -> None:
    """Otherwise a small request could grow to any size."""
    encoded = instances_of(json.dumps([minimal(_7FE00010=PIXELS)] * 2).encode())
    (first, second), _, _ = assemble(encoded, [Bulk(RAW, "p", b"ab")])
    assert first.failure is None
    assert second.failure is not None
    assert second.failure.code == "bulk_data_not_valid"


def test_bulk_data_that_nothing_names_is_noticed() -> None:
    encoded = instances_of(json.dumps([minimal()]).encode())
    _, _, assembler = assemble(encoded, [Bulk(RAW, "p", b"ab")])
    assert not assembler.complete


def test_assembled_content_is_the_same_by_any_range() -> None:
    metadata = minimal(_7FE00010=PIXELS, _00091001={"vr": "OB", "BulkDataURI": "q"})
    encoded = instances_of(json.dumps([metadata]).encode())
    (instance,), content, _ = assemble(encoded, [Bulk(RAW, "q", b"123"), Bulk(RAW, "p", b"abcdef")])
    whole = content.read(0, instance.length)
    assert len(whole) == instance.length == content.size
    for start in range(0, instance.length, 7):
        for length in (0, 1, 5, 50, 10_000):
            assert content.read(start, length) == whole[start : start + length]
