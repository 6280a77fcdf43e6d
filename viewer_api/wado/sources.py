"""Stored instances as sandboxed children read them."""

from dataclasses import dataclass
from uuid import UUID

from content.pixels.held import Room
from content.rendition import Rendition
from content.series_metadata import Frames
from viewer_api.gateway.opened_study import OpenedStudy, StoredInstance


@dataclass(frozen=True, slots=True)
class InstanceSource:
    """A stored instance as the children read it: each range from the segments that hold it."""

    study: OpenedStudy
    instance: StoredInstance

    @property
    def owner(self) -> UUID:
        """The document: who may see one of its images may see them all."""
        return self.instance.document_id

    @property
    def caller(self) -> bytes:
        return self.study.caller

    def room(self) -> Room:
        """Memory for what is made of it."""
        return self.study.room()

    @property
    def size(self) -> int:
        return self.instance.place.length

    @property
    def frames(self) -> Frames | None:
        return self.instance.frames

    def read(self, offset: int, length: int) -> bytes:
        return b"".join(self.study.read(self.instance, offset, min(offset + length, self.size)))


@dataclass(frozen=True, slots=True)
class OverviewSource:
    """A small picture as a child reads it: a stranger's file may have shaped its bytes."""

    rendition: Rendition

    @property
    def size(self) -> int:
        return len(self.rendition.jpeg)

    @property
    def frames(self) -> Frames | None:
        return None

    def read(self, offset: int, length: int) -> bytes:
        return self.rendition.jpeg[offset : offset + length]
