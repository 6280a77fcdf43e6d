"""Write one instance of DICOM JSON (PS3.18 annex F) as a data set, Explicit VR Little Endian (PS3.5 §7).

Runs in the sandbox. Bulk data stays outside: where a value is named by a URI the data set has a gap, which
`ingestion/worker/assembly.py` fills with the part of that address. Text is written in UTF-8, as it came.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from content.dicom.value_encoding import BINARY_VRS, LONG_VRS, TAG, VRS, encode_value
from content.limits import Limits
from content.verdicts import Finding, Rejected

SOP_CLASS, SOP_INSTANCE, CHARACTER_SET = "00080016", "00080018", "00080005"
_UID = re.compile(r"[0-9A-Za-z._-]{1,64}")  # what the validators admit
LONGEST_URI = 2048
UNDEFINED = 0xFFFFFFFF
LARGEST_LONG, LARGEST_SHORT = 0xFFFFFFFE, 0xFFFE
_VALUES = ("Value", "BulkDataURI", "InlineBinary")  # an attribute has one of them (PS3.18 §F.2.2)
_UTF_8 = {"vr": "CS", "Value": ["ISO_IR 192"]}


@dataclass(frozen=True, slots=True)
class Gap:
    """An element whose value is bulk data. `uri` is what the metadata calls it."""

    tag: str
    vr: str
    uri: str


@dataclass(frozen=True, slots=True)
class EncodedInstance:
    """A data set in order: bytes and gaps. UIDs and `syntax` as the metadata has them; `syntax` may be ""."""

    sop_class: str
    sop: str
    syntax: str
    segments: tuple[bytes | Gap, ...]
    warnings: tuple[Finding, ...] = ()


class NotEncodable(Rejected):
    """Raised for an instance; carries the UIDs found so far for the answer to the sender."""

    def __init__(self, code: str, where: str | None, sop_class: str = "", sop: str = "") -> None:
        super().__init__(code, where)
        self.sop_class, self.sop = sop_class, sop


def encode_instance(dataset: Mapping[str, Any], limits: Limits) -> EncodedInstance:
    """Write one data set. Raises `NotEncodable`."""
    sop_class, sop = _uid(dataset, SOP_CLASS), _uid(dataset, SOP_INSTANCE)
    try:
        if not sop_class or not sop:
            raise Rejected("uid_missing", SOP_INSTANCE if sop_class else SOP_CLASS)
        if not (_UID.fullmatch(sop_class) and _UID.fullmatch(sop)):
            raise Rejected("uid_unusable")
        writer = _Writer(limits)
        writer.dataset({**dataset, CHARACTER_SET: _UTF_8}, 0)
    except Rejected as rejected:
        known = (uid if _UID.fullmatch(uid) else "" for uid in (sop_class, sop))
        raise NotEncodable(rejected.finding.code, rejected.finding.where, *known) from None
    syntax = _uid(dataset, "00020010")
    syntax = syntax if _UID.fullmatch(syntax) else ""
    return EncodedInstance(sop_class, sop, syntax, writer.segments(), tuple(writer.warnings))


def header(tag: str, vr: str, length: int) -> bytes:
    """Tag, VR and length of an element."""
    start = struct.pack("<HH", int(tag[:4], 16), int(tag[4:], 16)) + vr.encode("ascii")
    return start + (struct.pack("<xxI", length) if vr in LONG_VRS else struct.pack("<H", length))


def padded(vr: str, value: bytes) -> bytes:
    """Values have an even length (PS3.5 §6.2): identifiers and bytes end with a zero, text with a space."""
    return value + (b"\0" if vr in BINARY_VRS or vr == "UI" else b" ") * (len(value) % 2)


def _item(element: int, length: int) -> bytes:
    return struct.pack("<HHI", 0xFFFE, element, length)


ITEM_START, ITEM_END, SEQUENCE_END = _item(0xE000, UNDEFINED), _item(0xE00D, 0), _item(0xE0DD, 0)


class _Writer:
    """Appends elements; `where` of a refusal is the tag."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._elements = 0
        self.warnings: list[Finding] = []
        self._segments: list[bytes | Gap] = []
        self._held: list[bytes] = []

    def segments(self) -> tuple[bytes | Gap, ...]:
        self._flush()
        return tuple(self._segments)

    def dataset(self, dataset: Mapping[str, Any], depth: int) -> None:
        if depth > self._limits.depth:
            raise Rejected("nested_too_deep")
        for tag in dataset:
            if not TAG.fullmatch(tag):
                raise Rejected("metadata_not_valid")
        if len({tag.upper() for tag in dataset}) != len(dataset):
            raise Rejected("metadata_member_twice")
        for tag in sorted(dataset, key=str.upper):
            if tag[:4] == "0002" or tag[4:] == "0000":
                continue  # file meta and group lengths are not of the data set (PS3.18 §F.2)
            self._element(tag.upper(), dataset[tag], depth)

    def _element(self, tag: str, attribute: Any, depth: int) -> None:
        self._elements += 1
        if self._elements > self._limits.elements:
            raise Rejected("too_many_elements")
        vr = attribute.get("vr") if isinstance(attribute, dict) else None
        if not isinstance(vr, str) or vr not in VRS:
            raise Rejected("metadata_not_valid", tag)
        if sum(1 for name in _VALUES if attribute.get(name)) > 1:
            raise Rejected("metadata_not_valid", tag)
        if "BulkDataURI" in attribute:
            self._gap(tag, vr, attribute["BulkDataURI"])
        elif vr == "SQ":
            self._sequence(tag, attribute.get("Value", []), depth)
        else:
            self._value(tag, vr, encode_value(tag, vr, attribute))
            if (
                vr == "PN"
                and not self.warnings
                and any(isinstance(n, str) for n in attribute.get("Value", []))
            ):
                self.warnings.append(Finding("metadata_name_plain", tag))

    def _gap(self, tag: str, vr: str, uri: Any) -> None:
        if vr == "SQ" or not isinstance(uri, str) or not 0 < len(uri) <= LONGEST_URI:
            raise Rejected("metadata_not_valid", tag)
        self._flush()
        self._segments.append(Gap(tag, vr, uri))

    def _sequence(self, tag: str, items: Any, depth: int) -> None:
        if not isinstance(items, list):
            raise Rejected("metadata_not_valid", tag)
        self._held.append(header(tag, "SQ", UNDEFINED))
        for each in items:
            if not isinstance(each, dict):
                raise Rejected("metadata_not_valid", tag)
            self._held.append(ITEM_START)
            # an item has the character set of the whole (PS3.3 §C.12.1.1.2)
            self.dataset({name: each[name] for name in each if name != CHARACTER_SET}, depth + 1)
            self._held.append(ITEM_END)
        self._held.append(SEQUENCE_END)

    def _value(self, tag: str, vr: str, value: bytes) -> None:
        value = padded(vr, value)
        if len(value) > (LARGEST_LONG if vr in LONG_VRS else LARGEST_SHORT):
            raise Rejected("metadata_not_valid", tag)
        self._held += (header(tag, vr, len(value)), value)

    def _flush(self) -> None:
        if self._held:
            self._segments.append(b"".join(self._held))
            self._held = []


def _uid(dataset: Mapping[str, Any], tag: str) -> str:
    attribute = dataset.get(tag)
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    return values[0] if isinstance(values, list) and values and isinstance(values[0], str) else ""
