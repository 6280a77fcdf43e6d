"""Instances, frames and metadata of a study (PS3.18 section 10.4): what is answered, without its transport.

Everything is asked of one opened study. Raises `NotFound` for hidden and absent alike, `NotAcceptable`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from content.pixels.children import PixelChildren
from content.pixels.failures import CANNOT_RENDER
from content.series_metadata import Frames
from records.errors import CoffreError, NotFound
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS, INSTANCE_UID_SHARED
from viewer_api.gateway.opened_study import OpenedStudy, StoredInstance
from viewer_api.wado.accept import MediaRange, Offer, choose
from viewer_api.wado.media_types import DICOM, LIES_OTHERWISE, content_type, frame_offers, instance_offers
from viewer_api.wado.metadata import DataSet, completed, referenced
from viewer_api.wado.multipart import Body, BodyPart, Pieces, in_parts, single
from viewer_api.wado.sources import InstanceSource

Ranges = Sequence[MediaRange]
Datasets = Callable[[], Iterator[DataSet]]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What is retrieved of a study that was opened for one request. `base`: its address, from PUBLIC_URL."""

    study: OpenedStudy
    base: str
    pixels: PixelChildren
    warnings: set[str] = field(default_factory=set)

    def instances(self, ranges: Ranges, series: str | None, sop: str | None) -> Body:
        """Instances as they were deposited, or in Explicit VR Little Endian (PS3.18 section 10.4.1.1.1)."""
        found = self._named_once(series, sop)
        alone = len(found) == 1
        form = choose(ranges, instance_offers((each.transfer_syntax for each in found), alone=alone))
        # all of them or none: nothing half served as whole
        parts = [self._whole(each, self._form_of(each, ranges, form, alone=alone)) for each in found]
        return in_parts(DICOM, parts) if form.multipart else single(parts[0])

    def _form_of(self, instance: StoredInstance, ranges: Ranges, form: Offer, *, alone: bool) -> Offer:
        offers = instance_offers([instance.transfer_syntax], alone=alone)
        return choose(ranges, [each for each in offers if each.multipart == form.multipart])

    def _whole(self, instance: StoredInstance, form: Offer) -> BodyPart:
        kind, address = content_type(form), self.address(instance)
        if form.stored:
            return BodyPart(kind, instance.place.length, partial(self.study.read, instance), address)
        source = InstanceSource(self.study, instance)
        return BodyPart(kind, None, partial(self.pixels.transcoded, source), address)

    def frames(self, ranges: Ranges, series: str, sop: str, numbers: Sequence[int]) -> Body:
        """Frames of one instance, in the order asked (PS3.18 section 10.4.1.1.5)."""
        instance = self.one(series, sop)
        if instance.frames is not None and max(numbers) > len(instance.frames):
            raise _no_such_frame()
        offer = choose(ranges, frame_offers(instance.transfer_syntax, alone=len(numbers) == 1))
        parts = [self._frame(instance, number, offer) for number in numbers]
        return in_parts(offer.media_type, parts) if offer.multipart else single(parts[0])

    def _frame(self, instance: StoredInstance, number: int, offer: Offer) -> BodyPart:
        kind, address = content_type(offer), f"{self.address(instance)}/frames/{number}"
        table = instance.frames
        if offer.stored and table is not None and instance.transfer_syntax not in LIES_OTHERWISE:
            return BodyPart(
                kind, length_of(table, number), partial(self.stored_frame, instance, number), address
            )
        return BodyPart(kind, None, partial(self._samples, instance, number), address)

    def stored_frame(self, instance: StoredInstance, number: int) -> Pieces:
        """The bytes of one frame as they are stored, without the headers of their fragments."""
        assert instance.frames is not None
        for start, length in instance.frames[number - 1]:
            yield from self.study.read(instance, start, start + length)

    def _samples(self, instance: StoredInstance, number: int) -> Pieces:
        try:
            yield from self.pixels.native_frame(InstanceSource(self.study, instance), number)
        except CoffreError as error:
            if error.code == CANNOT_RENDER:  # there is no image at all
                raise _no_such_frame() from None
            raise

    def one(self, series: str, sop: str) -> StoredInstance:
        """The instance of this UID."""
        return self._named_once(series, sop)[0]

    def _named_once(self, series: str | None, sop: str | None) -> list[StoredInstance]:
        """Each address once. Where two structures' documents have it, it names the older one's instance, and
        `warnings` say so: what somebody deposits under another's UIDs takes nobody's place.
        """
        found: dict[tuple[str, str], StoredInstance] = {}
        for each in self.study.instances(series, sop):
            kept = found.setdefault((each.series, each.sop), each)
            if kept.place.sha256 != each.place.sha256:
                self.warnings.add(IDENTIFIER_WARNINGS[INSTANCE_UID_SHARED][1])
        return list(found.values())

    def described(self, series: str | None, sop: str | None) -> tuple[Sequence[StoredInstance], Datasets]:
        """The instances that metadata is asked of, and what begins to read it."""
        found = self._named_once(series, sop)
        return found, partial(self._metadata, found)

    def _metadata(self, found: Sequence[StoredInstance]) -> Iterator[DataSet]:
        wanted = {(each.series, each.sop): each for each in found}
        for series in dict.fromkeys(each.series for each in found):
            for dataset in self.study.metadata(series):
                # the older document's comes first
                instance = wanted.pop((series, sop_of(dataset)), None)
                if instance is not None:
                    full = completed(dataset, has_frames=instance.frames is not None)
                    yield referenced(full, f"{self.address(instance)}/bulkdata")
                if not wanted:
                    return

    def address(self, instance: StoredInstance) -> str:
        return f"{self.base}/series/{instance.series}/instances/{instance.sop}"


def sop_of(dataset: DataSet) -> str:
    """Its SOP Instance UID."""
    return str(next(iter(dataset.get("00080018", {}).get("Value", ())), ""))


def _no_such_frame() -> NotFound:
    return NotFound("The image has no frame of this number.", code="no_such_frame")


def length_of(frames: Frames, number: int) -> int:
    """Bytes of a frame, counted from 1."""
    return sum(length for _, length in frames[number - 1])
