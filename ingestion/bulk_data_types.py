"""Media types of bulk data beside DICOM metadata (PS3.18 section 8.7.3.3), as data."""

from collections.abc import Mapping
from dataclasses import dataclass

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"  # not for web services, but the same bytes in bulk data

# values as they are; an encapsulated document comes under its own type
UNCOMPRESSED = frozenset(
    {
        *("application/octet-stream", "application/pdf", "application/xml", "text/xml"),
        *("model/stl", "model/obj", "model/mtl"),
    }
)

_JPEG = "1.2.840.10008.1.2.4."
# PS3.18 table 8.7.3-5: the first transfer syntax is the one meant without a parameter
COMPRESSED: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (_JPEG + "70", _JPEG + "50", _JPEG + "51", _JPEG + "57"),
    "image/dicom-rle": ("1.2.840.10008.1.2.5",),
    "image/x-dicom-rle": ("1.2.840.10008.1.2.5",),
    "image/jls": (_JPEG + "80", _JPEG + "81"),
    "image/x-jls": (_JPEG + "80", _JPEG + "81"),
    "image/jp2": (_JPEG + "90", _JPEG + "91"),
    "image/jpx": (_JPEG + "92", _JPEG + "93"),
    "image/jphc": (_JPEG + "201", _JPEG + "202", _JPEG + "203"),
    "image/jxl": (_JPEG + "110", _JPEG + "111", _JPEG + "112"),
    "video/mpeg2": (_JPEG + "100", _JPEG + "101"),
    "video/mp4": tuple(_JPEG + last for last in ("102", "103", "104", "105", "106", "107", "108")),
}
BULK_TYPES = UNCOMPRESSED | COMPRESSED.keys()


@dataclass(frozen=True, slots=True)
class BulkType:
    """The type that a part of bulk data states; `syntax` "" where the part doesn't tell."""

    media_type: str
    syntax: str

    @property
    def compressed(self) -> bool:
        return self.media_type in COMPRESSED

    @property
    def video(self) -> bool:
        """One stream of all frames."""
        return self.media_type.startswith("video/")

    def transfer_syntax(self) -> str | None:
        """The transfer syntax of a data set with this pixel data; None where type and parameter disagree."""
        if self.compressed:
            known = COMPRESSED[self.media_type]
            return (self.syntax or known[0]) if self.syntax in ("", *known) else None
        plain = ("", EXPLICIT_LITTLE_ENDIAN, _IMPLICIT_LITTLE_ENDIAN)
        return EXPLICIT_LITTLE_ENDIAN if self.syntax in plain else None
