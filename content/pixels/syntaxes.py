"""Transfer syntaxes whose frames can be decoded, each with the codec that does (docs/dependencies.md)."""

from collections.abc import Mapping

from content.dicom.registry import JPEG_2000_FAMILY, RLE

_CODES = "1.2.840.10008.1.2.4."
TWELVE_BIT = "twelve_bit"
CODECS: Mapping[str, str] = {
    RLE: "pydicom",
    **dict.fromkeys((_CODES + "50", _CODES + "51"), "pillow"),
    **dict.fromkeys((_CODES + "57", _CODES + "70"), "gdcm"),
    **dict.fromkeys((_CODES + "80", _CODES + "81"), "pyjpegls"),
    **dict.fromkeys(JPEG_2000_FAMILY, "pylibjpeg"),
}
"""By pydicom's name for it. JPEG Extended has another codec where samples have twelve bits."""
