"""The parent's side: pictures and samples made by sandboxed children, which read the image through it.

A child that crashes, hangs or lies costs one request its picture; the next one has a fresh child.
"""

import json
import threading
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, Self

from content.limits import DEFAULT_LIMITS, Limits
from content.pixels.failures import DAMAGED, RenderingBusy, error_of
from content.pixels.wanted import DICOM, JPEG, PDF, PNG, SAMPLES, Rendering, to_json
from content.sandbox.job import Job
from content.sandbox.pool import ChildPool
from content.sandbox.wire import Message, WireClosed, WireViolation
from content.sandbox.zygote import Zygote
from content.series import Frames

PIXEL_LIMITS = replace(
    DEFAULT_LIMITS,
    memory_bytes=1024 * 2**20,  # the largest frame decoded, and what a codec and the picture take beside it
    cpu_seconds=15,  # of one frame
    wall_seconds=90.0,
    answer_bytes=2**20,
)
_PDF_BEGINNING = b"%PDF-"
_BEGINNINGS = {JPEG: b"\xff\xd8\xff", PNG: b"\x89PNG", PDF: _PDF_BEGINNING, SAMPLES: b"", DICOM: bytes(128)}
_LARGEST_ANSWER = 256 * 2**20
_LONGEST_PIXELS = 2**32
_STEP = 2**20


class ImageSource(Protocol):
    """An instance as it is stored. `frames`: where each frame lies, None where that is not known.

    It may have an `owner`: sources of one owner may share a child, those of others never do.
    """

    @property
    def size(self) -> int: ...

    @property
    def frames(self) -> Frames | None: ...

    def read(self, offset: int, length: int) -> bytes: ...


Made = Generator[bytes, None, Mapping[str, Any]]
Images = Sequence[tuple[ImageSource, int]]
"""Instances, each with the number of its frame that is wanted."""


Spent = Callable[[float], None]
"""Told the seconds of CPU that a child took, whatever came of it."""


@dataclass(frozen=True, slots=True)
class RenderedImage:
    """A picture, or the PDF of an encapsulated document. `pieces` are read once; `length` in bytes."""

    media_type: str
    length: int
    pieces: Iterator[bytes]

    def read(self) -> bytes:
        """All of it: a picture is small beside its image."""
        return b"".join(self.pieces)


class PixelChildren:
    """A few sandboxed children that decode. Safe to use from several threads; close it at the end.

    `children` work at once at pictures and as many at whole instances; `waiting` callers of each kind wait
    for at most `patience` seconds, more are refused. Every
    method raises what the source raises, and `CoffreError`: "cannot_render", "no_such_frame",
    "image_too_large", "region_outside_image", "cannot_transcode", "pixels_not_decodable",
    "rendering_busy", "sandbox_unavailable".
    """

    def __init__(
        self,
        children: int = 2,
        waiting: int = 16,
        patience: float = 20.0,
        limits: Limits = PIXEL_LIMITS,
        *,
        faults: bool = False,
    ) -> None:
        self._limits = limits
        self._pictures = _Slots(children, waiting, patience)
        # whoever reads a whole instance slowly keeps nobody from a picture
        self._streams = _Slots(children, waiting, patience)
        start = partial(Zygote, limits, module="content.pixels.child", faults=faults)
        self._pool = ChildPool(start, recycle_after=200, recycle_seconds=60.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends every child; jobs still running are lost."""
        self._pool.close()

    def rendered(self, source: ImageSource, frame: int, wanted: Rendering) -> RenderedImage:
        """Frame `frame`, counted from 1, as a picture; the PDF of an encapsulated document as it is."""
        made = self._made("rendered", [(source, frame)], {"wanted": to_json(wanted)})
        try:
            media_type = next(made).decode()
        except StopIteration as end:
            return _document(source, end.value)
        # a picture leaves its child at once, however slowly it is read
        data = b"".join(made)
        return RenderedImage(media_type, len(data), iter((data,)))

    def overview(
        self, source: ImageSource, frame: int, most_bytes: int, spent: Spent = lambda _: None
    ) -> bytes:
        """A small JPEG of one frame, by the file's window or its default."""
        return self._whole("overview", [(source, frame)], {"most_bytes": most_bytes}, spent)

    def strip(self, images: Images, most_bytes: int, spent: Spent = lambda _: None) -> bytes:
        """A JPEG with a tile of 128 × 128 pixels for each frame, from left to right."""
        return self._whole("strip", images, {"most_bytes": most_bytes}, spent)

    def smaller(self, picture: ImageSource, width: int, height: int) -> bytes:
        """A JPEG made smaller, so that it fits into the box; one that does keeps its size."""
        return self._whole("smaller", [(picture, 1)], {"box": [width, height]})

    def native_frame(self, source: ImageSource, frame: int) -> bytes:
        """The samples as Explicit VR Little Endian has them; what was compressed with loss comes as RGB."""
        return self._whole("native_frame", [(source, frame)], {})

    def transcoded(self, source: ImageSource) -> Iterator[bytes]:
        """The whole instance in Explicit VR Little Endian (1.2.840.10008.1.2.1), a frame in memory at a time.

        The first frame is decoded before this returns; what is wrong with a later one ends the iteration.
        """
        made = self._made("transcoded", [(source, 1)], {}, self._streams)
        next(made)
        return made

    def value(self, source: ImageSource, path: Sequence[str | int]) -> Iterator[bytes]:
        """The value of one attribute as Explicit VR Little Endian has it, by tags and numbers of items.

        Raises `NotFound` "no_such_bulkdata", before this returns.
        """
        made = self._made("value", [(source, 1)], {"path": list(path)}, self._streams)
        next(made)
        return made

    def _whole(
        self, kind: str, images: Images, options: Mapping[str, Any], spent: Spent = lambda _: None
    ) -> bytes:
        made = self._made(kind, images, options, spent=spent)
        next(made)
        return b"".join(made)

    def _made(
        self,
        kind: str,
        images: Images,
        options: Mapping[str, Any],
        slots: "_Slots | None" = None,
        spent: Spent = lambda _: None,
    ) -> Made:
        """The media type, once it and the first bytes are there, then the bytes."""
        together = _Together(images)
        with (slots or self._pictures).one():
            child = self._pool.take(owner=_owner(images))
            try:
                job = Job(child, together.size, together.read, self._limits)
                try:
                    result = yield from _checked(job, kind, {"images": together.places, **options})
                finally:
                    spent(child.cpu())
            except (TimeoutError, WireClosed, WireViolation) as error:
                child.end()
                raise error_of(DAMAGED) from error
            except _Failed as failed:
                self._pool.give_back(child, spent=failed.code == "image_too_large")
                raise error_of(failed.code) from None
            except BaseException:
                child.end()
                raise
            self._pool.give_back(child)
            return result


def _owner(images: Images) -> Hashable:
    """Whose the images are. A child that a hostile image took over could keep what it sees and show it to who
    asks for that image again: it sees no others' images. Where nobody says whose they are, it sees none
    but these.
    """
    owners = {getattr(source, "owner", None) for source, _ in images}
    return next(iter(owners)) if len(owners) == 1 and None not in owners else object()


class _Slots:
    """So many at work at once, so many waiting for at most `patience` seconds, everybody else refused."""

    def __init__(self, working: int, waiting: int, patience: float) -> None:
        self._working = threading.BoundedSemaphore(working)
        self._present = threading.BoundedSemaphore(working + waiting)
        self._patience = patience

    @contextmanager
    def one(self) -> Iterator[None]:
        if not self._present.acquire(blocking=False):
            raise _busy()
        try:
            if not self._working.acquire(timeout=self._patience):
                raise _busy()
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._present.release()


class _Failed(Exception):  # noqa: N818
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Together:
    """Several sources as one, which is what a child reads from."""

    def __init__(self, images: Images) -> None:
        self._sources: list[tuple[int, ImageSource]] = []
        self.places: list[dict[str, Any]] = []
        self.size = 0
        for source, frame in images:
            table = source.frames
            pieces = table[frame - 1] if table is not None and 0 < frame <= len(table) else None
            self.places.append({"offset": self.size, "size": source.size, "frame": frame, "pieces": pieces})
            self._sources.append((self.size, source))
            self.size += source.size

    def read(self, offset: int, length: int) -> bytes:
        found = []
        for start, source in self._sources:
            begin, end = max(offset - start, 0), min(offset + length - start, source.size)
            if begin < end:
                found.append(source.read(begin, end - begin))
        return b"".join(found)


def _document(source: ImageSource, result: Mapping[str, Any]) -> RenderedImage:
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


def _checked(job: Job, kind: str, options: Mapping[str, Any]) -> Made:
    """The child's pieces, where they look like what they should be: it has read a stranger's file."""
    media_type: str | None = None
    left = _LONGEST_PIXELS if kind == "transcoded" else _LARGEST_ANSWER
    for number, (message, payload) in enumerate(job.messages(kind, options)):
        if message == Message.RESULT:
            result = _result(payload)
            if number < 2 and not (number == 0 and kind == "rendered" and result):
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
        raise _Failed(str(code))
    return dict(result)


def _busy() -> RenderingBusy:
    return RenderingBusy(
        "Too many images are being drawn at the moment. Try again in a few seconds.", code="rendering_busy"
    )
