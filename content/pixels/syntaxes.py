"""Transfer syntaxes whose frames can be decoded, each with the codec that does (docs/dependencies.md)."""

from collections.abc import Mapping

RLE = "1.2.840.10008.1.2.5"
_CODES = "1.2.840.10008.1.2.4."
TWELVE_BIT = "twelve_bit"
JPEG_FAMILY = frozenset(f"{_CODES}{number}" for number in (50, 51, 57, 70, 80, 81))
"""JPEG-LS among them."""
JPEG_2000_FAMILY = frozenset(f"{_CODES}{number}" for number in (90, 91, 201, 202, 203))
"""High-throughput JPEG 2000 among them."""
CODECS: Mapping[str, str] = {
    RLE: "pydicom",
    **dict.fromkeys((_CODES + "50", _CODES + "51"), "pillow"),
    **dict.fromkeys((_CODES + "57", _CODES + "70"), "gdcm"),
    **dict.fromkeys((_CODES + "80", _CODES + "81"), "pyjpegls"),
    **dict.fromkeys(JPEG_2000_FAMILY, "pylibjpeg"),
}
"""By pydicom's name for it. JPEG Extended has another codec where samples have twelve bits."""
