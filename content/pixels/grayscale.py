"""Stored values to gray levels: modality, values of interest, presentation (PS3.4 §N.2, PS3.3 §C.11).

Where neither the request nor the file has a window, the darkest and the brightest value of the frame are one.
Pixel padding becomes black and counts for nothing (PS3.3 §C.7.5.1.1.2). Overlays are not drawn.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from content.pixels.decoding import Samples
from content.pixels.lookup_tables import LookUp, modality_table, table_of_interest
from content.pixels.wanted import SHAPES, Shape, Window

Values = NDArray[Any]
Levels = NDArray[np.uint8]

_WIDEST_TABLE = 2**17
_WHITE = 255.0


def levels(samples: Samples, found: Dataset, number: int, photometric: str, wanted: Window | None) -> Levels:
    """The gray levels of frame `number`, counted from 1: 0 is black, 255 white."""
    padding = _padding(found)
    if samples.dtype.kind in "iub" and samples.size:
        low, high = int(samples.min()), int(samples.max())
        if high - low < _WIDEST_TABLE:
            table, places = np.arange(low, high + 1), np.subtract(samples, low, dtype=np.int64)
            present = np.zeros(table.size, bool)
            present[places.ravel()] = True
            return _mapped(table, present, padding, found, number, photometric, wanted)[places]
    return _mapped(samples, np.isfinite(samples), padding, found, number, photometric, wanted)


def _mapped(
    stored: Samples,
    present: NDArray[np.bool_],
    padding: tuple[int, int] | None,
    found: Dataset,
    number: int,
    photometric: str,
    wanted: Window | None,
) -> Levels:
    hidden = np.zeros(stored.shape, bool)
    if padding is not None:
        hidden = (stored >= padding[0]) & (stored <= padding[1])
    transformation = functional_group(found, number, "PixelValueTransformationSequence")
    voi = functional_group(found, number, "FrameVOILUTSequence")
    values = _modality(stored, found, transformation)
    shown = values[present & ~hidden]
    window = wanted or _window(voi)
    table = None if window else table_of_interest(found, transformation, voi)
    bright = windowed(values, window) if window else _of_interest(values, shown, table)
    if photometric == "MONOCHROME1":
        bright = 1.0 - bright
    mapped: Levels = np.rint(np.nan_to_num(bright) * _WHITE).astype(np.uint8)
    mapped[hidden] = 0
    return mapped


def functional_group(found: Dataset, number: int, macro: str) -> Dataset:
    """The macro's attributes for frame `number`, counted from 1 (PS3.3 §C.7.6.16): the frame's own, those
    that all frames share, or else the data set's.
    """
    own: Sequence[Dataset] = found.get("PerFrameFunctionalGroupsSequence") or ()
    shared: Sequence[Dataset] = found.get("SharedFunctionalGroupsSequence") or ()
    for groups in (own[number - 1 : number], shared[:1]):
        for group in groups:
            if items := group.get(macro):
                return cast(Dataset, items[0])
    return found


def _padding(found: Dataset) -> tuple[int, int] | None:
    value = found.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    limit = found.get("PixelPaddingRangeLimit")
    other = limit if isinstance(limit, int) else value
    return min(value, other), max(value, other)


def _modality(stored: Samples, found: Dataset, transformation: Dataset) -> Values:
    """Stored values in the modality's unit (PS3.3 §C.11.1)."""
    if (table := modality_table(found, transformation)) is not None:
        return table.mapped(stored)
    slope, intercept = transformation.get("RescaleSlope"), transformation.get("RescaleIntercept")
    values: Values = stored.astype(np.float64 if stored.dtype.itemsize > 2 else np.float32)
    return values * float(1 if slope is None else slope) + float(intercept or 0)


def _of_interest(values: Values, shown: Values, table: LookUp | None) -> Values:
    """Brightness from 0 to 1 where there is no window: by the file's first table, or everything."""
    if table is not None:
        return table.mapped(values) / table.brightest
    low, high = (float(shown.min()), float(shown.max())) if shown.size else (0.0, 0.0)
    return np.clip((values - low) / (high - low), 0.0, 1.0) if high > low else np.zeros_like(values)


def _window(voi: Dataset) -> Window | None:
    """The first window of the file, where it is one."""
    center, width = first(voi.get("WindowCenter")), first(voi.get("WindowWidth"))
    if center is None or width is None:
        return None
    shape = str(voi.get("VOILUTFunction") or "linear").lower().replace("_", "-")
    known = cast(Shape, shape if shape in SHAPES else "linear")
    window = Window(float(center), float(width), known)
    return window if np.isfinite((window.center, window.width)).all() and window.width > 0 else None


def first(value: Any) -> Any:
    """The first of several values, or the only one."""
    if value is None or isinstance(value, (str, bytes, int, float)):
        return value
    return value[0] if len(value) else None


def windowed(values: Values, window: Window) -> Values:
    """Brightness from 0 to 1 (PS3.3 §C.11.2.1.2.1, §C.11.2.1.3)."""
    center, width = window.center, window.width
    if window.shape == "sigmoid":
        exponent = np.clip(-4.0 * (values - center) / width, -700.0, 700.0)
        return 1.0 / (1.0 + np.exp(exponent))
    if window.shape == "linear-exact":
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    if width <= 1:
        return (values > center - 0.5).astype(values.dtype)
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)
