"""Stored instances as children read them: several as one source, and what is known of their frames."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

from content.series_metadata import Frames

_FRAMES_AT_ONCE = 256


class ImageSource(Protocol):
    """An instance as it is stored. `frames`: where each frame lies, None where that is not known.

    It may have an `owner`: sources of one owner may share a child, those of others never do; and a `caller`,
    who asks for it: no caller keeps the others out.
    """

    @property
    def size(self) -> int: ...

    @property
    def frames(self) -> Frames | None: ...

    def read(self, offset: int, length: int) -> bytes: ...


Images = Sequence[tuple[ImageSource, int]]
"""Instances, each with the number of its frame that is wanted."""


def owner_of(images: Images) -> Hashable:
    """Whose the images are. A child that a hostile image took over could keep what it sees and show it to who
    asks for that image again: it sees no others' images. Where nobody says whose they are, it sees none
    but these.
    """
    owners = {getattr(source, "owner", None) for source, _ in images}
    return next(iter(owners)) if len(owners) == 1 and None not in owners else object()


def caller_of(images: Images) -> Hashable:
    """Who asks for them; None where nobody says."""
    return next((getattr(source, "caller", None) for source, _ in images), None)


def known_frames(source: ImageSource, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """Where the next frames lie: a child that had to look for them would read all of the instance."""
    table, start = source.frames or (), after["next"] if after else 0
    return {"start": start, "count": len(table), "pieces": table[start : start + _FRAMES_AT_ONCE]}


class Together:
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
