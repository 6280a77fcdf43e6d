"""A rendition: a JPEG file that says what it shows, and is refused where it doesn't."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from content.rendition import (
    LARGEST_OVERVIEW,
    LARGEST_STRIP,
    MOST_FRAMES,
    Rendition,
    read_rendition,
    write_rendition,
)
from records.errors import Invalid

GOLDEN = json.loads((Path(__file__).parents[2] / "vectors" / "renditions.json").read_text())
PICTURE = bytes.fromhex(GOLDEN["picture"])
OVERVIEW = Rendition("overview", "1.2.3", "1.2.3.4", 1, 16, 8, (("1.2.3.4.2", 1),))
STRIP = replace(OVERVIEW, form="strip", columns=2, width=8, frames=(("1.2.3.4.1", 1), ("1.2.3.4.2", 7)))


def refused(data: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        read_rendition(data)
    assert refusal.value.code == "rendition_not_valid"


@pytest.mark.parametrize(("case", "described"), [*zip(GOLDEN["renditions"], (OVERVIEW, STRIP), strict=True)])
def test_the_file_is_the_one_that_the_formats_page_describes(
    case: dict[str, Any], described: Rendition
) -> None:
    written = write_rendition(PICTURE, described)
    assert written.hex() == case["file"]
    assert read_rendition(written) == described and read_rendition(written).jpeg == written


def test_any_decoder_shows_it() -> None:
    with Image.open(io.BytesIO(write_rendition(PICTURE, STRIP))) as shown:
        shown.load()
        assert (shown.format, shown.size) == ("JPEG", (16, 8))


@pytest.mark.parametrize(
    "changed",
    [
        {"frames": ()},
        {"form": "strip", "frames": (("1.2", 1),) * (MOST_FRAMES + 1)},
        {"frames": (("1.2", 1), ("1.3", 1))},
        {"frames": (("1.2", 0),)},
        {"frames": (("", 1),)},
        {"form": "poster"},
        {"columns": 0},
        {"width": 65_536},
        {"series": "1" * 65},
    ],
)
def test_what_no_reader_would_take_is_not_written(changed: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        write_rendition(PICTURE, replace(OVERVIEW, **changed))


def test_sizes_are_bounded_by_form() -> None:
    """65 536 bytes of an overview, 262 144 of a strip."""
    for described, largest in ((OVERVIEW, LARGEST_OVERVIEW), (STRIP, LARGEST_STRIP)):
        written = write_rendition(PICTURE, described)
        read_rendition(written + bytes(largest - len(written)))
        refused(written + bytes(largest - len(written) + 1))
        with pytest.raises(Invalid):
            write_rendition(PICTURE + bytes(largest), described)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", PICTURE, PICTURE[2:], b"GIF89a", b"\xff\xd8\xff\xfe\x00\x01"]
)
def test_a_picture_that_says_nothing_is_refused(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b"\xff", b"[" * 60_000, b'{"form": "overview", "form": "strip"}']
)
def test_another_comment_is_refused(text: bytes) -> None:
    segment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
    refused(PICTURE[:20] + segment + PICTURE[20:])


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_damage_is_refused_or_changes_nothing_of_what_it_says(at: int, damage: bytes) -> None:
    """The seal vouches for its bytes; whatever they are, reading ends with a code."""
    whole = write_rendition(PICTURE, STRIP)
    try:
        found = read_rendition(whole[:at] + damage + whole[at + len(damage) :])
    except Invalid as error:
        assert error.code == "rendition_not_valid"
    else:
        assert found.form in ("overview", "strip")
