"""Answers of children, believed where they look as they should: a child has read a stranger's file."""

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from content.pixels.failures import DAMAGED, error_of
from content.pixels.parts import LONGEST
from content.pixels.sources import ImageSource
from content.pixels.wanted import DICOM, JPEG, PDF, PNG, SAMPLES
from content.sandbox.job import Job
from content.sandbox.wire import Message, WireViolation

_PDF_BEGINNING = b"%PDF-"
_BEGINNINGS = {JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG", PDF: _PDF_BEGINNING, SAMPLES: b"", DICOM: bytes(128)}
_LARGEST_ANSWER = 256 * 2**20
_STEP = 2**20
Made = Generator[bytes, None, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RenderedImage:
    """A picture, or the PDF of an encapsulated document. `pieces` are read once; `length` in bytes."""

    media_type: str
    length: int
    pieces: Iterator[bytes]

    def read(self) -> bytes:
        """All of it: a picture is small beside its image."""
        return b"".join(self.pieces)


class Failed(Exception):  # noqa: N818
    """The child says that it could not, with the code of the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def document_of(source: ImageSource, result: Mapping[str, Any]) -> RenderedImage:
    """The PDF that the child says is there, read by the parent: without a child, it may take its time."""
    place = result.get("document")
    if not (isinstance(place, list) and len(place) == 2 and all(type(number) is int for number in place)):
        raise error_of(DAMAGED)
    offset, length = place
    if not (offset >= 0 and 0 < length <= source.size - offset):
        raise error_of(DAMAGED)
    if source.read(offset, min(length, len(_PDF_BEGINNING))) != _PDF_BEGINNING:
        raise error_of(DAMAGED)
    return RenderedImage(PDF, length, _read(source, offset, offset + length))


def _read(source: ImageSource, offset: int, end: int) -> Iterator[bytes]:
    for start in range(offset, end, _STEP):
        yield source.read(start, min(_STEP, end - start))


def checked(job: Job, kind: str, options: Mapping[str, Any]) -> Made:
    """The child's pieces, where they look like what they should be: it has read a stranger's file."""
    media_type: str | None = None
    left = LONGEST if kind == "transcoded" else _LARGEST_ANSWER
    for number, (message, payload) in enumerate(job.messages(kind, options)):
        if message == Message.RESULT:
            result = _result(payload)
            short = (number == 0 and kind == "rendered" and result) or (number == 1 and options.get("after"))
            if number < 2 and not short:
                raise WireViolation
            return result
        elif media_type is None:
            media_type = payload.decode("ascii", "replace")
            if media_type not in _BEGINNINGS:
                raise WireViolation
        else:
            if number == 1:
                if not payload.startswith(_BEGINNINGS[media_type]):
                    raise WireViolation
                yield media_type.encode()
            left -= len(payload)
            if left < 0:
                raise WireViolation
            yield payload
    raise WireViolation


def _result(payload: bytes) -> Mapping[str, Any]:
    try:
        result = json.loads(payload)
        code = result.get("failed")
    except (ValueError, AttributeError, RecursionError) as error:
        raise WireViolation from error
    if code is not None:
        raise Failed(str(code))
    return dict(result)
