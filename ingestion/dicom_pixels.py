"""Pixel data by arithmetic: is it all there, and where does each frame lie? No pixel byte is read."""

import struct
from dataclasses import dataclass
from typing import Any

from ingestion.dicom_elements import PIXEL_TAGS, Bulk
from ingestion.limits import Limits
from ingestion.reader import Source
from ingestion.verdicts import Finding, Rejected

Piece = list[int]  # [offset from the instance's start, length]
FrameTable = list[list[Piece]]

# a video stream has no byte range per frame (PS3.5 §8.2.5 and following)
_VIDEO = ("1.2.840.10008.1.2.4.10",)  # MPEG-2, MPEG-4, HEVC: …4.100 to …4.108
_SUBSAMPLED = {"YBR_FULL_422": 2, "YBR_PARTIAL_422": 2}  # stored samples per pixel instead of three


@dataclass(frozen=True, slots=True)
class Shape:
    """What the attributes say about the pixel data; `None` where they are missing or not valid."""

    frames: int | None
    bits_per_frame: int | None


@dataclass(frozen=True, slots=True)
class Pixels:
    """`frames` is `None` where stored bytes do not address frames."""

    frames: FrameTable | None
    findings: list[Finding]


def pixel_element(bulk: dict[int, Bulk]) -> Bulk | None:
    """The instance's pixel data: integer, float or double float (PS3.3 §C.7.6.3, §C.7.6.24, §C.7.6.25)."""
    return next((bulk[tag] for tag in PIXEL_TAGS if tag in bulk), None)


def shape(attributes: dict[str, Any], tag: int) -> Shape:
    """Frames and bits of a native frame, from the instance's DICOM JSON."""
    rows, columns = _whole(attributes, "00280010"), _whole(attributes, "00280011")
    samples, bits = _whole(attributes, "00280002", 1), _whole(attributes, "00280100")
    if tag != PIXEL_TAGS[0]:
        bits = 32 if tag == PIXEL_TAGS[1] else 64
    frames = _whole(attributes, "00280008", 1)
    if not (rows and columns and samples and bits):
        return Shape(frames, None)
    photometric = (attributes.get("00280004", {}).get("Value") or [""])[0]
    if samples == 3:
        samples = _SUBSAMPLED.get(photometric, 3)
    return Shape(frames, rows * columns * samples * bits)


def _whole(attributes: dict[str, Any], tag: str, absent: int | None = None) -> int | None:
    values = attributes.get(tag, {}).get("Value")
    if not values:
        return absent
    return values[0] if isinstance(values[0], int) and 0 < values[0] < 2**40 else None


def native(pixels: Bulk, form: Shape, limits: Limits) -> Pixels:
    """Frames of native pixel data lie one after another without padding (PS3.5 §8.1.1)."""
    if form.frames is None or form.bits_per_frame is None:
        return Pixels(None, [Finding("pixel_data_unchecked")])
    needed = (form.frames * form.bits_per_frame + 7) // 8
    if pixels.length < needed:
        raise Rejected("pixel_data_short", f"{pixels.length} of {needed} bytes")
    if form.frames > limits.frames:
        raise Rejected("too_many_frames")
    findings = [Finding("pixel_data_longer")] if pixels.length > needed + needed % 2 else []
    if form.bits_per_frame % 8 and form.frames > 1:
        return Pixels(None, findings)  # frames of single bits that share bytes
    size = (form.bits_per_frame + 7) // 8
    return Pixels([[[pixels.offset + i * size, size]] for i in range(form.frames)], findings)


def encapsulated(pixels: Bulk, form: Shape, syntax: str, source: Source, limits: Limits) -> Pixels:
    """Frames of compressed pixel data as pieces of fragments (PS3.5 §A.4).

    An extended offset table needs no reading: it goes with one fragment per frame (PS3.3 §C.7.6.3.1.8).
    """
    fragments = (pixels.fragments or [])[1:]
    if form.frames is None:
        return Pixels(None, [Finding("pixel_data_unchecked")])
    if form.frames > limits.frames:
        raise Rejected("too_many_frames")
    if not fragments:
        raise Rejected("frames_missing", f"0 of {form.frames}")
    if syntax.startswith(_VIDEO):
        return Pixels(None, [])
    if form.frames == 1:
        return Pixels([_pieces(fragments)], [])
    if len(fragments) < form.frames:
        raise Rejected("frames_missing", f"{len(fragments)} of {form.frames}")
    if len(fragments) == form.frames:
        return Pixels([_pieces([fragment]) for fragment in fragments], [])
    return _by_offsets(fragments, _offsets(pixels, form.frames, source), form.frames)


def _pieces(fragments: list[tuple[int, int]]) -> list[Piece]:
    return [[offset, length] for offset, length in fragments if length]


def _offsets(pixels: Bulk, frames: int, source: Source) -> list[int]:
    """Where frames start, counted from the first fragment's item header."""
    assert pixels.fragments
    offset, length = pixels.fragments[0]
    table = source.read(offset, length) if length == 4 * frames else b""
    return [start for (start,) in struct.iter_unpack("<I", table)]


def _by_offsets(fragments: list[tuple[int, int]], offsets: list[int], frames: int) -> Pixels:
    """Groups fragments by the offset table; a table that fits no fragment borders is not trusted."""
    starts = {offset - fragments[0][0]: index for index, (offset, _) in enumerate(fragments)}
    borders = [starts.get(offset) for offset in offsets]
    indexes = [index for index in borders if index is not None]
    if len(indexes) != frames or indexes[0] != 0 or indexes != sorted(set(indexes)):
        return Pixels(None, [Finding("frames_not_addressable")])
    ends = [*indexes[1:], len(fragments)]
    table = [_pieces(fragments[begin:end]) for begin, end in zip(indexes, ends, strict=True)]
    return Pixels(table, [])
