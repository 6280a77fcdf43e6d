"""Series metadata (`coffre-series-v1`): what a viewer needs of a series, in one small blob."""

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from records.errors import Invalid

FORMAT = "coffre-series-v1"
LARGEST = 256 * 2**20  # inflated
_INSTANCE = frozenset(("sop", "blob", "offset", "length", "sha256", "transfer_syntax", "frames", "dicom"))
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHA256 = re.compile(r"[A-Za-z0-9_-]{43}")
_GZIP = zlib.MAX_WBITS | 16  # a gzip stream; zlib writes no name and time 0


def series_document(study: str, series: str, instances: Iterable[Mapping[str, Any]]) -> bytes:
    """The document of one series and submission.

    Each instance has exactly `sop` (UID), `blob` (UUID text), `offset` and `length` (bytes, in the blob's
    plaintext), `sha256` (base64url), `transfer_syntax`, `frames` (per frame a list of `[offset, length]` from
    the instance's start, or None) and `dicom` (DICOM JSON without bulk data); else `Invalid` is raised.
    """
    document = {"format": FORMAT, "study": study, "series": series, "instances": [dict(i) for i in instances]}
    for instance in document["instances"]:
        _check_instance(instance)
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return packer.compress(text.encode("utf-8")) + packer.flush()


def read_series_document(data: bytes, largest: int = LARGEST) -> dict[str, Any]:
    """The document; raises `Invalid` ("series_document_too_large", "series_document_not_valid")."""
    text = _inflate(data, largest)
    try:
        document = json.loads(
            text.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise _not_valid() from error
    if not isinstance(document, dict) or document.keys() != {"format", "study", "series", "instances"}:
        raise _not_valid()
    if document["format"] != FORMAT or not isinstance(document["instances"], list):
        raise _not_valid()
    for instance in document["instances"]:
        _check_instance(instance)
    return document


def _inflate(data: bytes, largest: int) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        text = stream.decompress(data, largest + 1)
    except zlib.error as error:
        raise _not_valid() from error
    if len(text) > largest:
        raise Invalid("This series is too large to be read here.", code="series_document_too_large")
    if not stream.eof or stream.unused_data:
        raise _not_valid()
    return text


def _check_instance(instance: Any) -> None:
    if not isinstance(instance, dict) or instance.keys() != _INSTANCE:
        raise _not_valid()
    texts = (instance["sop"], instance["transfer_syntax"])
    places = (instance["offset"], instance["length"])
    if not all(isinstance(text, str) and text for text in texts):
        raise _not_valid()
    if not all(type(place) is int and 0 <= place < 2**53 for place in places):
        raise _not_valid()
    if not (_matches(_UUID, instance["blob"]) and _matches(_SHA256, instance["sha256"])):
        raise _not_valid()
    if not isinstance(instance["dicom"], dict) or not _frames_inside(instance["frames"], instance["length"]):
        raise _not_valid()


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _frames_inside(frames: Any, length: int) -> bool:
    if frames is None:
        return True
    try:
        return all(
            type(start) is int and type(size) is int and start >= 0 and size > 0 and start + size <= length
            for frame in frames
            for start, size in frame
        )
    except (TypeError, ValueError):
        return False


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("duplicate name")
    return dict(pairs)


def _no_constant(constant: str) -> None:
    raise ValueError(constant)


def _not_valid() -> Invalid:
    return Invalid(
        "The description of this series is damaged. Fetch it again.", code="series_document_not_valid"
    )
