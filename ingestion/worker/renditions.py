"""Make the renditions of a series: an overview of its middle image, and a strip of small frames.

Pixels are decoded in a sandboxed child (`content/pixels`); its CPU is the depositor's, as that of validation
is. What cannot be decoded is published without a rendition: that is no verdict. Which frames are shown
follows from the series alone, so that a second try names what the first one made (`shown_by`).
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Protocol

from content.pixels.failures import FAILURES
from content.rendition import (
    LARGEST_OVERVIEW,
    LARGEST_STRIP,
    MOST_FRAMES,
    Rendition,
    picture_size,
    write_rendition,
)
from content.sandbox.metering import InHand
from content.series_metadata import Frames
from ingestion.worker.inspection_turns import Turns, patiently
from records.documents.renditions import NOT_RENDERABLE, NOT_RENDERED, OVERVIEW, RENDERED, STRIP
from records.errors import CoffreError

MANY = 16
"""Frames of a series from which on it gets a strip; of a multi-frame object two are enough."""
TILE = 128
"""Pixels of a strip's cell on each side."""
SHARE = 0.1
"""Of the CPU that the deposit of a series is reckoned to take: so much may its strip cost."""
S_PER_INSTANCE, S_PER_MIB = 0.0025, 0.003
"""The reckoning, in seconds of CPU of every process together: 100 slices of 512 x 512 take 0.4 s, of half the
side 0.29 s (`python -m benchmarks renditions`).
"""
S_TO_START = 0.008
"""Of a child's first picture, which no further one costs."""
_ROWS, _NUMBER, _FRAMES = "00280010", "00200013", "00280008"
_DESCRIPTIONS = {OVERVIEW: 1024, STRIP: 8 * 1024}
"""Bytes left for what a rendition says of itself."""

# of the image, whatever is tried again; of the machine, so that it is worth another try
_IMAGES_OWN = frozenset(FAILURES) | {"rendition_not_valid"}
_MACHINES = frozenset({"rendering_busy", "sandbox_unavailable"})

log = logging.getLogger("coffre.ingestion")
Read = Callable[[int, int], bytes]
Images = Sequence[tuple["Pictured", int]]


@dataclass(frozen=True, slots=True, repr=False)
class Pictured:
    """An instance with pixels. `number` is its Instance Number, `count` its frames; `read` counts from its
    start. `owner`: whose it is, where a child is to see no others' images (`owner_of`).
    """

    sop: str
    sha256: bytes
    size: int
    number: float
    count: int
    frames: Frames | None
    read: Read
    owner: bytes | None = None

    @classmethod
    def of(
        cls, sop: str, sha256: bytes, size: int, frames: Frames | None, dicom: Mapping[str, Any], read: Read
    ) -> "Pictured | None":
        """None for an instance without pixels (PS3.3 section C.7.6.3)."""
        if _whole(dicom, _ROWS) is None:
            return None
        count = len(frames) if frames else max(1, _whole(dicom, _FRAMES) or 1)
        return cls(sop, sha256, size, _whole(dicom, _NUMBER) or 0, count, frames, read)


class Pictures(Protocol):
    """Who decodes, as `content.pixels.children.PixelChildren` does."""

    def overview(
        self, source: Pictured, frame: int, most_bytes: int, spent: Callable[[float], None]
    ) -> bytes: ...

    def strip(self, images: Images, most_bytes: int, spent: Callable[[float], None]) -> bytes: ...


@dataclass(frozen=True, slots=True, repr=False)
class MadeRendition:
    """A file of `coffre-rendition-v1`; `count`: how many frames it shows."""

    series: str
    form: str
    count: int
    data: bytes


@dataclass(frozen=True, slots=True)
class MadeOfSeries:
    """What was made of some series, and how far (`records.documents.renditions`)."""

    renditions: tuple[MadeRendition, ...] = ()
    state: int = RENDERED


Maker = Callable[[str, str, Sequence[Pictured]], MadeOfSeries]
"""Study, series, its instances with pixels."""


class Renditions:
    """Makes the renditions of one series after another, in its submission's turn at the sandbox."""

    def __init__(self, pictures: Pictures, turns: Turns) -> None:
        self._pictures = pictures
        self._turns = turns

    def maker(self, in_hand: InHand, brought_by: Sequence[bytes] = ()) -> Maker:
        """For the files of one submission, which `brought_by` names, or of a job on a study of several, each
        picture of which has a child of its own.
        """

        def made(study: str, series: str, instances: Sequence[Pictured]) -> MadeOfSeries:
            if not instances:
                return MadeOfSeries()
            owner = owner_of(*brought_by, study.encode()) if brought_by else None
            instances = [replace(each, owner=owner) for each in instances]
            job: Future[MadeOfSeries] = self._turns.submit(
                in_hand, self._made, study, series, instances, in_hand
            )
            return patiently(job, in_hand.heartbeat)

        return made

    def _made(self, study: str, series: str, instances: Sequence[Pictured], in_hand: InHand) -> MadeOfSeries:
        described = _Described(study, series, instances)
        made: list[MadeRendition] = []
        try:
            cost = _Cost(in_hand)
            made.append(described.overview(self._pictures, cost))
            count = strip_count(instances, cost.seconds)
            if count:
                made.append(described.strip(self._pictures, count, cost))
        except CoffreError as error:
            # whatever else fails, such as the store or a lease, is the deposit's
            if error.code not in _IMAGES_OWN | _MACHINES:
                raise
            log.warning("a rendition was not made", extra={"code": error.code})
            state = NOT_RENDERED if error.code in _MACHINES else NOT_RENDERABLE
            return MadeOfSeries(tuple(made), state)
        return MadeOfSeries(tuple(made))


class _Cost:
    """The CPU of one series' pictures, of which the submission's meter is told."""

    def __init__(self, in_hand: InHand) -> None:
        self._meter = in_hand.meter
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        self._meter.add(seconds)
        self.seconds += seconds


@dataclass(frozen=True, slots=True)
class _Described:
    study: str
    series: str
    instances: Sequence[Pictured]

    def overview(self, pictures: Pictures, cost: _Cost) -> MadeRendition:
        ((instance, frame),) = images = shown_by(self.instances, 1)
        picture = pictures.overview(instance, frame, LARGEST_OVERVIEW - _DESCRIPTIONS[OVERVIEW], cost.add)
        return self._written(OVERVIEW, images, picture)

    def strip(self, pictures: Pictures, count: int, cost: _Cost) -> MadeRendition:
        images = shown_by(self.instances, count)
        picture = pictures.strip(images, LARGEST_STRIP - _DESCRIPTIONS[STRIP], cost.add)
        return self._written(STRIP, images, picture)

    def _written(self, form: str, images: Images, picture: bytes) -> MadeRendition:
        width, height = (TILE, TILE) if form == STRIP else picture_size(picture)
        frames = tuple((instance.sop, frame) for instance, frame in images)
        described = Rendition(form, self.study, self.series, len(images), width, height, frames)
        return MadeRendition(self.series, form, len(images), write_rendition(picture, described))


def owner_of(*names: bytes) -> bytes:
    """Whose images one child may draw: those of one depositor, record and study, which one document holds.

    A child that an image took over can show what it sees to who may see a later one of them: the same people.
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(len(name).to_bytes(8) + name)
    return digest.digest()


def shown_by(instances: Sequence[Pictured], count: int) -> list[tuple[Pictured, int]]:
    """The frames of a rendition of `count` frames: at equal distances, of one the middle one."""
    ordered = sorted(instances, key=lambda each: each.number)
    total = sum(each.count for each in ordered)
    wanted = [(2 * place + 1) * total // (2 * count) for place in range(count)]
    found, start = [], 0
    for each in ordered:
        found += [(each, at - start + 1) for at in wanted if start <= at < start + each.count]
        start += each.count
    return found


def strip_count(instances: Sequence[Pictured], first: float) -> int:
    """How many frames a strip shows, where the first picture cost so much CPU; 0: none is made."""
    total = sum(each.count for each in instances)
    if total < 2 or (total < MANY and all(each.count == 1 for each in instances)):
        return 0
    mebibytes = sum(each.size for each in instances) / 2**20
    budget = SHARE * (S_PER_INSTANCE * len(instances) + S_PER_MIB * mebibytes)
    affordable = int(budget / max(first - S_TO_START, 0.0005))
    count = min(MOST_FRAMES, total, affordable)
    return count if count > 1 else 0


def made_of(maker: Maker | None, study: str, series: Mapping[str, Sequence[Pictured]]) -> MadeOfSeries:
    """The renditions of several series of a study; without a maker they are still to be made."""
    if maker is None:
        return MadeOfSeries(state=NOT_RENDERED)
    made = [maker(study, uid, instances) for uid, instances in series.items()]
    renditions = tuple(rendition for each in made for rendition in each.renditions)
    states = {each.state for each in made}
    # what is worth another try comes before what isn't
    state = next((each for each in (NOT_RENDERED, NOT_RENDERABLE) if each in states), RENDERED)
    return MadeOfSeries(renditions, state)


def _whole(dicom: Mapping[str, Any], tag: str) -> int | None:
    value = (dicom.get(tag, {}).get("Value") or (None,))[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None
