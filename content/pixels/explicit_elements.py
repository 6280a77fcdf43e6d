"""Elements written anew in Explicit VR Little Endian, their values byte for byte (PS3.5 §7.1, §7.5, annex A).

Values are not interpreted: text keeps its bytes, whatever its character set, and numbers their digits. Only
the order of the bytes of binary values changes, where the file is big-endian.
"""

import struct
from collections.abc import Iterator, Mapping

import numpy as np
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from content.dicom.elements import ITEM, ITEM_END, SEQUENCE_END, SHORT_VRS, UNDEFINED, dictionary_vr

Overrides = Mapping[int, tuple[str, bytes]]
"""VR and value by tag, in place of what the file has."""

_WIDTHS = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
_LONGEST_SHORT = 0xFFFE
_PIXEL_REPRESENTATION = 0x00280103


def written(tag: int, vr: str, value: bytes) -> bytes:
    """One element of known length."""
    value += b"\0" * (len(value) % 2)
    if vr.encode() in SHORT_VRS and len(value) > _LONGEST_SHORT:
        vr = "UN"  # PS3.5 §6.2.2
    return header(tag, vr, len(value)) + value


def header(tag: int, vr: str, length: int) -> bytes:
    group = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    short = vr.encode() in SHORT_VRS
    return group + (struct.pack("<H", length) if short else struct.pack("<xxI", length))


def rewritten(found: Dataset, overrides: Overrides | None = None, signed: bool = False) -> Iterator[bytes]:
    """The data set's elements in order, none of them converted yet; group lengths, retired and wrong by now,
    are left out.

    `signed`: whether values of no certain type are, which the pixel representation around them says.
    """
    overrides = overrides or {}
    # pydicom converts what it looks at, and looks at neighbours where a type is not certain
    elements = {int(tag): found.get_item(tag, keep_deferred=True) for tag in found.keys()}  # noqa: SIM118
    if _PIXEL_REPRESENTATION in elements:
        signed = any(elements[_PIXEL_REPRESENTATION].value or b"")
    for tag in sorted({*elements, *overrides}):
        if tag in overrides:
            yield written(tag, *overrides[tag])
        elif tag & 0xFFFF:
            yield from _element(found, tag, elements[tag], signed)


def _element(
    found: Dataset, tag: int, element: "RawDataElement | DataElement", signed: bool
) -> Iterator[bytes]:
    if isinstance(element, RawDataElement):
        vr = _vr(element, signed)
        value = element.value or b""
        explicit = element.is_little_endian and not element.is_implicit_VR
        if vr != "SQ" or (explicit and element.VR == "SQ"):
            yield written(tag, vr, value if element.is_little_endian else _swapped(vr, value))
            return
    yield from _sequence(tag, found[tag].value, signed)


def _sequence(tag: int, items: "list[Dataset]", signed: bool) -> Iterator[bytes]:
    yield header(tag, "SQ", UNDEFINED)
    for item in items:
        yield _delimiter(ITEM, UNDEFINED)
        yield from rewritten(item, None, signed)
        yield _delimiter(ITEM_END, 0)
    yield _delimiter(SEQUENCE_END, 0)


def _delimiter(tag: int, length: int) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, length)


def _vr(element: RawDataElement, signed: bool) -> str:
    """The type as written or, in implicit encoding, as the dictionary has it (PS3.5 §7.1.3, annex A)."""
    if element.VR and not element.is_implicit_VR:
        return str(element.VR)
    known = dictionary_vr(int(element.tag)) or "UN"
    if len(known) == 2:
        return known
    if "OW" in known:  # tables and pixels: "OB or OW", "US or OW", "US or SS or OW"
        return "OW"
    return "SS" if signed else "US"


def _swapped(vr: str, value: bytes) -> bytes:
    width = _WIDTHS.get(vr, 1)
    if width == 1 or len(value) % width:
        return value
    return np.frombuffer(value, np.dtype(f"u{width}")).byteswap().tobytes()
