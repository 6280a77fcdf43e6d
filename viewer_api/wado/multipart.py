"""Bodies that are streamed: one part, or several as multipart/related (RFC 2387, PS3.18 section 8.6.1.2)."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Pieces = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One representation. `length` in bytes, None where only its end tells; `open` begins to read it."""

    content_type: str
    length: int | None
    open: Callable[[], Pieces] = field(repr=False)
    location: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Body:
    """What is answered. `pieces` is read once; where it raises, what was sent is no whole answer.

    `content_type` is None where only reading would tell it, and nobody reads.
    """

    content_type: str | None
    length: int | None
    pieces: Pieces = field(repr=False)
    location: str | None = field(default=None, repr=False)


def single(part: BodyPart) -> Body:
    """The part alone, opened when it is read."""
    return Body(part.content_type, part.length, _opened(part), part.location)


def _opened(part: BodyPart) -> Pieces:
    yield from part.open()


def in_parts(media_type: str, parts: Sequence[BodyPart]) -> Body:
    """All parts, each with its own head, in their order. `media_type` is that of the first."""
    # random, so that no content can hold it (RFC 2046 section 5.1.1)
    boundary = secrets.token_hex(16)
    heads = [_head(boundary, part, first=index == 0) for index, part in enumerate(parts)]
    end = f"\r\n--{boundary}--\r\n".encode()
    known = [part.length for part in parts if part.length is not None]
    length = None
    if len(known) == len(parts):
        length = sum(known) + sum(map(len, heads)) + len(end)
    return Body(
        f'multipart/related; type="{media_type}"; boundary={boundary}', length, _written(heads, parts, end)
    )


def _head(boundary: str, part: BodyPart, *, first: bool) -> bytes:
    lines = [f"--{boundary}", f"Content-Type: {part.content_type}"]
    if part.length is not None:
        lines.append(f"Content-Length: {part.length}")
    if part.location is not None:
        lines.append(f"Content-Location: {part.location}")
    return ("" if first else "\r\n").encode() + "\r\n".join([*lines, "", ""]).encode()


def _written(heads: Sequence[bytes], parts: Sequence[BodyPart], end: bytes) -> Pieces:
    for head, part in zip(heads, parts, strict=True):
        pieces = part.open()
        # a head alone would cost a turn of the loop and a write of its own
        yield head + next(pieces, b"")
        yield from pieces
    yield end
