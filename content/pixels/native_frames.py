"""Frames as Explicit VR Little Endian stores them: samples in order, colour by pixel (PS3.5 §8.1.1)."""

from dataclasses import dataclass

import numpy as np

from content.dicom.registry import ENCAPSULATED_UNCOMPRESSED
from content.pixels.decoding import Decoded, decode, in_other_order
from content.pixels.image_file import ImageFile, Pieces

# lossy already: their luminance and chrominance become RGB; what is lossless keeps its values
_TO_RGB = frozenset(("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"))


@dataclass(frozen=True, slots=True)
class NativeFrame:
    """`photometric` is None where the bytes are the stored ones, whose attributes describe them still."""

    data: bytes
    photometric: str | None


def native_frame(image: ImageFile, number: int, pieces: Pieces | None = None) -> NativeFrame:
    """Frame `number`, counted from 1, beginning with its own byte. Raises as `decode` does."""
    if image.is_native or image.syntax == ENCAPSULATED_UNCOMPRESSED:
        data, first_bit = image.encoded(number, pieces)
        if image.bits_allocated == 1:
            return NativeFrame(_shifted(data, first_bit, image.bits_per_frame), None)
        return NativeFrame(
            data if image.encoding.little else in_other_order(data, image.bits_allocated // 8), None
        )
    decoded = decode(image, number, pieces, as_rgb=image.syntax in _TO_RGB)
    return NativeFrame(_little_endian(image, decoded), decoded.photometric)


def _shifted(data: bytes, first_bit: int, bits: int) -> bytes:
    if not first_bit:
        return data
    cells = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[first_bit : first_bit + bits]
    return np.packbits(cells, bitorder="little").tobytes()


def _little_endian(image: ImageFile, decoded: Decoded) -> bytes:
    samples = decoded.samples
    if image.bits_allocated == 1:
        return np.packbits(samples.ravel().astype(np.uint8), bitorder="little").tobytes()
    return np.ascontiguousarray(samples, samples.dtype.newbyteorder("<")).tobytes()
