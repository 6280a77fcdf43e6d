"""Series metadata as a recipient reads it, `coffre-series-v1` (docs/formats.md section 1)."""

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from records.base64url import unb64
from records.errors import CoffreError, Invalid
from records.instances import latest

LARGEST = 256 * 2**20
"""Bytes that metadata may inflate to."""
_GZIP = zlib.MAX_WBITS | 16

Frames = tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance and its place, in bytes of its blob's plaintext.

    `frames` holds per frame its [offset, length] pieces, counted from the instance's start; None where the
    stored bytes do not address frames. `dicom` is DICOM JSON without bulk data.
    """

    study: str
    series: str
    sop: str
    blob_id: UUID
    offset: int
    length: int
    sha256: bytes
    transfer_syntax: str
    frames: Frames | None
    dicom: dict[str, Any]


def merge_series(study: str, series: str, documents: Iterable[bytes]) -> list[Instance]:
    """Returns the instances of one document's series from its metadata blobs, oldest first.

    Raises `CoffreError` "series_damaged" or "series_too_large".
    """
    every = (one for document in documents for one in _instances(study, series, document))
    return latest(every, lambda one: one.sop)


def _instances(study: str, series: str, document: bytes) -> Iterator[Instance]:
    text = _inflate(document)
    try:
        found = json.loads(text)
        if (found["format"], found["study"], found["series"]) != ("coffre-series-v1", study, series):
            raise _damaged()
        yield from [_instance(study, series, one) for one in found["instances"]]
    except (ValueError, LookupError, TypeError, RecursionError, Invalid):
        raise _damaged() from None


def _inflate(document: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        text = stream.decompress(document, LARGEST + 1)
    except zlib.error:
        raise _damaged() from None
    if len(text) > LARGEST:
        raise CoffreError("The description of this series is too large to be read.", code="series_too_large")
    if not stream.eof or stream.unused_data:
        raise _damaged()
    return text


def _instance(study: str, series: str, one: dict[str, Any]) -> Instance:
    offset, length = _count(one["offset"]), _count(one["length"])
    return Instance(
        study=study,
        series=series,
        sop=_text(one["sop"]),
        blob_id=UUID(one["blob"]),
        offset=offset,
        length=length,
        sha256=unb64(one["sha256"], 32),
        transfer_syntax=_text(one["transfer_syntax"]),
        frames=None if one["frames"] is None else _frames(one["frames"], length),
        dicom=dict(one["dicom"]),
    )


def _frames(frames: list[list[list[int]]], length: int) -> Frames:
    found = tuple(tuple((_count(start), _count(size)) for start, size in frame) for frame in frames)
    if any(start + size > length for frame in found for start, size in frame):
        raise _damaged()
    return found


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise _damaged()
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _damaged()
    return value


def _damaged() -> CoffreError:
    return CoffreError("The description of a series is damaged; fetch it again.", code="series_damaged")
