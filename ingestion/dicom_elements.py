"""DICOM elements as they are written: tags, encodings, headers, and what a walk yields (PS3.5 §7.1)."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from ingestion.verdicts import Finding, Rejected

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS = (0x7FE00010, 0x7FE00008, 0x7FE00009)
# PS3.5 table 7.1-2: two-byte lengths; every other VR, known or to come, has four (PS3.5 §7.1.2)
SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
ENCAPSULATED_DOCUMENT, TRAILING_PADDING = 0x00420011, 0xFFFCFFFC
# values that are never metadata, whatever their length
NEVER_KEPT = frozenset((*PIXEL_TAGS, ENCAPSULATED_DOCUMENT, TRAILING_PADDING))
BULK_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
# twice in one data set, readers would disagree about what the instance is
UNIQUE_TAGS = frozenset((0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00100020, *PIXEL_TAGS))


@dataclass(frozen=True, slots=True)
class Encoding:
    """How elements are written (PS3.5 §7.1, §10)."""

    implicit: bool
    little: bool


EXPLICIT_LITTLE = Encoding(implicit=False, little=True)
IMPLICIT_LITTLE = Encoding(implicit=True, little=True)
EXPLICIT_BIG = Encoding(implicit=False, little=False)


class Raw(NamedTuple):
    """An element as written; `vr` None where the encoding does not carry one."""

    vr: str | None
    value: bytes


@dataclass(slots=True)
class DataSet:
    """Elements by tag, in the order read; a sequence is the list of its items."""

    encoding: Encoding
    elements: "dict[int, Raw | list[DataSet]]" = field(default_factory=dict)


@dataclass(slots=True)
class Bulk:
    """A value that was stepped over. `fragments` are the encapsulated pieces (offset, length), item headers
    excluded, the first of them the basic offset table; `None` for a native value."""

    tag: int
    vr: str | None
    offset: int
    length: int
    fragments: list[tuple[int, int]] | None = None


@dataclass(slots=True)
class Structure:
    """A walked data set. `bulk` holds the stepped-over values of the top level."""

    dataset: DataSet
    bulk: dict[int, Bulk] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    end: int = 0


def read_header(encoding: Encoding, raw: bytes) -> tuple[int, str | None, int, int]:
    """(tag, VR, length, size of the header) of the element whose first twelve bytes are `raw`."""
    order = "<" if encoding.little else ">"
    group, element = struct.unpack_from(order + "HH", raw)
    tag = group << 16 | element
    if encoding.implicit or group == 0xFFFE:
        return tag, None, struct.unpack_from(order + "I", raw, 4)[0], 8
    code = raw[4:6]
    if code in SHORT_VRS:
        return tag, code.decode(), struct.unpack_from(order + "H", raw, 6)[0], 8
    if not (code.isalpha() and code.isupper()):
        raise Rejected("element_not_valid", tag_name(tag))
    if len(raw) < 12:
        raise Rejected("truncated", tag_name(tag))
    return tag, code.decode("ascii", "replace"), struct.unpack_from(order + "I", raw, 8)[0], 12


def tag_name(tag: int) -> str:
    return f"{tag:08X}"
