"""The parent's side: pictures and samples made by sandboxed children, which read the image through it.

A child that crashes, hangs or lies costs one request its picture; the next one has a fresh child.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self

from content.limits import DEFAULT_LIMITS, Limits
from content.pixels.answers import Failed, Made, RenderedImage, checked, document_of
from content.pixels.failures import DAMAGED, TOO_LARGE, error_of
from content.pixels.held import Held, room_of
from content.pixels.parts import AnswerPart, Mark, following, mark_of
from content.pixels.slots import Slots
from content.pixels.sources import Images, ImageSource, Together, caller_of, known_frames, owner_of
from content.pixels.wanted import Rendering, to_json
from content.sandbox.confinement import WHOLE, Confinement
from content.sandbox.job import Job
from content.sandbox.pool import ChildPool
from content.sandbox.wire import WireClosed, WireViolation
from content.sandbox.zygote import Zygote

PIXEL_LIMITS = replace(
    DEFAULT_LIMITS,
    memory_bytes=1024 * 2**20,  # the largest frame decoded, and what a codec and the picture take beside it
    cpu_seconds=15,  # of one frame
    wall_seconds=90.0,
    answer_bytes=2**20,
)
_MOST_CPU_SECONDS = 600.0
"""Of all parts of one answer: what the largest multi-frame objects take that are known."""
PART = 2**20
"""Bytes of a whole instance or value that a child makes at once, and at least one frame."""
Spent = Callable[[float], None]
"""Told the seconds of CPU that a child took, whatever came of it."""


class PixelChildren:
    """A few sandboxed children that decode. Safe to use from several threads; close it at the end.

    `children` work at once at pictures and as many at whole instances; `waiting` callers of each kind wait
    for at most `patience` seconds, more are refused; `demanded`: see `ChildPool`. Every
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
        part: int = PART,
        demanded: Confinement = WHOLE,
        faults: bool = False,
    ) -> None:
        self._limits = limits
        self._part_bytes = part
        self._pictures = Slots(children, waiting, patience)
        # whoever reads whole instances keeps nobody from a picture
        self._streams = Slots(children, waiting, patience)
        start = partial(Zygote, limits, module="content.pixels.child", faults=faults)
        self._pool = ChildPool(start, 200, 60.0, demanded)

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
            return document_of(source, end.value)
        held = _held(made, [(source, frame)])
        return RenderedImage(media_type, held.size, held)

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

    def native_frame(self, source: ImageSource, frame: int) -> Held:
        """The samples as Explicit VR Little Endian has them; what was compressed with loss comes as RGB."""
        images = [(source, frame)]
        made = self._made("native_frame", images, {})
        next(made)
        return _held(made, images)

    def transcoded(self, source: ImageSource) -> Iterator[bytes]:
        """The whole instance in Explicit VR Little Endian (1.2.840.10008.1.2.1), a part in memory at a time.

        The first part is made before this returns; what is wrong with a later one ends the iteration.
        """
        return self._in_parts("transcoded", source, {})

    def value(self, source: ImageSource, path: Sequence[str | int]) -> Iterator[bytes]:
        """The value of one attribute as Explicit VR Little Endian has it, by tags and numbers of items.

        Raises `NotFound` "no_such_bulkdata", before this returns.
        """
        return self._in_parts("value", source, {"path": list(path)})

    def _in_parts(self, kind: str, source: ImageSource, options: Mapping[str, Any]) -> Iterator[bytes]:
        """A child makes one part and is free: however slowly that is read, it keeps nobody waiting."""
        cpu: list[float] = []

        def part(after: Mark | None) -> AnswerPart:
            if sum(cpu) > _MOST_CPU_SECONDS:
                raise error_of(TOO_LARGE)
            wanted = {**options, "part": self._part_bytes, "after": after}
            wanted["frames"] = known_frames(source, after)
            images = [(source, 1)]
            return self._collected(self._made(kind, images, wanted, self._streams, cpu.append), images)

        return following(part(None), part)

    def _collected(self, made: Made, images: Images) -> AnswerPart:
        found = Held(room_of(images))
        try:
            next(made)
            while True:
                found.add(next(made))
        except StopIteration as end:
            return AnswerPart(found, mark_of(end.value))

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
        slots: Slots | None = None,
        spent: Spent = lambda _: None,
    ) -> Made:
        """The media type, once it and the first bytes are there, then the bytes."""
        together = Together(images)
        under_way = options.get("after") is not None
        with (slots or self._pictures).one(caller_of(images), under_way=under_way):
            child = self._pool.take(owner=owner_of(images))
            try:
                job = Job(child, together.size, together.read, self._limits)
                try:
                    result = yield from checked(job, kind, {"images": together.places, **options})
                finally:
                    spent(child.cpu())
            except (TimeoutError, WireClosed, WireViolation) as error:
                child.end()
                raise error_of(DAMAGED) from error
            except Failed as failed:
                self._pool.give_back(child, spent=failed.code == "image_too_large")
                raise error_of(failed.code) from None
            except BaseException:
                child.end()
                raise
            self._pool.give_back(child)
            return result


def _held(made: Iterator[bytes], images: Images) -> Held:
    """All of it: what is made leaves its child at once, however slowly it is read."""
    held = Held(room_of(images))
    for piece in made:
        held.add(piece)
    return held
