"""Write the DICOMDIR of one study's files (PS3.10 section 8, PS3.3 annex F) from DICOM JSON.

The description of the study that was made at its deposit is what it needs; no file is opened.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from content.dicom.data_set_encoding import (
    CHARACTER_SET,
    LARGEST_SHORT,
    SOP_CLASS,
    SOP_INSTANCE,
    header,
    padded,
)
from content.dicom.value_encoding import encode_value
from content.verdicts import Rejected

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
IMPLEMENTATION_UID = "2.25.109146193925914893306158403273229297041"
_UTF_8 = {"vr": "CS", "Value": ["ISO_IR 192"]}
_IN_USE = 0xFFFF
_LONGEST_UID = 64
_KEYS = {
    "PATIENT": ("00100010", "00100020"),
    "STUDY": ("00080020", "00080030", "00080050", "00081030", "0020000D", "00200010"),
    "SERIES": ("00080060", "0008103E", "0020000E", "00200011"),
}
_OF_AN_INSTANCE = ("00080023", "00080033", "00200013", "0040A491", "0040A493", "00420010", "00420012")
_VRS = {
    "00080020": "DA",
    "00080023": "DA",
    "00080030": "TM",
    "00080033": "TM",
    "00080050": "SH",
    "00080060": "CS",
    "00081030": "LO",
    "0008103E": "LO",
    "00100010": "PN",
    "00100020": "LO",
    "0020000D": "UI",
    "0020000E": "UI",
    "00200010": "SH",
    "00200011": "IS",
    "00200013": "IS",
    "0040A491": "CS",
    "0040A493": "CS",
    "00420010": "ST",
    "00420012": "LO",
}
_TYPES = {
    "1.2.840.10008.5.1.4.1.1.9.": "WAVEFORM",
    "1.2.840.10008.5.1.4.1.1.11.": "PRESENTATION",
    "1.2.840.10008.5.1.4.1.1.66": "RAW DATA",
    "1.2.840.10008.5.1.4.1.1.66.4": "IMAGE",
    "1.2.840.10008.5.1.4.1.1.88.": "SR DOCUMENT",
    "1.2.840.10008.5.1.4.1.1.88.59": "KEY OBJECT DOC",
    "1.2.840.10008.5.1.4.1.1.104.": "ENCAP DOC",
}
"""Record types by the start of the SOP class, the longest that fits (PS3.3 table F.4-1); else IMAGE."""

LISTED = frozenset(
    (SOP_CLASS, SOP_INSTANCE, *_OF_AN_INSTANCE, *_KEYS["PATIENT"], *_KEYS["STUDY"], *_KEYS["SERIES"])
)
"""The attributes that a directory is written from."""

Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of the medium: the components of its name, its transfer syntax, its attributes."""

    name: tuple[str, ...]
    transfer_syntax: str
    attributes: Attributes


@dataclass
class _Record:
    """A directory record; `position` is the offset of its item from the start of the file."""

    body: bytes
    lower: "list[_Record]" = field(default_factory=list)
    position: int = 0

    def all(self) -> "list[_Record]":
        return [self, *(each for one in self.lower for each in one.all())]


def write_directory(files: Sequence[ListedFile]) -> bytes:
    """The directory of files of one study, in their order, grouped by series."""
    patient = _group("PATIENT", files[0].attributes)
    study = _group("STUDY", files[0].attributes)
    patient.lower.append(study)
    series: dict[str, _Record] = {}
    for file in files:
        uid = _first(file.attributes, "0020000E")
        if uid not in series:
            series[uid] = _group("SERIES", file.attributes)
            study.lower.append(series[uid])
        series[uid].lower.append(_Record(_instance(file)))
    return _placed(patient)


def _placed(patient: _Record) -> bytes:
    """Offsets count from the start of the file; each has four bytes, whatever its value."""
    start, records = _meta(), patient.all()
    root = len(start) + len(_root(0, 0))
    position = root
    for record in records:
        record.position = position
        position += len(_item(record, 0))
    following = {
        id(one): other.position
        for each in records
        for one, other in zip(each.lower, each.lower[1:], strict=False)
    }
    items = b"".join(_item(record, following.get(id(record), 0)) for record in records)
    return start + _root(patient.position, len(items)) + items


def _meta() -> bytes:
    meta = b"".join(
        (
            header("00020001", "OB", 2) + b"\0\1",
            _element("00020002", "UI", MEDIA_STORAGE_DIRECTORY),
            _element("00020003", "UI", f"2.25.{uuid4().int}"),
            _element("00020010", "UI", EXPLICIT_LITTLE_ENDIAN),
            _element("00020012", "UI", IMPLEMENTATION_UID),
        )
    )
    return bytes(128) + b"DICM" + header("00020000", "UL", 4) + struct.pack("<I", len(meta)) + meta


def _root(first: int, length: int) -> bytes:
    return b"".join(
        (
            _element("00041130", "CS", "COFFRE"),
            _long("00041200", first),
            _long("00041202", first),
            _short("00041212", 0),
            header("00041220", "SQ", length),
        )
    )


def _item(record: _Record, following: int) -> bytes:
    lower = record.lower[0].position if record.lower else 0
    body = _long("00041400", following) + _short("00041410", _IN_USE) + _long("00041420", lower) + record.body
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body


def _group(kind: str, attributes: Attributes) -> _Record:
    return _Record(_element("00041430", "CS", kind) + _keys(_KEYS[kind], attributes))


def _instance(file: ListedFile) -> bytes:
    sop_class = _first(file.attributes, SOP_CLASS)
    return b"".join(
        (
            _element("00041430", "CS", _type(sop_class)),
            _element("00041500", "CS", "\\".join(file.name)),
            _element("00041510", "UI", sop_class),
            _element("00041511", "UI", _first(file.attributes, SOP_INSTANCE)),
            _element("00041512", "UI", file.transfer_syntax),
            _keys(_OF_AN_INSTANCE, file.attributes, must=("00200013",)),
        )
    )


def _type(sop_class: str) -> str:
    fitting = (start for start in _TYPES if sop_class.startswith(start))
    return _TYPES.get(max(fitting, key=len, default=""), "IMAGE")


def _keys(tags: Sequence[str], attributes: Attributes, must: Sequence[str] | None = None) -> bytes:
    """Keys in the order of their tags; those that `must` be there are empty where nothing is known."""
    must = tags if must is None else must
    found = {tag: attributes.get(tag, {}) for tag in tags if tag in must or tag in attributes}
    encoded = [(CHARACTER_SET, encode_value(CHARACTER_SET, "CS", _UTF_8))]
    encoded += [(tag, _value(tag, attribute)) for tag, attribute in found.items()]
    return b"".join(_raw(tag, _VRS.get(tag, "CS"), value) for tag, value in sorted(encoded))


def _value(tag: str, attribute: Attributes) -> bytes:
    """What cannot be written is left empty: the file itself has it."""
    try:
        found = encode_value(tag, _VRS[tag], _as_text(attribute))
    except Rejected:
        return b""
    return found if len(found) < LARGEST_SHORT else b""


def _as_text(attribute: Attributes) -> Attributes:
    """Numbers as the text that the encoder takes; DICOM JSON has them as numbers (PS3.18 section F.2.3)."""
    values = attribute.get("Value", [])
    is_number = [isinstance(each, int | float) and not isinstance(each, bool) for each in values]
    return (
        {**attribute, "Value": [str(v) if n else v for v, n in zip(values, is_number, strict=True)]}
        if any(is_number)
        else attribute
    )


def _first(attributes: Attributes, tag: str) -> str:
    values = attributes.get(tag, {}).get("Value") or [""]
    return str(values[0])


def _element(tag: str, vr: str, value: str) -> bytes:
    return _raw(tag, vr, value[:_LONGEST_UID].encode("ascii", "replace"))


def _raw(tag: str, vr: str, value: bytes) -> bytes:
    value = padded(vr, value)
    return header(tag, vr, len(value)) + value


def _long(tag: str, value: int) -> bytes:
    return header(tag, "UL", 4) + struct.pack("<I", value)


def _short(tag: str, value: int) -> bytes:
    return header(tag, "US", 2) + struct.pack("<H", value)
