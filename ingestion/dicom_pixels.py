"""Pixel data by arithmetic: is it all there, and where does each frame lie? No pixel byte is read."""

from dataclasses import dataclass
from typing import Any

from ingestion.dicom_elements import EXTENDED_LENGTHS, EXTENDED_OFFSETS, PIXEL_TAGS, Bulk
from ingestion.dicom_fragments import Fragment, code_streams, numbers, starts
from ingestion.dicom_registry import ENCAPSULATED_UNCOMPRESSED, frames_share_fragments, is_transfer_syntax
from ingestion.limits import Limits
from ingestion.reader import Source
from ingestion.verdicts import Finding, Rejected

Piece = list[int]  # [offset from the instance's start, length]
FrameTable = list[list[Piece]]

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
    frames = _whole(attributes, "00280008", 1, zero=1)  # some writers count further frames
    if not (rows and columns and samples and bits):
        return Shape(frames, None)
    photometric = _first(attributes, "00280004")
    if samples == 3 and isinstance(photometric, str):
        samples = _SUBSAMPLED.get(photometric, 3)
    return Shape(frames, rows * columns * samples * bits)


def _first(attributes: dict[str, Any], tag: str) -> Any:
    values = attributes.get(tag, {}).get("Value")
    return values[0] if values else None


def _whole(
    attributes: dict[str, Any], tag: str, absent: int | None = None, zero: int | None = None
) -> int | None:
    value = _first(attributes, tag)
    if value is None:
        return absent
    if value == 0:
        return zero
    return value if isinstance(value, int) and 0 < value < 2**40 else None


def native(pixels: Bulk, form: Shape, limits: Limits) -> Pixels:
    """Frames of native pixel data lie one after another without padding (PS3.5 §8.1.1)."""
    if form.frames is None or form.bits_per_frame is None:
        return Pixels(None, [Finding("pixel_data_unchecked")])
    needed = (form.frames * form.bits_per_frame + 7) // 8
    if pixels.length < needed:
        raise Rejected("pixel_data_short", f"{pixels.length} of {needed} bytes")
    findings = [Finding("pixel_data_longer")] if pixels.length > needed + needed % 2 else []
    if form.frames > limits.frames:
        return Pixels(None, [*findings, Finding("frames_not_addressable")])
    if form.bits_per_frame % 8 and form.frames > 1:
        return Pixels(None, findings)  # frames of single bits that share bytes
    size = (form.bits_per_frame + 7) // 8
    return Pixels([[[pixels.offset + i * size, size]] for i in range(form.frames)], findings)


def encapsulated(bulk: dict[int, Bulk], form: Shape, syntax: str, source: Source, limits: Limits) -> Pixels:
    """Frames of compressed pixel data as pieces of fragments (PS3.5 §A.4)."""
    pixels = pixel_element(bulk)
    assert pixels is not None
    fragments = (pixels.fragments or [])[1:]
    if form.frames is None:
        return Pixels(None, [Finding("pixel_data_unchecked")])
    if not fragments:
        raise Rejected("frames_missing", f"0 of {form.frames}")
    if frames_share_fragments(syntax):
        return Pixels(None, [])
    few = len(fragments) < form.frames
    if few and is_transfer_syntax(syntax):
        raise Rejected("frames_missing", f"{len(fragments)} of {form.frames}")
    if few or form.frames > limits.frames:
        return Pixels(None, [Finding("frames_not_addressable")])
    begins, findings = _begins(bulk, pixels, fragments, form.frames, source)
    if begins is None:
        return Pixels(None, [*findings, Finding("frames_not_addressable")])
    table = [
        [[offset, length] for offset, length in fragments[begin:end] if length]
        for begin, end in zip(begins, [*begins[1:], len(fragments)], strict=True)
    ]
    if syntax == ENCAPSULATED_UNCOMPRESSED:
        _check_uncompressed(table, form)
    return Pixels(table, findings)


def _check_uncompressed(table: FrameTable, form: Shape) -> None:
    needed = ((form.bits_per_frame or 0) + 7) // 8
    for number, pieces in enumerate(table, 1):
        if sum(length for _, length in pieces) < needed:
            raise Rejected("pixel_data_short", f"frame {number}")


def _begins(
    bulk: dict[int, Bulk], pixels: Bulk, fragments: list[Fragment], frames: int, source: Source
) -> tuple[list[int] | None, list[Finding]]:
    """Which fragment each frame begins with: the offset tables are believed where they fit the fragments.

    Where they do not and there is no fragment per frame, the first bytes of the fragments tell.
    """
    tables = [numbers(source, pixels.fragments[0], 4)] if pixels.fragments else []
    if EXTENDED_OFFSETS in bulk:  # PS3.3 §C.7.6.3.1.8
        extended = bulk[EXTENDED_OFFSETS]
        tables.append(numbers(source, (extended.offset, extended.length), 8))
    given = [starts(fragments, table, frames) for table in tables if table]
    known = next((begins for begins in given if begins is not None), None)
    wrong = None in given or not _lengths_fit(bulk, fragments, source)
    findings = [Finding("offset_table_not_valid")] if wrong else []
    if len(fragments) == frames:
        return list(range(frames)), findings
    if known is None and frames == 1:
        known = [0]
    return known if known is not None else code_streams(fragments, frames, source), findings


def _lengths_fit(bulk: dict[int, Bulk], fragments: list[Fragment], source: Source) -> bool:
    """Whether the extended offset table's lengths are the fragments', a padding byte apart."""
    if EXTENDED_LENGTHS not in bulk:
        return True
    lengths = numbers(source, (bulk[EXTENDED_LENGTHS].offset, bulk[EXTENDED_LENGTHS].length), 8)
    return len(lengths) == len(fragments) and all(
        length - 1 <= said <= length for said, (_, length) in zip(lengths, fragments, strict=True)
    )
