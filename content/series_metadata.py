"""Series metadata (`coffre-series-v1`): what a viewer needs of a series, in one small blob.

docs/formats.md section 1. Whoever writes one and whoever reads one has this form: workers, jobs, and a
recipient on a machine of its own. Both sides are strict, since a viewer asks for bytes by what stands here.
"""

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from content.json_text import read_json
from records.errors import Invalid
from records.text.base64url import b64, unb64

FORMAT = "coffre-series-v1"
LARGEST = 256 * 2**20
"""Bytes that a document may inflate to."""

Frames = tuple[tuple[tuple[int, int], ...], ...]
"""Per frame its pieces, each `(offset, length)` in bytes, counted from the instance's start."""

_DOCUMENT = frozenset(("format", "study", "series", "instances"))
_INSTANCE = frozenset(("sop", "blob", "offset", "length", "sha256", "transfer_syntax", "frames", "dicom"))
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# RFC 1952: zlib writes neither a file's name nor a time, so equal series have equal bytes
_GZIP = zlib.MAX_WBITS | 16
# 500 instances, 5.4 MB: level 3 packs 48 times in 8 ms, 6 packs 56 in 21 ms, 9 packs 70 in 31 ms; their
# deposit takes seconds
_LEVEL = 6


@dataclass(frozen=True, slots=True, repr=False)
class SeriesInstance:
    """One SOP instance and its place, in bytes of its blob's plaintext (PS3.3 section C.12.1, SOP Common).

    `frames` is None where the stored bytes do not address frames (PS3.5 section A.4). `dicom` is DICOM JSON
    (PS3.18 section F.2) without bulk data.
    """

    sop: str
    blob_id: UUID
    offset: int
    length: int
    sha256: bytes
    transfer_syntax: str
    frames: Frames | None
    dicom: Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class SeriesDocument:
    """The instances of one series that one submission brought."""

    study: str
    series: str
    instances: tuple[SeriesInstance, ...]


def write_series(study: str, series: str, instances: Iterable[SeriesInstance]) -> bytes:
    """The document, gzipped. Raises `Invalid` "series_document_not_valid" for what no reader would take."""
    members = [_to_json(instance) for instance in instances]
    for each in members:
        instance_of(each)
    document = {"format": FORMAT, "study": _text(study), "series": _text(series), "instances": members}
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(text_of(document)) + packer.flush()


def text_of(document: Mapping[str, Any]) -> bytes:
    """Its JSON, as it is written."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def read_series(data: bytes, largest: int = LARGEST) -> SeriesDocument:
    """Raises `Invalid` "series_document_too_large" or "series_document_not_valid"."""
    return read_text(_inflate(data, largest))


def read_text(text: bytes) -> SeriesDocument:
    """The document, inflated. Raises `Invalid` "series_document_not_valid"."""
    try:
        document = read_json(text)
    except (ValueError, RecursionError) as error:
        raise _not_valid() from error
    if not isinstance(document, dict) or document.keys() != _DOCUMENT or document["format"] != FORMAT:
        raise _not_valid()
    if not isinstance(document["instances"], list):
        raise _not_valid()
    instances = tuple(instance_of(each) for each in document["instances"])
    return SeriesDocument(_text(document["study"]), _text(document["series"]), instances)


def _inflate(data: bytes, largest: int) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        # one byte more than is allowed tells a document that is too large from one that just fits
        text = stream.decompress(data, largest + 1)
    except zlib.error as error:
        raise _not_valid() from error
    if len(text) > largest:
        raise Invalid("This series is too large to be read here.", code="series_document_too_large")
    if not stream.eof or stream.unused_data:  # cut short, or followed by what no digest covers
        raise _not_valid()
    return text


def _to_json(instance: SeriesInstance) -> dict[str, Any]:
    return {
        "sop": instance.sop,
        "blob": str(instance.blob_id),
        "offset": instance.offset,
        "length": instance.length,
        "sha256": b64(instance.sha256),
        "transfer_syntax": instance.transfer_syntax,
        "frames": instance.frames,
        "dicom": instance.dicom,
    }


def instance_of(members: Any) -> SeriesInstance:
    """One instance of a document. Raises `Invalid` "series_document_not_valid"."""
    if not isinstance(members, dict) or members.keys() != _INSTANCE:
        raise _not_valid()
    if not isinstance(members["dicom"], dict):
        raise _not_valid()
    length = _count(members["length"])
    return SeriesInstance(
        sop=_text(members["sop"]),
        blob_id=_uuid(members["blob"]),
        offset=_count(members["offset"]),
        length=length,
        sha256=_digest(members["sha256"]),
        transfer_syntax=_text(members["transfer_syntax"]),
        frames=_frames(members["frames"], length),
        dicom=members["dicom"],
    )


def _frames(frames: Any, length: int) -> Frames | None:
    if frames is None:
        return None
    if not isinstance(frames, list | tuple):
        raise _not_valid()
    try:
        found = tuple(tuple((start, size) for start, size in frame) for frame in frames)
    except (TypeError, ValueError) as error:
        raise _not_valid() from error
    for start, size in (piece for frame in found for piece in frame):
        if type(start) is not int or type(size) is not int:
            raise _not_valid()
        if start < 0 or size <= 0 or start + size > length:  # an instance names no byte of its neighbour
            raise _not_valid()
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _not_valid()
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:  # RFC 7493 section 2.2; True is an int, and no count
        raise _not_valid()
    return value


def _uuid(value: Any) -> UUID:
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        raise _not_valid()
    return UUID(value)


def _digest(value: Any) -> bytes:
    try:
        return unb64(value, 32)
    except Invalid as error:
        raise _not_valid() from error


def _not_valid() -> Invalid:
    return Invalid(
        "The description of this series is damaged. Fetch it again.", code="series_document_not_valid"
    )
