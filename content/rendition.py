"""Renditions (`coffre-rendition-v1`): a small picture of a series, a JPEG file that says what it shows.

Any decoder shows it. A comment segment behind the first APPn segments (ITU-T T.81 section B.2.4) holds the
description as JSON: docs/formats.md section 1.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from content.json_text import read_json
from records.documents.renditions import FORMS, OVERVIEW
from records.errors import CoffreError, Invalid

FORMAT = "coffre-rendition-v1"
LARGEST_OVERVIEW, LARGEST_STRIP = 64 * 1024, 256 * 1024
"""Bytes of the whole file."""
MOST_FRAMES = 64
"""Of a strip."""
LARGEST_DESCRIPTION = 65_533  # what a segment holds
_SOI, _COM, _APPS = b"\xff\xd8", 0xFE, range(0xE0, 0xF0)
_FRAME_HEADERS = frozenset((0xC0, 0xC1, 0xC2))  # baseline, extended, progressive
_MEMBERS = frozenset(("format", "form", "study", "series", "columns", "width", "height", "frames"))

Frame = tuple[str, int]
"""SOP Instance UID and number of a frame in it, from 1."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A rendition. `frames` lie row by row from the upper left, `columns` to a row, each in a cell of `width`
    by `height` pixels; cells behind the last frame are empty. An overview has one.
    """

    form: str
    study: str
    series: str
    columns: int
    width: int
    height: int
    frames: tuple[Frame, ...]
    jpeg: bytes = field(repr=False, compare=False, default=b"")


def write_rendition(picture: bytes, described: Rendition) -> bytes:
    """The file: `picture`, a JPEG of the cells, with its description.

    Raises `Invalid` "rendition_not_valid" for what no reader would take.
    """
    document = {
        "format": FORMAT,
        "form": described.form,
        "study": described.study,
        "series": described.series,
        "columns": described.columns,
        "width": described.width,
        "height": described.height,
        "frames": [list(frame) for frame in described.frames],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    if len(text) > LARGEST_DESCRIPTION:
        raise _not_valid()
    at = _behind_apps(picture)
    segment = b"\xff" + bytes([_COM]) + (len(text) + 2).to_bytes(2, "big") + text
    whole = picture[:at] + segment + picture[at:]
    read_rendition(whole)
    return whole


def read_rendition(data: bytes) -> Rendition:
    """What the file says of itself. Raises `Invalid` "rendition_not_valid"."""
    if len(data) > LARGEST_STRIP:
        raise _not_valid()
    for marker, start, end in _segments(data):
        if marker == _COM:
            return _described(data, data[start:end])
        if marker not in _APPS:
            break
    raise _not_valid()


def read_rendition_of(study: str, series: str, data: bytes) -> Rendition:
    """The same, of a file that a grant says is of this series."""
    found = read_rendition(data)
    if (found.study, found.series) != (study, series):
        raise _not_valid()
    return found


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height of a JPEG, from its frame header (T.81 section B.2.2). Raises as `read_rendition`."""
    for marker, start, end in _segments(data):
        if marker in _FRAME_HEADERS and end - start >= 5:
            height, width = data[start + 1 : start + 3], data[start + 3 : start + 5]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
    raise _not_valid()


def _behind_apps(data: bytes) -> int:
    at = 2
    for marker, _, end in _segments(data):
        if marker not in _APPS:
            break
        at = end
    return at


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, first and last byte of the content of each segment before the first scan."""
    if data[:2] != _SOI:
        raise _not_valid()
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if length < 2 or end > len(data):
            break
        yield data[at + 1], at + 4, end
        at = end


def _described(data: bytes, text: bytes) -> Rendition:
    try:
        found = read_json(text)
        known = isinstance(found, dict) and found.keys() == _MEMBERS and found["format"] == FORMAT
    except (ValueError, RecursionError):
        raise _not_valid() from None
    if not known:
        raise _not_valid()
    rendition = Rendition(
        form=_one_of(found["form"], FORMS),
        study=_uid(found["study"]),
        series=_uid(found["series"]),
        columns=_count(found["columns"], MOST_FRAMES),
        width=_count(found["width"], 65_535),
        height=_count(found["height"], 65_535),
        frames=tuple(_frame(each) for each in _list(found["frames"])),
        jpeg=data,
    )
    most, largest = (1, LARGEST_OVERVIEW) if rendition.form == OVERVIEW else (MOST_FRAMES, LARGEST_STRIP)
    if not 1 <= len(rendition.frames) <= most or len(data) > largest:
        raise _not_valid()
    return rendition


def _frame(value: Any) -> Frame:
    match value:
        case [sop, number]:
            return _uid(sop), _count(number, 2**31 - 1)
    raise _not_valid()


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise _not_valid()
    return value


def _one_of(value: Any, values: Sequence[str]) -> str:
    if value not in values:
        raise _not_valid()
    return str(value)


def _uid(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise _not_valid()
    return value


def _count(value: Any, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise _not_valid()
    return value


def _not_valid() -> CoffreError:
    return Invalid("This small picture is damaged. Open the images themselves.", code="rendition_not_valid")
