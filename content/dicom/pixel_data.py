"""Examine pixel data by arithmetic: whether it is whole, and where each frame lies. No pixel byte is read."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from content.byte_source import Source
from content.dicom.elements import EXTENDED_LENGTHS, EXTENDED_OFFSETS, PIXEL_TAGS, Bulk, tag_name
from content.dicom.fragments import (
    Fragment,
    code_streams,
    ends_code_stream,
    numbers,
    starts,
)
from content.dicom.frame_sizes import FrameSize, begins_as, declared
from content.dicom.registry import (
    ENCAPSULATED_UNCOMPRESSED,
    frames_share_fragments,
    images_end_with_marker,
    is_transfer_syntax,
)
from content.limits import Limits
from content.series_metadata import Frames
from content.verdicts import Finding, Rejected

_SOME = 64
_HEADS = (1024, 64 * 1024)
"""Bytes of a frame that are read for its header: what most need, and behind long comments."""

# how much of the samples is stored where colour is subsampled (PS3.3 §C.7.6.3.1.2); not every writer does it
_SUBSAMPLED = {
    "YBR_FULL_422": Fraction(2, 3),
    "YBR_PARTIAL_422": Fraction(2, 3),
    "YBR_PARTIAL_420": Fraction(1, 2),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of the pixel data by its attributes; `frames` is None where they are missing or not valid.

    `bits_per_frame` are the sizes that a native frame may have, the smallest first; none where not known.
    """

    frames: int | None
    bits_per_frame: tuple[int, ...]
    size: FrameSize | None = None
    bits: int = 0
    """Allocated for a sample."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """`frames` is `None` where stored bytes do not address frames."""

    frames: Frames | None
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
        return Shape(frames, ())
    photometric = _first(attributes, "00280004")
    least = _SUBSAMPLED.get(photometric, 1) if samples == 3 and isinstance(photometric, str) else 1
    cells = rows * columns * samples * bits
    sizes = tuple(sorted({math.ceil(cells * least), cells}))
    return Shape(frames, sizes, FrameSize(rows, columns, samples), bits)


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
    """Frames of native pixel data lie one after another without padding (PS3.5 §8.1.1).

    Attributes alone address no frame: frames of the size they give have to fill the value.
    """
    if form.frames is None or not form.bits_per_frame:
        return Pixels(None, [Finding("pixel_data_unchecked")])
    sizes = [(form.frames * bits + 7) // 8 for bits in form.bits_per_frame]
    if pixels.length < sizes[0]:
        raise Rejected("pixel_data_short", f"{pixels.length} of {sizes[0]} bytes")
    findings = [Finding("pixel_data_longer")] if pixels.length > sizes[0] + sizes[0] % 2 else []
    if form.frames > limits.frames:
        return Pixels(None, [*findings, Finding("frames_not_addressable")])
    fitting = [
        bits
        for bits, size in zip(form.bits_per_frame, sizes, strict=True)
        if pixels.length in (size, size + size % 2)
    ]
    # frames of single bits may share bytes
    if not fitting or (fitting[0] % 8 and form.frames > 1):
        return Pixels(None, findings)
    size = (fitting[0] + 7) // 8
    return Pixels(tuple(((pixels.offset + i * size, size),) for i in range(form.frames)), findings)


def encapsulated(bulk: dict[int, Bulk], form: Shape, syntax: str, source: Source, limits: Limits) -> Pixels:
    """Frames of compressed pixel data as pieces of fragments (PS3.5 §A.4)."""
    pixels = pixel_element(bulk)
    assert pixels is not None
    fragments = (pixels.fragments or [])[1:]
    if form.frames is None:
        return Pixels(None, [Finding("pixel_data_unchecked")])
    if not fragments:
        raise Rejected("frames_missing", f"0 of {form.frames}")
    if not pixels.delimited and not _ends(fragments, form.frames, syntax, source):
        raise Rejected("truncated", tag_name(pixels.tag))
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
    table = tuple(
        tuple((offset, length) for offset, length in fragments[begin:end] if length)
        for begin, end in zip(begins, [*begins[1:], len(fragments)], strict=True)
    )
    if syntax == ENCAPSULATED_UNCOMPRESSED:
        _check_uncompressed(table, form)
    return Pixels(table, [*findings, *_differing(table, form, syntax, source)])


def _differing(table: Frames, form: Shape, syntax: str, source: Source) -> list[Finding]:
    """Which of some frames, spread over all of them, says another size than the attributes do."""
    if form.size is None:
        return []
    for index in range(0, len(table), -(-len(table) // _SOME)):
        length = sum(length for _, length in table[index])
        offset, first = table[index][0] if table[index] else (0, 0)
        if not _begins_as(source, (offset, first), length, syntax, form):
            return [Finding("frame_size_differs", f"frame {index + 1}")]
    return []


def _begins_as(source: Source, fragment: Fragment, length: int, syntax: str, form: Shape) -> bool:
    assert form.size is not None
    offset, first = fragment
    for most in _HEADS:
        head = source.read(offset, min(first, most))
        if not begins_as(head, length, syntax, form.size, form.bits):
            return False
        if len(head) == first or declared(head, syntax) is not None:
            break
    return True


def _ends(fragments: list[Fragment], frames: int, syntax: str, source: Source) -> bool:
    """Whether nothing of the last frame is missing, where no delimiter says so: a file may be cut between
    two fragments. Its end of image tells; where images have none, a fragment for each frame, or for all.
    """
    if images_end_with_marker(syntax):
        return ends_code_stream(fragments[-1], source)
    return len(fragments) in (1, frames)


def _check_uncompressed(table: Frames, form: Shape) -> None:
    needed = (min(form.bits_per_frame, default=0) + 7) // 8
    for number, pieces in enumerate(table, 1):
        if sum(length for _, length in pieces) < needed:
            raise Rejected("pixel_data_short", f"frame {number}")


def _begins(
    bulk: dict[int, Bulk], pixels: Bulk, fragments: list[Fragment], frames: int, source: Source
) -> tuple[list[int] | None, list[Finding]]:
    """Which fragment each frame begins with: the offset tables are accepted where they fit the fragments.

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
        return (list(range(frames)) if _one_each(fragments, source) else None), findings
    begins = code_streams(fragments, source)
    if frames == 1:  # more images than frames: the number of frames is missing or wrong
        return ([0] if len(begins) < 2 else None), findings
    told = begins if len(begins) == frames and begins[0] == 0 else None
    return known if known is not None else told, findings


def _one_each(fragments: list[Fragment], source: Source) -> bool:
    """Whether each fragment is an image of its own, judged by some: all begin one, or none is known."""
    some = fragments[:_SOME]
    begins = code_streams(some, source)
    return not begins or begins[0] != 0 or len(begins) == len(some)


def _lengths_fit(bulk: dict[int, Bulk], fragments: list[Fragment], source: Source) -> bool:
    """Whether the extended offset table's lengths are the fragments', a padding byte apart."""
    if EXTENDED_LENGTHS not in bulk:
        return True
    lengths = numbers(source, (bulk[EXTENDED_LENGTHS].offset, bulk[EXTENDED_LENGTHS].length), 8)
    return len(lengths) == len(fragments) and all(
        length - 1 <= said <= length for said, (_, length) in zip(lengths, fragments, strict=True)
    )
