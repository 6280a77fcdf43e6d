"""DICOM written byte by byte, valid and otherwise."""

import struct

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
DEFLATED, JPEG, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
# raw data: a class that needs no image and may hold anything
OBJECT_CLASS, SOP, STUDY, SERIES = "1.2.840.10008.5.1.4.1.1.66", "1.2.3.4", "1.2.3", "1.2.3.1"
UNDEFINED = 0xFFFFFFFF
LONG = ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV")


def element(tag: int, vr: str, value: bytes, *, length: int | None = None, syntax: str = EXPLICIT) -> bytes:
    """One element; `length` may lie."""
    order = ">" if syntax == BIG else "<"
    padded = value + (b"\0" if vr in ("UI", "OB", "UN") else b" ") * (len(value) % 2)
    size = len(padded) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if syntax == IMPLICIT:
        return head + struct.pack("<I", size) + padded
    if vr in LONG:
        return head + vr.encode() + b"\0\0" + struct.pack(order + "I", size) + padded
    return head + vr.encode() + struct.pack(order + "H", size) + padded


def item(content: bytes, *, length: int | None = None, tag: int = 0xFFFEE000) -> bytes:
    size = len(content) if length is None else length
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, size) + content


ITEM_END = item(b"", tag=0xFFFEE00D)
SEQUENCE_END = item(b"", tag=0xFFFEE0DD)


def meta(syntax: str = EXPLICIT) -> bytes:
    """File meta information (PS3.10 §7.1)."""
    return (
        element(0x00020002, "UI", OBJECT_CLASS.encode())
        + element(0x00020003, "UI", SOP.encode())
        + element(0x00020010, "UI", syntax.encode())
    )


def identifiers(syntax: str = EXPLICIT, *, patient: bytes = b"12345", **replaced: bytes) -> bytes:
    """Mandatory attributes; `replaced` overrides by name and drops with an empty value."""
    values = {
        "sop_class": (0x00080016, "UI", OBJECT_CLASS.encode()),
        "sop": (0x00080018, "UI", SOP.encode()),
        "modality": (0x00080060, "CS", b"CT"),
        "patient": (0x00100020, "LO", patient),
        "study": (0x0020000D, "UI", STUDY.encode()),
        "series": (0x0020000E, "UI", SERIES.encode()),
    }
    return b"".join(
        element(tag, vr, replaced.get(name, value), syntax=syntax)
        for name, (tag, vr, value) in values.items()
        if replaced.get(name) != b""
    )


def pixel_module(
    rows: int = 4, columns: int = 4, bits: int = 16, frames: int | None = None, samples: int = 1
) -> bytes:
    numbers = ((0x00280010, rows), (0x00280011, columns), (0x00280100, bits))
    return (
        element(0x00280002, "US", struct.pack("<H", samples))
        + (element(0x00280008, "IS", str(frames).encode()) if frames is not None else b"")
        + b"".join(element(tag, "US", struct.pack("<H", number)) for tag, number in numbers)
    )


def part10(dataset: bytes, syntax: str = EXPLICIT, preamble: bytes = b"") -> bytes:
    """A whole file."""
    return preamble.ljust(128, b"\0") + b"DICM" + meta(syntax) + dataset


def pixels(value: bytes, *, length: int | None = None) -> bytes:
    return element(0x7FE00010, "OW", value, length=length)


def fragments(*pieces: bytes, table: bytes = b"") -> bytes:
    """Encapsulated pixel data (PS3.5 §A.4)."""
    start = element(0x7FE00010, "OB", b"", length=UNDEFINED)
    return start + item(table) + b"".join(item(piece) for piece in pieces) + SEQUENCE_END


def image(frames: int | None = None) -> bytes:
    """A small native image that is valid in every respect."""
    return part10(identifiers() + pixel_module(frames=frames) + pixels(bytes(32 * (frames or 1))))
