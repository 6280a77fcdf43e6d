"""DICOM elements as they are written: tags, encodings, headers, and what a walk yields (PS3.5 §7.1)."""

import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from pydicom.datadict import dictionary_VR
from pydicom.valuerep import VR

from content.verdicts import Finding, Rejected

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_TAGS = (0x7FE00010, 0x7FE00008, 0x7FE00009)
# PS3.5 table 7.1-2: two-byte lengths; every other VR, known or to come, has four (PS3.5 §7.1.2)
SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US".split())
_SHORT_NAMES = {code: code.decode() for code in SHORT_VRS}
_IMPLICIT_HEADER = struct.Struct("<HHI")
_EXPLICIT_HEADERS = {order: struct.Struct(order + "HH2sH") for order in "<>"}
EXTENDED_OFFSETS, EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
_KNOWN_VRS = frozenset(vr.value.encode() for vr in VR if len(vr.value) == 2)
ENCAPSULATED_DOCUMENT, TRAILING_PADDING = 0x00420011, 0xFFFCFFFC
# what objects hold in the place of an image: spectroscopy data, waveforms, a document
OTHER_CONTENT = frozenset((0x56000020, 0x54000100, ENCAPSULATED_DOCUMENT))
# values that are never metadata, whatever their length
NEVER_KEPT = frozenset(
    (*PIXEL_TAGS, EXTENDED_OFFSETS, EXTENDED_LENGTHS, ENCAPSULATED_DOCUMENT, TRAILING_PADDING)
)
BULK_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
# twice in one data set, readers would disagree about what the instance is
UNIQUE_TAGS = frozenset((0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00100020, *PIXEL_TAGS))


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of elements (PS3.5 §7.1, §10)."""

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
    elements: "dict[int, Raw | Bulk | list[DataSet]]" = field(default_factory=dict)


@dataclass(slots=True)
class Bulk:
    """A value that was stepped over, at `offset` in bytes from the start of what was walked.

    `fragments` are the encapsulated pieces (offset, length), item headers excluded, the first of them the
    basic offset table; `None` for a native value. `delimited` is False where they have no proper delimiter
    behind them.
    """

    tag: int
    vr: str | None
    offset: int
    length: int
    fragments: list[tuple[int, int]] | None = None
    delimited: bool = True


@dataclass(slots=True)
class Structure:
    """A walked data set. `bulk` holds the stepped-over values of the top level, as `dataset` does too."""

    dataset: DataSet
    bulk: dict[int, Bulk] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    end: int = 0


@dataclass(slots=True)
class Level:
    """A data set, or a sequence (`items` is not None), being read. `end` None: up to its delimiter."""

    end: int | None
    room: int  # where the innermost container of known length ends
    dataset: DataSet
    items: list[DataSet] | None = None
    tag: int = 0
    last_tag: int = -1


def read_header(encoding: Encoding, raw: bytes, room: int) -> tuple[int, str | None, int, int]:
    """(tag, VR, length, size of the header) of the element whose first twelve bytes are `raw`.

    The VR is None in implicit encoding, and where no VR is written although the encoding has them: such an
    element of a careless writer is read as implicit, else with a two-byte length, if it then fits into the
    `room` bytes up to the end of what contains it.
    """
    order = "<" if encoding.little else ">"
    if encoding.implicit:
        group, element, length = _IMPLICIT_HEADER.unpack_from(raw)
        return group << 16 | element, None, length, 8
    group, element, code, short = _EXPLICIT_HEADERS[order].unpack_from(raw)
    tag = group << 16 | element
    vr = _SHORT_NAMES.get(code)
    if group == 0xFFFE:
        return tag, None, struct.unpack_from(order + "I", raw, 4)[0], 8
    if vr is not None:
        return tag, vr, short, 8
    if not (code.isalpha() and code.isupper()):
        return tag, None, _length_without_vr(order, raw, tag, room), 8
    if len(raw) < 12:
        raise Rejected("truncated", tag_name(tag))
    return tag, code.decode("ascii", "replace"), struct.unpack_from(order + "I", raw, 8)[0], 12


def _length_without_vr(order: str, raw: bytes, tag: int, room: int) -> int:
    for length in (*struct.unpack_from(order + "I", raw, 4), *struct.unpack_from(order + "H", raw, 6)):
        if length <= room - 8:
            return int(length)
    raise Rejected("element_not_valid", tag_name(tag))


def element_header(
    dataset: DataSet, last_tag: int, raw: bytes, room: int, *, inside: bool
) -> tuple[int, str | None, int, int]:
    """`read_header` for the element that follows `last_tag` (-1: the first) in `dataset`.

    An item may be encoded otherwise than the data set around it, which its first element shows; the encoding
    of `dataset` is then corrected. `inside`: the data set is an item.
    """
    encoding = dataset.encoding
    header = read_header(encoding, raw, room)
    tag, vr, length, _ = header
    if tag >> 16 == 0xFFFE or (vr is not None and (last_tag >= 0 or not inside)):
        return header
    if inside and last_tag < 0 and encoding.little:
        fits = length == UNDEFINED or length <= room - 8
        code = raw[4:6]
        if encoding.implicit and code in _KNOWN_VRS and (not fits or dictionary_vr(tag) == code.decode()):
            dataset.encoding = EXPLICIT_LITTLE
            return read_header(EXPLICIT_LITTLE, raw, room)
        if not encoding.implicit and vr is None:
            dataset.encoding = IMPLICIT_LITTLE
    elif vr is None and not encoding.implicit and tag <= last_tag:
        raise Rejected("element_not_valid", tag_name(tag))  # rather another file's bytes than an element
    return header


def element_follows(encoding: Encoding, tag: int, raw: bytes) -> bool:
    """Whether `raw` starts a later element of the data set than `tag`, as far as its header tells."""
    if len(raw) < 8:
        return False
    try:
        found, vr, _, _ = read_header(encoding, raw.ljust(12, b"\0"), 0)
    except Rejected:
        return False
    known = encoding.implicit or (vr is not None and vr.encode() in _KNOWN_VRS)
    return known and tag < found and found >> 16 != ITEM >> 16


@lru_cache(maxsize=8192)
def dictionary_vr(tag: int) -> str | None:
    """The VR of a standard attribute, perhaps ambiguous ("US or SS"); None of an unknown one (PS3.6)."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return None


def tag_name(tag: int) -> str:
    return f"{tag:08X}"
