"""In which forms stored instances and their frames can be given (PS3.18 section 8.7.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from content.pixels.syntaxes import CODECS
from viewer_api.wado.accept import Offer

DICOM, OCTETS = "application/dicom", "application/octet-stream"
DICOM_JSON, JSON = "application/dicom+json", "application/json"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
UNCOMPRESSED = frozenset((IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED))
"""Frames that are samples, as they lie or inflated and in the order of bytes that octet-stream has."""
LIES_OTHERWISE = frozenset((BIG_ENDIAN, DEFLATED))
"""Uncompressed, and yet not given as the stored bytes are."""

_CODES = "1.2.840.10008.1.2.4."
STORED_AS: Mapping[str, str] = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **dict.fromkeys((_CODES + code for code in ("50", "51", "57", "70")), "image/jpeg"),
    **dict.fromkeys((_CODES + code for code in ("80", "81")), "image/jls"),
    **dict.fromkeys((_CODES + code for code in ("90", "91")), "image/jp2"),
    **dict.fromkeys((_CODES + code for code in ("92", "93")), "image/jpx"),
    **dict.fromkeys((_CODES + code for code in ("201", "202", "203")), "image/jphc"),
    **dict.fromkeys((_CODES + code for code in ("110", "111", "112")), "image/jxl"),
    **dict.fromkeys((_CODES + code for code in ("100", "101")), "video/mpeg2"),
    **dict.fromkeys((_CODES + f"10{digit}" for digit in range(2, 7)), "video/mp4"),
    **dict.fromkeys((_CODES + code for code in ("107", "108")), "video/H265"),
}
"""Tables 8.7.3-4 to 8.7.3-6, and what the standard has registered since."""


def instance_offers(syntaxes: Iterable[str], *, alone: bool) -> list[Offer]:
    """What can be given of instances stored so; `alone`: one may come without multipart."""
    kept = list(dict.fromkeys(syntaxes))
    offers = [Offer(DICOM, syntax, multipart=True, stored=True) for syntax in kept]
    if EXPLICIT not in kept:
        offers.append(Offer(DICOM, EXPLICIT, multipart=True))
    return _with_single(offers, alone=alone)


def frame_offers(syntax: str, *, alone: bool) -> list[Offer]:
    """What can be given of frames stored in `syntax`, the stored bytes first; compressed ones also decoded.

    `alone`: one frame may come without multipart.
    """
    if syntax in UNCOMPRESSED:
        return _with_single([Offer(OCTETS, EXPLICIT, multipart=True, stored=True)], alone=alone)
    offers = [Offer(STORED_AS.get(syntax, OCTETS), syntax, multipart=True, stored=True)]
    if syntax in CODECS:
        offers.append(Offer(OCTETS, EXPLICIT, multipart=True))
    return _with_single(offers, alone=alone)


def _with_single(offers: list[Offer], *, alone: bool) -> list[Offer]:
    return offers + [replace(each, multipart=False) for each in offers if alone]


def content_type(offer: Offer) -> str:
    """Of a part, or of a body of one."""
    syntax = offer.transfer_syntax
    return f"{offer.media_type}; transfer-syntax={syntax}" if syntax else offer.media_type
