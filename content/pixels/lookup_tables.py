"""Tables of gray values: which of them an image is drawn by, and which are not surely understood.

One rule for what the server draws and for the viewer page (docs/adr/0024-viewer-page.md): a file has one
transformation to the modality's values, a table or a slope (PS3.3 §C.11.1); a table is whole (§C.11.1.1,
§C.11.2.1.1); that of XA and XRF leads to the intensity of X-rays and is not for display (PS3.4 §N.2.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from content.pixels.failures import TABLE_UNKNOWN, Unpictured

_TO_INTENSITY = frozenset(f"1.2.840.10008.5.1.4.1.1.12.{number}" for number in (1, 2, 3))
"""X-Ray Angiographic, X-Ray Radiofluoroscopic and the retired X-Ray Angiographic Bi-Plane Image Storage."""
_LEAST_BITS, _MOST_BITS, _SIGN = 8, 16, 2**15


@dataclass(frozen=True, slots=True)
class LookUp:
    """A table of modality or values of interest: the entry for `start`, and of what follows it."""

    entries: NDArray[np.float32]
    start: int
    brightest: float

    def mapped(self, values: NDArray[Any]) -> NDArray[Any]:
        """What lies before the first entry, or after the last, is given that entry."""
        places = np.clip(values - self.start, 0, len(self.entries) - 1).astype(np.int64)
        found: NDArray[Any] = self.entries[places]
        return found


def modality_table(found: Dataset, transformation: Dataset) -> LookUp | None:
    """The table of an image to the modality's values; None where they follow slope and intercept.

    Raises `Unpictured` "lookup_table_unknown".
    """
    sequence: Sequence[Dataset] = _of(found, transformation, "ModalityLUTSequence") or ()
    if not sequence or str(found.get("SOPClassUID")) in _TO_INTENSITY:
        return None
    slope, intercept = (_of(found, transformation, name) for name in ("RescaleSlope", "RescaleIntercept"))
    if float(1 if slope is None else slope) != 1 or float(intercept or 0) != 0:
        raise Unpictured(TABLE_UNKNOWN)
    return _table(sequence[0], is_signed=_is_signed(found))


def table_of_interest(found: Dataset, transformation: Dataset, voi: Dataset) -> LookUp | None:
    """The first table to values of interest; None without one. Raises `Unpictured` "lookup_table_unknown"."""
    sequence: Sequence[Dataset] = _of(found, voi, "VOILUTSequence") or ()
    if not sequence:
        return None
    is_below = float(_of(found, transformation, "RescaleIntercept") or 0) < 0
    return _table(sequence[0], is_signed=_is_signed(found) or is_below)


def _of(found: Dataset, macro: Dataset, keyword: str) -> Any:
    value = macro.get(keyword)
    return found.get(keyword) if value is None else value


def _is_signed(found: Dataset) -> bool:
    return bool(found.get("PixelRepresentation") == 1)


def _table(item: Dataset, *, is_signed: bool) -> LookUp:
    descriptor, data = item.get("LUTDescriptor"), item.get("LUTData")
    if descriptor is None or isinstance(descriptor, int) or len(descriptor) != 3 or data is None:
        raise Unpictured(TABLE_UNKNOWN)
    count, start, bits = (int(number) for number in descriptor)
    count = count % 2**16 or 2**16  # it may come as signed; 0 is one more than fits
    entries = _entries(data, count, bits)
    # a start of negative values that was read without its sign could be either
    is_unsure = is_signed and start >= _SIGN
    if is_unsure or not _LEAST_BITS <= bits <= _MOST_BITS or len(entries) < count:
        raise Unpictured(TABLE_UNKNOWN)
    return LookUp(entries[:count].astype(np.float32), start, float(2**bits - 1))


def _entries(data: Any, count: int, bits: int) -> NDArray[Any]:
    """Entries of eight bits lie two to a word, or each in a word of its own."""
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data))
    is_packed = bits == _LEAST_BITS and len(data) < 2 * count
    return np.frombuffer(data if is_packed else data[: len(data) & ~1], "u1" if is_packed else "<u2")
