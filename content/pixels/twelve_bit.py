"""JPEG Extended with samples of twelve bits, by GDCM, as a plugin of pydicom's decoder.

pydicom's own plugin asks GDCM for samples of eight bits alone.
"""

import gdcm
from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.uid import JPEGExtended12Bit


def is_available(uid: str) -> bool:
    """What pydicom asks of a plugin's module."""
    return uid == JPEGExtended12Bit


def decode_frame(frame: bytes, runner: DecodeRunner) -> bytes:
    """Raises what GDCM and pydicom raise."""
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(_pixel_data(frame))
    kind = gdcm.PhotometricInterpretation.GetPIType(str(runner.photometric_interpretation))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))))
    bits = runner.bits_stored
    form = (runner.samples_per_pixel, runner.bits_allocated, bits, bits - 1, runner.pixel_representation)
    image.SetPixelFormat(gdcm.PixelFormat(*form))
    decoded: bytes = image.GetBuffer().encode("utf-8", "surrogateescape")  # GDCM gives bytes as text
    return decoded


def _pixel_data(frame: bytes) -> "gdcm.DataElement":
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    return element
