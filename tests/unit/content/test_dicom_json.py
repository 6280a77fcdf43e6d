"""DICOM JSON: pydicom's on every real file, and values that follow no rule."""

import base64
import io
import json
import math
import struct
import warnings
import zlib
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from content.byte_source import BytesSource
from content.dicom.deflated import packing_of
from content.dicom.elements import BULK_VRS
from content.dicom.file_meta import read_head
from content.dicom.instance import inspect_dicom
from content.dicom.metadata.references import read_reference
from content.limits import DEFAULT_LIMITS
from tests.unit.content.dicom_bytes import (
    BIG,
    IMPLICIT,
    element,
    identifiers,
    item,
    part10,
)
from tests.unit.content.real_files import corpus, packaged

PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)


def attributes(data: bytes) -> tuple[dict[str, Any], list[str]]:
    findings, facts = inspect_dicom(BytesSource(data))
    return facts.dicom, [f.code for f in findings]


def one(vr: str, value: bytes, tag: int = 0x00091001) -> tuple[Any, list[str]]:
    found, codes = attributes(part10(identifiers(patient=b"x") + element(tag, vr, value)))
    codes = [code for code in codes if code != "elements_unordered"]
    return found[f"{tag:08X}"], codes


def theirs(dataset: Dataset) -> dict[str, Any]:
    """pydicom's JSON without group lengths, of which it makes attributes, and without pixel data."""
    out = {}
    for element_ in dataset:
        if element_.tag.element == 0 or element_.tag in PIXELS:
            continue
        tag = f"{int(element_.tag):08X}"
        if element_.VR == "SQ":
            items = [theirs(entry) for entry in element_.value]
            out[tag] = {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
        else:
            out[tag] = element_.to_json_dict(None, 0)
    return out


def plain(value: Any) -> Any:
    """The value without differences of writing that are none of meaning: empty values, spaces, padding."""
    if isinstance(value, dict) and "vr" in value:
        values = [plain(entry) for entry in value.get("Value", [])]
        rest = {"Value": values} if any(entry is not None for entry in values) else {}
        binary = {"InlineBinary": value["InlineBinary"]} if value.get("InlineBinary") else {}
        return {"vr": value["vr"], **rest, **binary}
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items() if entry != ""} or None
    if isinstance(value, str):
        return value.strip("\0 ") or None
    return float(value) if isinstance(value, (int, float)) else value


def inlined(dataset: dict[str, Any], data: bytes) -> dict[str, Any]:
    """With the bytes that lie where each reference says, pixel data apart."""
    found = {}
    for tag, element_ in dataset.items():
        if element_["vr"] == "SQ" and "Value" in element_:
            found[tag] = {**element_, "Value": [inlined(each, data) for each in element_["Value"]]}
        elif "BulkDataURI" in element_ and element_["vr"] in BULK_VRS:
            bulk = base64.b64encode(referenced(element_["BulkDataURI"], data)).decode()
            found[tag] = {"vr": element_["vr"], "InlineBinary": bulk}
        elif int(tag, 16) not in PIXELS:
            found[tag] = element_
    return {tag: element_ for tag, element_ in found.items() if int(tag, 16) not in PIXELS}


def referenced(uri: str, data: bytes) -> bytes:
    """What lies where a reference says, in the instance or in what its data set inflates to."""
    found = read_reference(uri)
    assert found is not None
    if found.inflated:
        start = read_head(BytesSource(data), DEFAULT_LIMITS).start
        data = zlib.decompressobj(packing_of(data[start : start + 16])).decompress(data[start:])
    assert found.offset + found.length <= len(data)
    return data[found.offset : found.offset + found.length]


def pixels_of(dataset: dict[str, Any], data: bytes) -> bytes | None:
    """Pixel data as the reference names it, without the delimiter behind fragments."""
    element_ = next((dataset[f"{tag:08X}"] for tag in PIXELS if f"{tag:08X}" in dataset), {})
    if "BulkDataURI" not in element_:
        return None
    return referenced(element_["BulkDataURI"], data).removesuffix(bytes.fromhex("feffdde000000000"))


def differences(ours: dict[str, Any], pydicoms: dict[str, Any], *, big: bool) -> list[Any]:
    """Tags that differ, except words that only pydicom leaves big endian."""
    found = []
    for tag in ours.keys() | pydicoms.keys():
        our, their = ours.get(tag, {}), pydicoms.get(tag, {})
        if our.get("vr") == "SQ" == their.get("vr") and len(our.get("Value", [])) == len(
            their.get("Value", [])
        ):
            for mine, other in zip(our.get("Value", []), their.get("Value", []), strict=True):
                found += differences(mine, other, big=big)
        elif "InlineBinary" in their and (not our or (big and their["vr"] == "OW")):
            continue
        elif plain({"vr": "", **our}) != plain({"vr": "", **their}):
            found.append((tag, our, their))
    return found


def test_every_real_file_reads_as_pydicom_reads_it() -> None:
    compared = 0
    for real in (real for real in packaged() + corpus() if real.kind == "dicom"):
        data = real.path.read_bytes()
        with warnings.catch_warnings(action="ignore"):
            findings, facts = inspect_dicom(BytesSource(data))
            codes = {finding.code for finding in findings}
            if not facts or codes & {"value_not_valid", "encoding_differs"}:
                continue
            expected = theirs(pydicom.dcmread(io.BytesIO(data), force=True, stop_before_pixels=True))
            read = pydicom.dcmread(io.BytesIO(data), force=True)
        ours = inlined(facts.dicom, data)
        assert differences(ours, expected, big=facts.transfer_syntax == BIG) == [], real
        pixels = next((read[tag].value for tag in PIXELS if tag in read), None)
        if not codes & {"pixel_delimiter_missing", "pixel_data_longer"}:  # pydicom reads on, or not at all
            assert (pixels_of(facts.dicom, data) or None) == (pixels or None), real
        compared += 1
    assert compared > 150


@pytest.mark.parametrize(
    ("vr", "value", "read"),
    [
        ("IS", b"12\\-3", [12, -3]),
        ("IS", b"1\\\\3", [1, None, 3]),
        ("DS", b" 1.50\\2e3 ", [1.5, 2000.0]),
        ("US", struct.pack("<2H", 1, 65535), [1, 65535]),
        ("SS", struct.pack("<h", -2), [-2]),
        ("FD", struct.pack("<d", 0.1), [0.1]),
        ("SV", struct.pack("<q", -(2**40)), [-(2**40)]),
        ("AT", bytes.fromhex("0800 1800"), ["00080018"]),
        ("PN", b"Dupont^Anne=A^B", [{"Alphabetic": "Dupont^Anne", "Ideographic": "A^B"}]),
        ("LO", b"a\\b ", ["a", "b"]),
        ("LT", b"a\\b ", ["a\\b"]),
        ("UI", b"1.2\0", ["1.2"]),
    ],
)
def test_values_that_follow_their_type(vr: str, value: bytes, read: list[Any]) -> None:
    assert one(vr, value) == ({"vr": vr, "Value": read}, [])


@pytest.mark.parametrize(
    ("vr", "value", "read"),
    [
        ("IS", b"1A", ["1A"]),
        ("IS", b"1.5", ["1.5"]),
        ("DS", b"n/a\\2", ["n/a", "2"]),
        ("DS", b"nan", ["nan"]),
        ("DS", b"1e999", ["1e999"]),
        ("CS", b"\xe9t\xe9", ["été"]),
        ("IS", b"9" * 5000, ["9" * 5000]),
    ],
)
def test_a_text_that_does_not_is_delivered_as_it_is(vr: str, value: bytes, read: list[Any]) -> None:
    assert one(vr, value) == ({"vr": vr, "Value": read}, ["value_not_valid"])


@pytest.mark.parametrize(("vr", "value"), [("UL", b"abcdef"), ("FD", b"123456"), ("AT", b"12")])
def test_numbers_of_the_wrong_size_are_delivered_as_bytes(vr: str, value: bytes) -> None:
    read, codes = one(vr, value)
    assert read == {"vr": "UN", "InlineBinary": base64.b64encode(value).decode()}
    assert codes == ["value_not_valid"]


def test_numbers_json_does_not_have_travel_as_strings() -> None:
    read, codes = one("FD", struct.pack("<3d", math.nan, math.inf, -math.inf))
    assert (read, codes) == ({"vr": "FD", "Value": ["NaN", "inf", "-inf"]}, [])
    json.dumps(read, allow_nan=False)


def test_binary_values_are_inline_up_to_a_kilobyte_and_little_endian_else_named_by_place() -> None:
    assert one("OW", b"\1\2\3\4")[0] == {"vr": "OW", "InlineBinary": "AQIDBA=="}
    big = part10(identifiers(BIG) + element(0x00281201, "OW", b"\2\1\4\3", syntax=BIG), BIG)
    assert attributes(big)[0]["00281201"] == {"vr": "OW", "InlineBinary": "AQIDBA=="}
    data = part10(identifiers() + element(0x00281201, "OW", b"\7" * 1026))
    large = attributes(data)[0]["00281201"]
    assert (large["vr"], referenced(large["BulkDataURI"], data)) == ("OW", b"\7" * 1026)


def test_bulk_data_in_items_is_named_by_place() -> None:
    samples = bytes(range(256)) * 8
    channel = element(0x54001010, "OW", samples)
    data = part10(identifiers() + element(0x54000100, "SQ", item(b"") + item(channel)))
    first, second = attributes(data)[0]["54000100"]["Value"]
    assert first == {}
    assert referenced(second["54001010"]["BulkDataURI"], data) == samples


def test_padding_and_what_is_empty_have_no_reference() -> None:
    data = part10(identifiers() + element(0x7FE00010, "OW", b"") + element(0xFFFCFFFC, "OB", bytes(2000)))
    found = attributes(data)[0]
    assert "FFFCFFFC" not in found
    assert found["7FE00010"] == {"vr": "OW"}


def test_texts_follow_the_character_set_also_inside_sequences() -> None:
    name = element(0x00100010, "PN", "Éloïse^Zoé".encode())
    nested = element(0x00081115, "SQ", item(name))
    found, codes = attributes(part10(element(0x00080005, "CS", b"ISO_IR 192") + nested + identifiers()))
    assert "value_not_valid" not in codes
    assert found["00081115"]["Value"][0]["00100010"]["Value"] == [{"Alphabetic": "Éloïse^Zoé"}]


def test_a_broken_character_set_or_text_costs_letters_not_the_instance() -> None:
    broken = element(0x00080005, "CS", b"KLINGON") + element(0x00081030, "LO", b"\xff\xfe")
    with warnings.catch_warnings(action="ignore"):
        found, codes = attributes(part10(broken + identifiers()))
    assert "value_not_valid" in codes
    assert found["00081030"]["vr"] == "LO"


def test_implicit_elements_take_their_type_from_the_dictionary() -> None:
    signed = element(0x00280103, "US", b"\1\0", syntax=IMPLICIT) + element(
        0x00280106, "SS", b"\xff\xff", syntax=IMPLICIT
    )
    found, _ = attributes(part10(identifiers(IMPLICIT) + signed, IMPLICIT))
    assert found["00280106"] == {"vr": "SS", "Value": [-1]}
    assert found["00100020"]["vr"] == "LO"


def test_private_elements_take_theirs_from_their_creators_dictionary() -> None:
    private = element(0x00190010, "LO", b"GEMS_ACQU_01", syntax=IMPLICIT)
    private += element(0x00191002, "SL", b"\5\0\0\0", syntax=IMPLICIT)
    found, _ = attributes(part10(identifiers(IMPLICIT) + private, IMPLICIT))
    assert found["00191002"] == {"vr": "SL", "Value": [5]}
    orphan = element(0x00191102, "SL", b"\5\0\0\0", syntax=IMPLICIT)
    found, _ = attributes(part10(identifiers(IMPLICIT) + orphan, IMPLICIT))
    assert found["00191102"]["vr"] == "UN"
