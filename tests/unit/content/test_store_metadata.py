"""DICOM JSON and Native DICOM XML become the data set they describe; pydicom and dcmtk are the oracles."""

import base64
import json
import subprocess
from dataclasses import replace
from typing import Any

import pydicom
import pytest
from pydicom.encaps import generate_frames

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.dicom.metadata.store_request import encode_json, encode_xml
from content.limits import DEFAULT_LIMITS
from content.verdicts import Finding, Outcome, worst
from tests.services.processes import debian
from tests.unit.content.assembled import assemble, instances_of, minimal
from tests.unit.content.metadata_forms import as_json, read, xml_part
from tests.unit.content.real_files import RealFile, packaged

JSON, XML = "application/dicom+json", "application/dicom+xml"
BASE = "http://sender.example/bulk"
Dataset = dict[str, Any]


def rebuilt(dataset: pydicom.Dataset, *, xml: bool = False) -> bytes:
    """The Part 10 instance that comes out when a data set is sent as metadata and bulk data."""
    metadata, bulk = as_json(dataset, BASE)
    document = xml_part(metadata).partition(b"\r\n\r\n")[2] if xml else json.dumps([metadata]).encode()
    (instance,), content, assembler = assemble(instances_of(document, xml=xml), bulk)
    assert instance.failure is None
    assert assembler.complete
    return content.read(0, instance.length)


def comparable(dataset: pydicom.Dataset) -> Dataset:
    """What a data set says, without how it is encoded."""
    found = dataset.to_json_dict()
    syntax = dataset.file_meta.TransferSyntaxUID
    found["compressed"] = str(syntax) if syntax.is_encapsulated else ""
    if syntax.is_encapsulated and "PixelData" in dataset:
        count = int(dataset.get("NumberOfFrames", 1) or 1)
        found["7FE00010"] = list(generate_frames(dataset.PixelData, number_of_frames=count))
    return _plain(found)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        # the character set becomes UTF-8, group lengths go (PS3.18 section F.2)
        kept = {name: each for name, each in value.items() if name != "00080005" and name[4:] != "0000"}
        if kept.get("Value") == [{"Alphabetic": "^^^^"}]:
            del kept["Value"]
        return {name: _plain(each) for name, each in kept.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return value.rstrip("^")  # empty components of a name
    return round(value, 6) if isinstance(value, float) else value


def real(limit: int = 400_000) -> list[RealFile]:
    found = []
    for file in packaged():
        data = file.path.read_bytes()
        if len(data) > limit or data[128:132] != b"DICM":
            continue
        if worst(inspect_dicom(BytesSource(data), DEFAULT_LIMITS)[0]) is Outcome.ACCEPT:
            found.append(file)
    return found


REAL = real()


@pytest.mark.parametrize("file", REAL, ids=str)
def test_a_real_instance_sent_as_json_is_the_same_instance(file: RealFile) -> None:
    original = pydicom.dcmread(file.path)
    again = rebuilt(original)
    assert comparable(read(again)) == comparable(original)


@pytest.mark.parametrize("file", REAL[::4], ids=str)
def test_a_real_instance_sent_as_xml_is_the_same_instance(file: RealFile) -> None:
    original = pydicom.dcmread(file.path)
    assert comparable(read(rebuilt(original, xml=True))) == comparable(original)


@pytest.mark.parametrize("name", ["CT_small.dcm", "reportsi.dcm", "test-SR.dcm"])
def test_what_dcmtk_writes_as_xml_is_understood(name: str) -> None:
    debian("dcm2xml", "dcmtk")
    file = next(file for file in packaged() if file.path.name == name)
    options = ("--native-format", "--use-xml-namespace", "--encode-base64")
    written = subprocess.run(
        ["dcm2xml", *options, "--convert-to-utf8", file.path], capture_output=True, check=True
    )
    (encoded,) = instances_of(written.stdout, xml=True)
    (instance,), content, _ = assemble([encoded], [])
    again, original = read(content.read(0, instance.length)), pydicom.dcmread(file.path)
    assert comparable(again).keys() == comparable(original).keys()
    assert again.SOPInstanceUID == original.SOPInstanceUID
    # dcmtk 3.6.7 writes words big endian, against PS3.19 table A.1.5-2
    assert len(again.get("PixelData", b"")) == len(original.get("PixelData", b""))
    assert str(again.get("PatientName")) == str(original.get("PatientName"))


def test_private_elements_by_creator_get_their_block() -> None:
    document = b"""<NativeDicomModel>
      <DicomAttribute tag="00080016" vr="UI"><Value number="1">1.2</Value></DicomAttribute>
      <DicomAttribute tag="00080018" vr="UI"><Value number="1">1.3</Value></DicomAttribute>
      <DicomAttribute tag="00090010" vr="LO"><Value number="1">ONE</Value></DicomAttribute>
      <DicomAttribute tag="00090001" vr="LO" privateCreator="ONE"><Value number="1">a</Value></DicomAttribute>
      <DicomAttribute tag="00090010" vr="LO" privateCreator="TWO"><Value number="1">b</Value></DicomAttribute>
      <DicomAttribute tag="00091102" vr="LO" privateCreator="TWO"><Value number="1">c</Value></DicomAttribute>
    </NativeDicomModel>"""
    (instance,), content, _ = assemble(instances_of(document, xml=True), [])
    dataset = read(content.read(0, instance.length))
    assert dataset.private_block(0x0009, "ONE")[0x01].value == "a"
    assert [dataset.private_block(0x0009, "TWO")[n].value for n in (0x10, 0x02)] == ["b", "c"]


@pytest.mark.parametrize("file", REAL[::10], ids=str)
def test_the_rebuilt_instance_is_accepted_like_the_original(file: RealFile) -> None:
    findings, _ = inspect_dicom(BytesSource(rebuilt(pydicom.dcmread(file.path))), DEFAULT_LIMITS)
    assert worst(findings) in (Outcome.ACCEPT, Outcome.WARN)


def value_of(attribute: Dataset, tag: str = "00091001") -> bytes:
    """The raw value that one attribute is written with."""
    (encoded,) = instances_of(json.dumps([minimal(**{f"_{tag}": attribute})]).encode())
    assert encoded.failure is None, encoded.failure
    (instance,), content, _ = assemble([encoded], [])
    element = read(content.read(0, instance.length)).get_item(tag)
    return element.value or b""


VALUES: dict[str, tuple[Dataset, bytes]] = {
    "nothing": ({"vr": "LO"}, b""),
    "null between values": ({"vr": "LO", "Value": ["a", None, "b"]}, b"a\\\\b"),
    "text beyond ASCII": ({"vr": "LO", "Value": ["é"]}, "é".encode()),
    "decimals as they were written": ({"vr": "DS", "Value": [0.50, "1e2"]}, b"0.5\\1e2 "),
    "a decimal with more digits than DICOM has": ({"vr": "DS", "Value": [1 / 3]}, b"0.33333333333333"),
    "an integer beyond a double": ({"vr": "UV", "Value": [2**64 - 1]}, b"\xff" * 8),
    "a number written as text": ({"vr": "SV", "Value": ["-1"]}, b"\xff" * 8),
    "a tag": ({"vr": "AT", "Value": ["00100020"]}, b"\x10\x00\x20\x00"),
    "two tags": ({"vr": "AT", "Value": ["00100020", "7FE00010"]}, b"\x10\x00\x20\x00\xe0\x7f\x10\x00"),
    "not a number": ({"vr": "FL", "Value": ["NaN"]}, b"\x00\x00\xc0\x7f"),
    "an identifier": ({"vr": "UI", "Value": ["1.2.3"]}, b"1.2.3\0"),
    "bytes": ({"vr": "OB", "InlineBinary": base64.b64encode(b"abc").decode()}, b"abc\0"),
    "long text with a backslash": ({"vr": "UT", "Value": ["a\\b"]}, b"a\\b "),
    "a name": (
        {"vr": "PN", "Value": [{"Alphabetic": "A^B", "Phonetic": "C"}, {"Alphabetic": "D"}]},
        b"A^B==C\\D",
    ),
}


@pytest.mark.parametrize("case", VALUES)
def test_values_are_written_as_the_standard_has_them(case: str) -> None:
    attribute, raw = VALUES[case]
    assert value_of(attribute) == raw


NOT_VALID: dict[str, Dataset] = {
    "no VR": {"Value": ["a"]},
    "a VR that is not": {"vr": "ZZ", "Value": ["a"]},
    "no attribute": [],  # type: ignore[dict-item]
    "two values in one": {"vr": "LO", "Value": ["a\\b"]},
    "values of a binary VR": {"vr": "OB", "Value": [1]},
    "too large a number": {"vr": "US", "Value": [65536]},
    "no number": {"vr": "US", "Value": ["x"]},
    "a number of a million digits": {"vr": "UV", "Value": ["1" * 10**6]},
    "a truth": {"vr": "LO", "Value": [True]},
    "no base64": {"vr": "OB", "InlineBinary": "é"},
    "a name of unknown groups": {"vr": "PN", "Value": [{"Other": "x"}]},
    "an item that is none": {"vr": "SQ", "Value": ["x"]},
    "a sequence as bulk data": {"vr": "SQ", "BulkDataURI": "x"},
    "bulk data without address": {"vr": "OB", "BulkDataURI": ""},
    "a short text of 70 kB": {"vr": "LO", "Value": ["x" * 70_000]},
}


@pytest.mark.parametrize("case", NOT_VALID)
def test_an_attribute_that_cannot_be_written_refuses_its_instance_alone(case: str) -> None:
    bad = minimal(_00091001=NOT_VALID[case])
    first, second = instances_of(json.dumps([bad, minimal()]).encode())
    assert first.failure == Finding("metadata_not_valid", "00091001")
    assert first.sop == "1.2.3.4"
    assert second.failure is None


def test_identifiers_are_mandatory_and_usable() -> None:
    for uid, code in ((None, "uid_missing"), ("", "uid_missing"), ("../x", "uid_unusable")):
        (encoded,) = instances_of(json.dumps([minimal(_00080018={"vr": "UI", "Value": [uid]})]).encode())
        assert encoded.failure is not None
        assert encoded.failure.code == code


def test_sequences_beyond_the_limit_refuse_the_instance() -> None:
    nested: Dataset = {"vr": "LO", "Value": ["x"]}
    for _ in range(DEFAULT_LIMITS.depth + 2):
        nested = {"vr": "SQ", "Value": [{"00091001": nested}]}
    (encoded,) = instances_of(json.dumps([minimal(_00091001=nested)]).encode())
    assert encoded.failure == Finding("nested_too_deep", None)


UNREADABLE = {
    "nothing": b"",
    "white space": b"   ",
    "an empty array": b"[]",
    "a text": b'"x"',
    "numbers": b"[1, 2]",
    "cut": json.dumps([minimal()]).encode()[:-1],
    "another value behind": json.dumps([minimal()]).encode() + b"[]",
    "not UTF-8": '[{"00080016": {"vr": "LO", "Value": ["é"]}}]'.encode("latin-1"),
    "NaN": b'[{"00080016": {"vr": "FL", "Value": [NaN]}}]',
    "a hundred thousand brackets": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000,
    "XML": b"<NativeDicomModel/>",
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_metadata_is_told(case: str) -> None:
    findings, _ = encode_json(BytesSource(UNREADABLE[case]), DEFAULT_LIMITS)
    assert [finding.code for finding in findings] == ["metadata_unreadable"]


UNREADABLE_XML = {
    "nothing": b"",
    "JSON": json.dumps([minimal()]).encode(),
    "another root": b"<html/>",
    "cut": b"<NativeDicomModel><DicomAttribute",
    "no tag": b'<NativeDicomModel><DicomAttribute vr="LO"/></NativeDicomModel>',
    "entities": b'<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel>&a;</NativeDicomModel>',
    "an outer entity": b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><NativeDicomModel/>',
    "a value out of reach": b'<NativeDicomModel><DicomAttribute tag="00080016" vr="UI">'
    b'<Value number="999999999">1</Value></DicomAttribute></NativeDicomModel>',
    "an unknown element": b'<NativeDicomModel><DicomAttribute tag="00080016" vr="UI"><X number="1"/>'
    b"</DicomAttribute></NativeDicomModel>",
}


@pytest.mark.parametrize("case", UNREADABLE_XML)
def test_what_is_no_native_model_is_told(case: str) -> None:
    findings, _ = encode_xml(BytesSource(UNREADABLE_XML[case]), DEFAULT_LIMITS)
    assert [finding.code for finding in findings] == ["metadata_unreadable"]


def attribute(inner: str, vr: str = "UI", tag: str = "00080016") -> str:
    return f'<DicomAttribute tag="{tag}" vr="{vr}">{inner}</DicomAttribute>'


TWICE: dict[str, tuple[bool, str]] = {
    "an attribute": (False, '[{"00080016": {"vr": "UI"}, "00080016": {"vr": "UI"}}]'),
    "a member": (False, '[{"00080016": {"vr": "UI", "Value": ["1"], "Value": ["2"]}}]'),
    "a VR": (False, '[{"00080016": {"vr": "UI", "vr": "LO"}}]'),
    "a component": (False, '[{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "A", "Alphabetic": "B"}]}}]'),
    "an attribute of an item": (
        False,
        '[{"00081140": {"vr": "SQ", "Value": [{"00080016": {"vr": "UI"}, "00080016": {"vr": "UI"}}]}}]',
    ),
    "an attribute of XML": (True, attribute("") * 2),
    "a value of XML": (True, attribute('<Value number="1">1</Value><Value number="1">2</Value>')),
    "bulk data of XML": (True, attribute('<BulkData uri="a"/><BulkData uri="b"/>', "OW", "7FE00010")),
    "bytes of XML": (
        True,
        attribute("<InlineBinary>AA==</InlineBinary><InlineBinary>AQ==</InlineBinary>", "OW", "7FE00010"),
    ),
    "a group of a name of XML": (
        True,
        attribute('<PersonName number="1"><Alphabetic/><Alphabetic/></PersonName>', "PN", "00100010"),
    ),
    "a component of a name of XML": (
        True,
        attribute(
            '<PersonName number="1"><Alphabetic><FamilyName>A</FamilyName><FamilyName>B</FamilyName>'
            "</Alphabetic></PersonName>",
            "PN",
            "00100010",
        ),
    ),
}


@pytest.mark.parametrize("case", TWICE)
def test_what_is_given_twice_is_never_half_taken(case: str) -> None:
    xml, text = TWICE[case]
    document = f"<NativeDicomModel>{text}</NativeDicomModel>" if xml else text
    findings, _ = (encode_xml if xml else encode_json)(BytesSource(document.encode()), DEFAULT_LIMITS)
    assert [finding.code for finding in findings] == ["metadata_member_twice"]


@pytest.mark.parametrize(
    ("more", "failure"),
    [
        ({"0008103e": {"vr": "LO"}, "0008103E": {"vr": "LO"}}, ["metadata_member_twice", None]),
        (
            {"7FE00010": {"vr": "OW", "BulkDataURI": "p", "InlineBinary": "AAA="}},
            ["metadata_not_valid", "7FE00010"],
        ),
        (
            {"0008103E": {"vr": "LO", "BulkDataURI": "p", "Value": ["a"]}},
            ["metadata_not_valid", "0008103E"],
        ),
    ],
    ids=["a tag in two cases", "two kinds of bytes", "a value and its address"],
)
def test_an_attribute_has_one_value(more: dict[str, Any], failure: list[str | None]) -> None:
    _, facts = encode_json(BytesSource(json.dumps([minimal() | more]).encode()), DEFAULT_LIMITS)
    (encoded,) = facts.instances
    assert encoded.failure == Finding(*failure)


TOO_MUCH = {
    "objects": (False, b"[" + b"{}," * 20_000 + b"{}]", "metadata_too_large"),
    "items": (
        False,
        b'[{"00091001": {"vr": "SQ", "Value": [' + b"{}," * 2_000 + b"{}]}}]",
        "metadata_too_large",
    ),
    "elements of XML": (True, b"<NativeDicomModel>" + b"<a/>" * 2_000, "metadata_too_large"),
    "depth of XML": (True, b"<NativeDicomModel>" + b"<a>" * 999, "nested_too_deep"),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_more_than_can_be_examined_is_refused_before_it_is_built(case: str) -> None:
    xml, document, code = TOO_MUCH[case]
    limits = replace(DEFAULT_LIMITS, kept_elements=500)
    findings, _ = (encode_xml if xml else encode_json)(BytesSource(document), limits)
    assert [finding.code for finding in findings] == [code]


def raw_data(**more: Dataset) -> Dataset:
    uids = {
        "00080016": "1.2.840.10008.5.1.4.1.1.66",
        "00080018": "1.2.3",
        "0020000D": "1.2",
        "0020000E": "1.2.1",
    }
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in uids.items()} | more


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("DUPONT^Alix", "DUPONT^Alix"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("", ""),
    ],
)
def test_a_name_as_plain_text_is_that_name_with_a_warning(value: str, name: str) -> None:
    document = json.dumps([raw_data(**{"00100010": {"vr": "PN", "Value": [value]}})]).encode()
    (encoded,) = instances_of(document)
    assert encoded.warnings == (Finding("metadata_name_plain", "00100010"),)
    (instance,), content, _ = assemble([encoded], [])
    assert str(read(content.read(0, instance.length)).PatientName) == name


@pytest.mark.parametrize("value", ["A\\B", "a=b=c=d", True])
def test_a_name_that_plain_text_cannot_hold_is_refused(value: Any) -> None:
    document = json.dumps([raw_data(**{"00100010": {"vr": "PN", "Value": [value]}})]).encode()
    (encoded,) = instances_of(document)
    assert encoded.failure == Finding("metadata_not_valid", "00100010")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_metadata_in_utf_16_is_told_by_its_byte_order_mark(encoding: str) -> None:
    named = raw_data(**{"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Zoé"}]}})
    plain = json.dumps([named], ensure_ascii=False)
    document = ("\ufeff" + plain).encode(encoding)
    findings, facts = encode_json(BytesSource(document), DEFAULT_LIMITS)
    assert [finding.code for finding in findings] == ["metadata_not_utf8"]
    assert facts == encode_json(BytesSource(plain.encode()), DEFAULT_LIMITS)[1]
    for declared in ("utf-16", "utf-8"):
        xml = xml_part(named).partition(b"\r\n\r\n")[2].decode().replace("utf-8", declared)
        findings, facts = encode_xml(BytesSource(("\ufeff" + xml).encode(encoding)), DEFAULT_LIMITS)
        assert findings == []  # any XML may be UTF-16
        assert facts == encode_xml(BytesSource(xml_part(named).partition(b"\r\n\r\n")[2]), DEFAULT_LIMITS)[1]


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("US", "1_0"),
        ("US", "٣"),
        ("SL", " 1"),
        ("FD", "1_0.5"),
        ("FL", "infinitely"),
        ("DS", "1_000000000000000000.5"),
    ],
)
def test_numbers_that_only_python_would_read_are_refused(vr: str, value: str) -> None:
    document = json.dumps([raw_data(**{"00281050": {"vr": vr, "Value": [value]}})]).encode()
    (encoded,) = instances_of(document)
    assert encoded.failure == Finding("metadata_not_valid", "00281050")
