"""The outside of a PDF, read without parsing: header, end, and other formats in the same bytes.

A file that another program would take for something else is refused; harmless bytes around are a warning.
"""

import re
from dataclasses import dataclass

from content.byte_source import Followed, SliceSource, Source
from content.signatures import active_signature
from content.verdicts import Finding, Rejected

_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_UPDATE = re.compile(rb"\d\s+obj\b|\bxref\b|\btrailer\b")  # an update begun and not finished
_START = re.compile(rb"startxref[\0\t\n\f\r ]+(\d+)[\0\t\n\f\r ]*\Z")
# the same anywhere, and what may be left of the end-of-file marker behind it
_POINTER = re.compile(rb"startxref[\0\t\n\f\r ]+\d+(?!\d)(?:[\0\t\n\f\r ]*(?:%%EO|%%E|%%?)(?!\S))?")
_MARKER = b"%%EOF"
_LINEARIZED = re.compile(
    rb"/Linearized\s+\d.{0,200}?/L\s+(\d{1,12})\b|/L\s+(\d{1,12})\b.{0,200}?/Linearized\s", re.DOTALL
)
_BLANK = b"\0\t\n\f\r \x1a"  # mainframes and tapes pad with these
_SEARCHED = 1024  # readers look for the header in the first kilobyte (ISO 32000-1 annex H.3.4.1)
_TAIL = 65_557  # a ZIP directory's end record lies within the last 22 + 65 535 bytes
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_MOST_PADDING = 64 * 2**20
_PIECE = 2**20
_IMAGES_AND_MEDIA = (
    *(b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"BM", b"RIFF", b"\0\0\x01\0"),
    *(b"ID3", b"OggS", b"fLaC", b"\0\0\0\x0cjP", b"\xffO\xffQ", b"8BPS", b"%!PS", b"{\\rtf"),
    *(b"FWS", b"CWS", b"ZWS", b"SQLite format", b"wOFF", b"OTTO", b"\0asm", b"BZh", b"\xfd7zXZ"),
)
# read at fixed places whatever the first bytes are: DICOM, tape archive, disc image
_PLACES = ((128, b"DICM"), (257, b"ustar"), (0x8001, b"CD001"), (0x8801, b"CD001"), (0x9001, b"CD001"))
# found wherever they stand in the bytes around the PDF
_ANYWHERE = re.compile(
    rb"PK\x03\x04|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|MSCF\0\0\0\0|\x7fELF|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    rb"|MZ[\s\S]{58,1000}?PE\0\0|<\s*(?:!doctype\s+html|html|script|iframe|hta:|svg|\?php)[\s/>]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Outside:
    """`start`: where offsets count from. `document`: what is read. `marked`: whether it ends as told."""

    version: str
    start: int
    document: Source
    marked: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Ending:
    """`place`: behind the end-of-file marker, or where it is missing behind the offset it should follow."""

    place: int
    marked: bool
    after: bytes


def examine_outside(source: Source) -> Outside:
    """Raises `Rejected` for what is no PDF, something else as well, or cut off."""
    head = source.read(0, _SEARCHED)
    header = _HEADER.search(head)
    if header is None:
        raise Rejected("not_pdf", "first 1024 bytes")
    before = head[: header.start()]
    _refuse_other_formats(source, before)
    size = _without_padding(source)
    ending = _ending(source, size)
    findings = []
    if before.strip(_BLANK):
        findings.append(Finding("pdf_header_late", f"byte {header.start()}"))
    if ending.after.strip(_BLANK):
        findings.append(Finding("pdf_bytes_after", f"byte {ending.place}"))
    marked = ending.marked and not _shorter_than_declared(head[header.start() :], source.size)
    start = _counted_from(source, ending.place, header.start())
    version = header.group(1).decode("ascii")
    return Outside(version, start, _document(source, start, size, ending), marked, tuple(findings))


def _document(source: Source, start: int, size: int, ending: "_Ending") -> Source:
    """What the readers see: without bytes around it, and with the marker that they look for."""
    if not ending.marked:
        return Followed(SliceSource(source, start, ending.place - start), b"\n%%EOF\n")
    repeated = _UPDATE.search(ending.after)
    return SliceSource(source, start, (ending.place if repeated else size) - start)


def _refuse_other_formats(source: Source, before: bytes) -> None:
    if before and (
        active_signature(before) or before.startswith(_IMAGES_AND_MEDIA) or _ANYWHERE.search(before)
    ):
        raise Rejected("pdf_polyglot", "before the header")
    for place, signature in _PLACES:
        if source.read(place, len(signature)) == signature:
            raise Rejected("pdf_polyglot", f"byte {place}")


def _without_padding(source: Source) -> int:
    """Size without the blank bytes at the end."""
    size, least = source.size, max(0, source.size - _MOST_PADDING)
    while size > least:
        block = source.read(max(0, size - 65_536), min(size, 65_536))
        kept = block.rstrip(_BLANK)
        size -= len(block) - len(kept)
        if kept:
            break
    return size


def _ending(source: Source, size: int) -> _Ending:
    start = max(0, size - _TAIL)
    tail = source.read(start, size - start)
    if _zip_directory(tail):
        raise Rejected("pdf_polyglot", "end")
    marker, pointers = tail.rfind(_MARKER), list(_POINTER.finditer(tail))
    end = marker + len(_MARKER) if marker >= 0 else 0
    if end and _repeats(source, tail[end:], start + end):
        return _Ending(start + end, True, tail[end:])
    marked = not pointers or pointers[-1].end() <= end
    if not marked:
        end = pointers[-1].end()
    elif not end:
        raise Rejected("pdf_truncated", "end")
    after = tail[end:]
    _refuse_behind(after)
    return _Ending(start + end, marked, after)


def _refuse_behind(after: bytes) -> None:
    """Refuse another format behind the end, or an update begun and not finished."""
    text = after.lstrip(_BLANK)
    if active_signature(text[:1024]) or text.startswith(_IMAGES_AND_MEDIA) or _ANYWHERE.search(after):
        raise Rejected("pdf_polyglot", "end")
    if _UPDATE.search(after):
        raise Rejected("pdf_truncated", "end")


def _repeats(source: Source, after: bytes, end: int) -> bool:
    """Whether objects behind `end` are earlier bytes once more and so no update (as the first part of a
    linearized file may be, ISO 32000 annex F)."""
    text = after.strip(_BLANK)
    return _UPDATE.search(text) is not None and any(
        text in source.read(at, min(_PIECE + len(text), end - at)) for at in range(0, max(end, 1), _PIECE)
    )


def _shorter_than_declared(head: bytes, size: int) -> bool:
    """A linearized file says how long it is; updates may only have added to it (ISO 32000 annex F.3.3)."""
    found = _LINEARIZED.search(head)
    return found is not None and size < int(found[1] or found[2])


def _counted_from(source: Source, size: int, header: int) -> int:
    """Offsets count from the header (ISO 32000 §7.5.2), though some producers count from the first byte."""
    if not header:
        return 0
    tail = source.read(max(0, size - _SEARCHED), min(size, _SEARCHED))
    found = _START.search(tail[: max(tail.rfind(b"%%EOF"), 0)] or tail)
    if found is None:
        return 0
    place = int(found[1])
    return header if _is_table(source.read(header + place, 32)) else 0


def _is_table(text: bytes) -> bool:
    return re.match(rb"[\0\t\n\f\r ]*(?:xref\b|\d+\s+\d+\s+obj\b)", text) is not None


def _zip_directory(tail: bytes) -> bool:
    """Whether a ZIP reader would find a directory here, inside or behind the PDF."""
    position = tail.rfind(_ZIP_END)
    while position >= 0:
        size = int.from_bytes(tail[position + 12 : position + 16], "little")
        start = position - size
        if start < 0 or size == 0 or tail[start : start + 4] == _ZIP_ENTRY:
            return True
        position = tail.rfind(_ZIP_END, 0, position)
    return False
