"""Rendering parameters that a picture is wanted with (PS3.18 §8.3.5), as values and on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
SAMPLES, DICOM = "application/octet-stream", "application/dicom"
MediaType = Literal["image/jpeg", "image/png"]
Shape = Literal["linear", "linear-exact", "sigmoid"]
SHAPES: frozenset[str] = frozenset(("linear", "linear-exact", "sigmoid"))
MOST_PIXELS = 16 * 2**20
"""Of a picture that is made; a larger image without a viewport is scaled down to it."""
LONGEST_SIDE = 65_500
"""What libjpeg writes, in pixels."""
USUAL_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Window:
    """Center and width in the units of the modality, and the function between (PS3.3 §C.11.2.1.2)."""

    center: float
    width: float
    shape: Shape = "linear"


@dataclass(frozen=True, slots=True)
class Viewport:
    """The box of pixels into which the source region is fitted, its aspect kept (PS3.18 §8.3.5.1.3).

    The region is in pixels of the source; None reaches from, or to, its edge. A negative width or height
    flips the region left to right or top to bottom.
    """

    width: int
    height: int
    left: float | None = None
    top: float | None = None
    region_width: float | None = None
    region_height: float | None = None


@dataclass(frozen=True, slots=True)
class Rendering:
    """A picture as somebody asked for it; `quality` from 1 to 100 counts for JPEG alone."""

    media_type: MediaType = "image/jpeg"
    viewport: Viewport | None = None
    window: Window | None = None
    quality: int = USUAL_QUALITY


def to_json(wanted: Rendering) -> dict[str, Any]:
    viewport, window = wanted.viewport, wanted.window
    return {
        "media_type": wanted.media_type,
        "quality": wanted.quality,
        "viewport": None if viewport is None else [getattr(viewport, name) for name in Viewport.__slots__],
        "window": None if window is None else [window.center, window.width, window.shape],
    }


def from_json(wanted: Mapping[str, Any]) -> Rendering:
    viewport, window = wanted["viewport"], wanted["window"]
    return Rendering(
        wanted["media_type"],
        None if viewport is None else Viewport(*viewport),
        None if window is None else Window(*window),
        wanted["quality"],
    )
