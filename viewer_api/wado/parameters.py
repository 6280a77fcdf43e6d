"""The query of rendered and thumbnail resources (PS3.18 section 8.3.5): what a picture is to be like."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from content.pixels.wanted import LONGEST_SIDE, MOST_PIXELS, SHAPES, USUAL_QUALITY, Shape, Viewport, Window
from records.errors import Invalid

_DECIMAL = re.compile(r"[+-]?([0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9})")
_SIZE = re.compile(r"[1-9][0-9]{0,5}")
_QUALITY = re.compile(r"[1-9][0-9]?|100")
_ANNOTATIONS = frozenset(("patient", "technique"))
_PROFILES = frozenset(("no", "yes", "srgb", "adobergb", "rommrgb"))


@dataclass(frozen=True, slots=True)
class Parameters:
    """`unsupported` names what was asked for, is known to the standard, and is not done."""

    window: Window | None
    viewport: Viewport | None
    quality: int
    unsupported: tuple[str, ...] = ()


def of_rendered(query: Mapping[str, str]) -> Parameters:
    """Raises `Invalid`: "bad_window", "bad_viewport", "viewport_too_large", "bad_quality", "bad_annotation",
    "bad_iccprofile". Other names in the query are left alone.
    """
    return Parameters(
        None if "window" not in query else _window(query["window"]),
        None if "viewport" not in query else _viewport(query["viewport"], most=6),
        _quality(query.get("quality")),
        (*_annotations(query.get("annotation")), *_profile(query.get("iccprofile"))),
    )


def of_thumbnail(query: Mapping[str, str]) -> Parameters:
    """A thumbnail has a size at most (PS3.18 section 8.3.5.2). Raises like `of_rendered`."""
    viewport = None if "viewport" not in query else _viewport(query["viewport"], most=2)
    return Parameters(None, viewport, USUAL_QUALITY)


def _window(text: str) -> Window:
    parts = text.split(",")
    if len(parts) == 3 and all(map(_DECIMAL.fullmatch, parts[:2])) and parts[2] in SHAPES:
        window = Window(float(parts[0]), float(parts[1]), cast(Shape, parts[2]))
        # PS3.3 section C.11.2.1.2: at least one grey value in the linear function, more than none elsewhere
        if window.width >= 1 or (window.width > 0 and window.shape != "linear"):
            return window
    raise Invalid(
        "The window is center,width,function: two numbers, and linear, linear-exact or sigmoid. The width is"
        " more than 0, in the linear function at least 1.",
        code="bad_window",
    )


def _viewport(text: str, most: int) -> Viewport:
    parts = text.split(",")
    if not 2 <= len(parts) <= most or not all(map(_SIZE.fullmatch, parts[:2])):
        raise _bad_viewport(most)
    width, height = int(parts[0]), int(parts[1])
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise Invalid(
            f"A picture has at most {MOST_PIXELS} pixels, {LONGEST_SIDE} in a row. Ask for a smaller one.",
            code="viewport_too_large",
        )
    left, top, right, bottom = [*(_number(part, most) for part in parts[2:]), None, None, None, None][:4]
    if (left or 0) < 0 or (top or 0) < 0 or 0 in (right, bottom):
        raise _bad_viewport(most)
    return Viewport(width, height, left, top, right, bottom)


def _number(text: str, most: int) -> float | None:
    """None where it is left out, as in "100,100,,,50,50"."""
    if not text:
        return None
    if _DECIMAL.fullmatch(text) is None or not math.isfinite(float(text)):
        raise _bad_viewport(most)
    return float(text)


def _bad_viewport(most: int) -> Invalid:
    form = "width,height" if most == 2 else "width,height, and perhaps the region's left,top,width,height"
    return Invalid(
        f"The viewport is {form}: sizes in whole pixels from 1; a region has a place from 0 and a size other"
        " than 0.",
        code="bad_viewport",
    )


def _quality(text: str | None) -> int:
    if text is None:
        return USUAL_QUALITY
    if _QUALITY.fullmatch(text) is None:
        raise Invalid("The quality is a whole number from 1 to 100.", code="bad_quality")
    return int(text)


def _annotations(text: str | None) -> list[str]:
    """No text is burned into a picture: who asks for some is told that there is none."""
    if text is None:
        return []
    wanted = text.split(",")
    if not _ANNOTATIONS.issuperset(wanted):
        raise Invalid("Annotations are patient and technique, parted by commas.", code="bad_annotation")
    return [f"annotation={each}" for each in wanted]


def _profile(text: str | None) -> list[str]:
    """Pictures carry no colour profile."""
    if text is None or text == "no":
        return []
    if text not in _PROFILES:
        raise Invalid("iccprofile is no, yes, srgb, adobergb or rommrgb.", code="bad_iccprofile")
    return [f"iccprofile={text}"]
