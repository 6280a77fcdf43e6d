"""The instances of a series document one after another, while it arrives: in memory is the one that is read.

What our writer writes is taken apart where an instance begins, which is found without reading it: no other
member begins so, since names inside of DICOM JSON are tags or VR, Value and the like (PS3.18 section F.2).
Whatever stands otherwise is read as a whole, or is no JSON.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from content import series_metadata as series_format
from content.json_text import read_json
from content.series_metadata import FORMAT, LARGEST, SeriesInstance, instance_of
from records.errors import CoffreError, Invalid

_HEAD, _BEGINNING, _NEXT, _END = b'"instances":[', b'{"sop":', b',{"sop":', b"]}"
_LONGEST_HEAD = 4096
_CHUNK = 256 * 1024
_GZIP = zlib.MAX_WBITS | 16

Holding = Callable[[int], AbstractContextManager[None]]
"""Asks for room in memory for the reading of so many bytes of JSON; refuses where there is none."""


def any_size(_: int) -> AbstractContextManager[None]:
    """For whoever reads alone."""
    return nullcontext()


def instances_in(
    study: str, series: str, document: Iterable[bytes], holding: Holding = any_size
) -> Iterator[SeriesInstance]:
    """The instances of a document, of which `document` are the gzipped bytes.

    Raises `CoffreError` "series_damaged" or "series_too_large", in the end at the latest.
    """
    try:
        yield from _instances(study, series, _inflated(document), holding)
    except Invalid as error:
        raise too_large() if error.code == "series_document_too_large" else damaged() from None
    except (zlib.error, ValueError, RecursionError):
        raise damaged() from None


def _instances(study: str, series: str, text: Iterator[bytes], holding: Holding) -> Iterator[SeriesInstance]:
    buffer = bytearray()
    for piece in text:
        buffer += piece
        at = buffer.find(_HEAD)
        if at >= 0 or len(buffer) > _LONGEST_HEAD:
            break
    else:
        at = buffer.find(_HEAD)
    begin = at + len(_HEAD)
    if at < 0 or not _is_head(bytes(buffer[:begin]), study, series):
        yield from _whole(study, series, b"".join((buffer, *text)), holding)
        return
    del buffer[:begin]
    yield from _listed(buffer, text, holding)


def _is_head(head: bytes, study: str, series: str) -> bool:
    """Whether a document begins as the writer begins the one of this series."""
    written = {"format": FORMAT, "study": study, "series": series, "instances": []}
    return series_format.text_of(written) == head + _END


def _listed(buffer: bytearray, text: Iterator[bytes], holding: Holding) -> Iterator[SeriesInstance]:
    searched, is_last = 1, False
    while True:
        end = buffer.find(_NEXT, searched)
        if end < 0 and not is_last:
            searched = max(1, len(buffer) - len(_NEXT))
            piece = next(text, None)
            is_last = piece is None
            buffer += piece or b""
            continue
        if end < 0:
            break
        yield from _one(bytes(buffer[:end]), holding)
        del buffer[: end + 1]
        searched = 1
    if not buffer.endswith(_END):
        raise damaged()
    if len(buffer) > len(_END):
        yield from _one(bytes(buffer[: -len(_END)]), holding)


def _one(text: bytes, holding: Holding) -> Iterator[SeriesInstance]:
    if not text.startswith(_BEGINNING):
        raise damaged()
    with holding(len(text)):
        yield instance_of(read_json(text))


def _whole(study: str, series: str, text: bytes, holding: Holding) -> Iterator[SeriesInstance]:
    with holding(len(text)):
        found = series_format.read_text(text)
        if (found.study, found.series) != (study, series):  # the grant says which series the blob is of
            raise damaged()
        yield from found.instances


def _inflated(document: Iterable[bytes]) -> Iterator[bytes]:
    stream, left = zlib.decompressobj(_GZIP), LARGEST
    for piece in document:
        rest: Any = piece
        while rest:
            found = stream.decompress(rest, _CHUNK)
            left -= len(found)
            if left < 0:
                raise too_large()
            if found:
                yield found
            rest = stream.unconsumed_tail
        if stream.unused_data:  # followed by what no digest covers
            raise damaged()
    while found := stream.decompress(b"", _CHUNK) if not stream.eof else b"":
        left -= len(found)
        if left < 0:
            raise too_large()
        yield found
    if not stream.eof:
        raise damaged()


def too_large() -> CoffreError:
    return CoffreError("The description of this series is too large to be read.", code="series_too_large")


def damaged() -> CoffreError:
    return CoffreError("The description of a series is damaged; fetch it again.", code="series_damaged")
