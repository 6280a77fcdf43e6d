"""Part 10 instances put together from metadata and bulk data (PS3.18 section 8.6, PS3.10 section 7).

The sandbox has parsed the metadata and left gaps (`content/dicom/metadata/store_request.py`). Here each gap
is given the part of its address, and the instance becomes content to read by range like any other: in memory
are the bytes of the metadata, bulk data stays where it was received. Nothing here looks inside a value.
"""

import base64
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from content.dicom.data_set_encoding import (
    LARGEST_LONG,
    LARGEST_SHORT,
    SEQUENCE_END,
    UNDEFINED,
    Gap,
    header,
    padded,
)
from content.dicom.dicomdir_writer import IMPLEMENTATION_UID
from content.dicom.value_encoding import LONG_VRS
from content.facts import EncodedFacts
from content.verdicts import Finding, Rejected
from ingestion.bulk_data_types import EXPLICIT_LITTLE_ENDIAN, UNCOMPRESSED, BulkType
from ingestion.envelope import Described
from ingestion.worker.opening import CHUNK, Content
from keyvault.keys.reception import ReceivedPart

_PIXEL_DATA = "7FE00010"
_FRAME = re.compile(r"(.*)/frames/([1-9][0-9]{0,6})")
_PREAMBLE = bytes(128) + b"DICM"
Piece = bytes | tuple[int, int]
"""Bytes in memory, or offset and length in what was received."""


@dataclass(frozen=True, slots=True)
class BulkPart:
    """A received part beside the metadata. `number` counts all parts of the request."""

    number: int
    type: BulkType
    location: str = field(repr=False)
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of the metadata: put together, or with the finding that refuses it."""

    sop_class: str
    sop: str
    pieces: tuple[Piece, ...]
    failure: Finding | None = None
    warnings: tuple[Finding, ...] = ()

    @property
    def length(self) -> int:
        return sum(map(_length, self.pieces))


class Assembler:
    """Puts together the instances of one request; each part of bulk data is used once."""

    def __init__(self, bulk: Sequence[BulkPart]) -> None:
        self._bulk = {part.number: part for part in bulk}
        self._by_location: dict[str, list[BulkPart]] = {}
        frames: dict[str, dict[int, BulkPart]] = {}
        for part in bulk:
            self._by_location.setdefault(part.location, []).append(part)
            if found := _FRAME.fullmatch(part.location):
                frames.setdefault(found[1], {})[int(found[2])] = part
        for location, numbered in frames.items():
            if max(numbered) == len(numbered):
                self._by_location.setdefault(location, [numbered[each] for each in sorted(numbered)])
        self._unused = set(self._bulk)

    def instance(self, encoded: EncodedFacts) -> Instance:
        """`encoded` is one of the `instances` of a checked answer of the sandbox."""
        sop_class, sop = encoded.sop_class, encoded.sop
        try:
            if encoded.failure is not None:
                return Instance(sop_class, sop, (), encoded.failure)
            pieces = self._pieces(encoded)
        except Rejected as rejected:
            return Instance(sop_class, sop, (), rejected.finding)
        return Instance(sop_class, sop, pieces, warnings=encoded.warnings)

    @property
    def complete(self) -> bool:
        """Every part of bulk data has its place."""
        return not self._unused

    def _pieces(self, encoded: EncodedFacts) -> tuple[Piece, ...]:
        syntax = EXPLICIT_LITTLE_ENDIAN
        pieces: list[Piece] = []
        for segment in encoded.segments:
            if isinstance(segment, str):
                pieces.append(base64.b64decode(segment))
                continue
            gap = Gap(*segment)
            parts = self._found(gap)
            if gap.tag == _PIXEL_DATA and parts[0].type.compressed:
                syntax = _syntax_of(gap, parts, encoded.syntax)
                pieces += _encapsulated(gap, parts)
            else:
                pieces += _native(gap, parts)
        return (_PREAMBLE + _file_meta(encoded.sop_class, encoded.sop, syntax), *pieces)

    def _found(self, gap: Gap) -> list[BulkPart]:
        """The parts of a gap: all of its address in the order sent, or its frames in their own order."""
        parts = self._by_location.get(gap.uri)
        if parts is None:
            raise Rejected("bulk_data_missing", gap.tag)
        # the first part tells of most addresses that are used up: thousands of instances may ask for one
        if not all(part.number in self._unused for part in parts):
            raise Rejected("bulk_data_not_valid", gap.tag)
        self._unused.difference_update(part.number for part in parts)
        return parts


def _syntax_of(gap: Gap, parts: Sequence[BulkPart], named: str) -> str:
    """Of compressed pixel data: one for all frames. The metadata's own counts where the parts don't tell."""
    types = {part.type for part in parts}
    kind = types.pop()
    if not kind.syntax and named:
        told = BulkType(kind.media_type, named)
        kind = told if told.transfer_syntax() else kind
    syntax = kind.transfer_syntax()
    if types or syntax is None or (kind.video and len(parts) > 1):
        raise Rejected("bulk_data_not_valid", gap.tag)
    return syntax


def _encapsulated(gap: Gap, parts: Sequence[BulkPart]) -> list[Piece]:
    """One fragment a frame, without offset table (PS3.5 section A.4)."""
    pieces: list[Piece] = [header(gap.tag, "OB", UNDEFINED) + _item(0)]
    for part in parts:
        length = part.length + part.length % 2
        if not 0 < length <= LARGEST_LONG:
            raise Rejected("bulk_data_not_valid", gap.tag)
        pieces += [_item(length), (part.offset, part.length), bytes(part.length % 2)]
    return [*pieces, SEQUENCE_END]


def _native(gap: Gap, parts: Sequence[BulkPart]) -> list[Piece]:
    """Values as they came, little endian; several parts are frames, one after another."""
    length = sum(part.length for part in parts)
    fits = length + length % 2 <= (LARGEST_LONG if gap.vr in LONG_VRS else LARGEST_SHORT)
    plain = all(part.type.media_type in UNCOMPRESSED and part.type.transfer_syntax() for part in parts)
    same = len({part.location for part in parts}) == len(parts)
    if not (fits and plain and same):
        raise Rejected("bulk_data_not_valid", gap.tag)
    padding = padded(gap.vr, b"0")[1:] if length % 2 else b""
    ranges: list[Piece] = [(part.offset, part.length) for part in parts]
    return [header(gap.tag, gap.vr, length + len(padding)), *ranges, padding]


def _item(length: int) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, length)


def _file_meta(sop_class: str, sop: str, syntax: str) -> bytes:
    """PS3.10 table 7.1-1."""
    identifiers = (("00020002", sop_class), ("00020003", sop), ("00020010", syntax))
    elements = header("00020001", "OB", 2) + b"\0\1"
    for tag, uid in (*identifiers, ("00020012", IMPLEMENTATION_UID)):
        value = padded("UI", uid.encode("ascii"))
        elements += header(tag, "UI", len(value)) + value
    return header("00020000", "UL", 4) + struct.pack("<I", len(elements)) + elements


class AssembledContent:
    """Instances one after another, as content to read by range; no blob holds it."""

    blob = None

    def __init__(self, received: Content, instances: Sequence[Instance]) -> None:
        self._received = received
        self._pieces = [piece for each in instances for piece in each.pieces if _length(piece)]
        self._starts: list[int] = []
        self.size = 0
        for piece in self._pieces:
            self._starts.append(self.size)
            self.size += _length(piece)

    def read(self, offset: int, length: int) -> bytes:
        return b"".join(self._ranges(offset, min(offset + length, self.size)))

    def stream(self, offset: int, length: int) -> Iterator[bytes]:
        """The same in pieces of at most a mebibyte."""
        for start in range(offset, offset + length, CHUNK):
            yield self.read(start, min(CHUNK, offset + length - start))

    def _ranges(self, start: int, stop: int) -> Iterator[bytes]:
        at = bisect_right(self._starts, start) - 1
        while start < stop:
            piece, inside = self._pieces[at], start - self._starts[at]
            length = min(_length(piece) - inside, stop - start)
            if isinstance(piece, bytes):
                yield piece[inside : inside + length]
            else:
                yield self._received.read(piece[0] + inside, length)
            start += length
            at += 1


def _length(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece[1]


def bulk_parts(
    parts: Sequence[ReceivedPart], described: Sequence[Described], metadata: str
) -> list[BulkPart]:
    """The parts of a request that are not of the media type `metadata`."""
    return [
        BulkPart(
            number, BulkType(told.media_type, told.transfer_syntax), told.location, part.offset, part.length
        )
        for number, (part, told) in enumerate(zip(parts, described, strict=True), 1)
        if told.media_type != metadata
    ]
