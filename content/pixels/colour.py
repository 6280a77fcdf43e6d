"""Colour samples to eight bits of red, green and blue (PS3.3 §C.7.6.3.1.2, §C.7.6.3.1.5, §C.7.9.2)."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from content.pixels.decoding import Decoded, Samples
from content.pixels.failures import DAMAGED, Unpictured
from content.pixels.image_file import COLOURS
from content.pixels.segmented_tables import expanded

Colours = NDArray[np.uint8]


def from_rgb(decoded: Decoded) -> Colours:
    """Deeper samples lose their low bits; the window of a request does not apply to colour (PS3.4 §N.2.2)."""
    samples = decoded.samples
    if samples.dtype.kind == "f":
        raise Unpictured(DAMAGED)
    if samples.dtype.itemsize == 1:
        return samples.view(np.uint8)
    depth = max(8, int(decoded.bits))
    return (np.maximum(samples, 0) >> (depth - 8)).astype(np.uint8)


def from_palette(samples: Samples, found: Dataset, *, little: bool) -> Colours:
    """`little`: the order of bytes in the file's tables."""
    channels = [_mapped(samples, found, colour, little) for colour in COLOURS]
    return np.stack(channels, axis=-1)


def _mapped(samples: Samples, found: Dataset, colour: str, little: bool) -> Colours:
    count, start, bits = (int(number) for number in found[f"{colour}PaletteColorLookupTableDescriptor"].value)
    count = count % 2**16 or 2**16  # it may come as signed; 0 is one more than fits
    entries = _entries(found, colour, count, bits, little)
    if samples.dtype.kind == "u" and start >= 2**15 and int(samples.max(initial=0)) < start:
        start -= 2**16  # written as signed
    places = np.clip(samples.astype(np.int64) - start, 0, count - 1)
    if int(places.max(initial=0)) >= entries.size:  # shorter than it says, and than what is shown needs
        raise Unpictured(DAMAGED)
    return entries[places]


def _entries(found: Dataset, colour: str, count: int, bits: int, little: bool) -> Colours:
    """A channel's table in eight bits. Some writers fill eight of the sixteen bits that they declare."""
    segmented = found.get(f"Segmented{colour}PaletteColorLookupTableData")
    if segmented is not None:
        return _eight_bits(_expanded(segmented, count, bits, little), bits)
    data = found[f"{colour}PaletteColorLookupTableData"].value
    if len(data) >= 2 * count:
        return _eight_bits(np.frombuffer(data, "<u2" if little else ">u2", count), bits)
    order = np.frombuffer(data[: len(data) & ~1], "<u2" if little else ">u2").astype("<u2")
    return order.view(np.uint8)[:count] if not little else np.frombuffer(data, np.uint8)[:count]


def _expanded(data: bytes, count: int, bits: int, little: bool) -> NDArray[np.uint16]:
    if bits <= 8 and len(data) % 2 == 0:
        return np.asarray(expanded(data, 1, count), np.uint16)
    words = np.frombuffer(data[: len(data) & ~1], "<u2" if little else ">u2").tolist()
    return np.asarray(expanded(words, 2, count), np.uint16)


def _eight_bits(entries: NDArray[np.uint16], bits: int) -> Colours:
    shift = 8 if bits > 8 and int(entries.max(initial=0)) > 0xFF else 0
    return (entries >> shift).astype(np.uint8)
