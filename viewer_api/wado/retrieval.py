"""The retrieve transactions (PS3.18 section 10.4): what is answered, without its transport.

Everything is asked of one opened study. Raises `NotFound` for hidden and absent alike, `NotAcceptable`.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain

from records.errors import CoffreError, NotFound
from viewer_api.gateway.opened_study import OpenedStudy, StoredInstance
from viewer_api.wado.accept import MediaRange, NotAcceptable, Offer, choose
from viewer_api.wado.media_types import (
    BIG_ENDIAN,
    DICOM,
    content_type,
    frame_offers,
    instance_offers,
)
from viewer_api.wado.metadata import DataSet, completed, referenced
from viewer_api.wado.multipart import Body, Part, Pieces, in_parts, single

Ranges = Sequence[MediaRange]
Datasets = Callable[[], Iterator[DataSet]]


class Retrieval:
    """What is retrieved of a study that was opened for one request. `base`: its address, from PUBLIC_URL."""

    def __init__(self, study: OpenedStudy, base: str) -> None:
        self._study = study
        self.base = base

    def instances(self, ranges: Ranges, series: str | None, sop: str | None) -> Body:
        """Instances as they were deposited (PS3.18 section 10.4.1.1.1)."""
        found = self._study.instances(series, sop)
        offers = instance_offers((each.transfer_syntax for each in found), alone=len(found) == 1)
        form = choose(ranges, offers)
        for each in offers:  # all of them, or none: nothing half served as whole
            choose(ranges, [each] if each.multipart == form.multipart else [form])
        parts = [self._whole(each) for each in found]
        return in_parts(DICOM, parts) if form.multipart else single(parts[0])

    def _whole(self, instance: StoredInstance) -> Part:
        kind = content_type(Offer(DICOM, instance.transfer_syntax))
        read = partial(self._study.read, instance)
        return Part(kind, instance.place.length, read, self._address(instance))

    def frames(self, ranges: Ranges, series: str, sop: str, numbers: Sequence[int]) -> Body:
        """Frames of one instance, in the order asked (PS3.18 section 10.4.1.1.5)."""
        instance = self.one(series, sop)
        offers = frame_offers(instance.transfer_syntax, alone=len(numbers) == 1)
        offer = choose(ranges, offers)
        parts = [self._frame(instance, number, offer) for number in numbers]
        return in_parts(offer.media_type, parts) if offer.multipart else single(parts[0])

    def _frame(self, instance: StoredInstance, number: int, offer: Offer) -> Part:
        frames = instance.frames
        if frames is None or instance.transfer_syntax == BIG_ENDIAN:
            raise _not_addressed()
        if number > len(frames):
            raise NotFound("The image has no frame of this number.", code="no_such_frame")
        pieces = frames[number - 1]
        length = sum(length for _, length in pieces)
        address = f"{self._address(instance)}/frames/{number}"
        return Part(content_type(offer), length, partial(self._pieces, instance, pieces), address)

    def _pieces(self, instance: StoredInstance, pieces: Sequence[tuple[int, int]]) -> Pieces:
        read = self._study.read
        return chain.from_iterable(read(instance, start, start + length) for start, length in pieces)

    def one(self, series: str, sop: str) -> StoredInstance:
        """The instance of this UID. Of several documents' the first, as it stood before the others came."""
        return self._study.instances(series, sop)[0]

    def described(self, series: str | None, sop: str | None) -> tuple[Sequence[StoredInstance], Datasets]:
        """The instances that metadata is asked of, and what begins to read it."""
        found = self._study.instances(series, sop)
        return found, partial(self._metadata, found)

    def _metadata(self, found: Sequence[StoredInstance]) -> Iterator[DataSet]:
        wanted = {(each.series, each.sop): each for each in found}
        for series in dict.fromkeys(each.series for each in found):
            for dataset in self._study.metadata(series):
                sop = next(iter(dataset.get("00080018", {}).get("Value", ())), "")
                instance = wanted.get((series, sop))
                if instance is not None:
                    full = completed(dataset, has_frames=instance.frames is not None)
                    yield referenced(full, f"{self._address(instance)}/bulkdata")

    def _address(self, instance: StoredInstance) -> str:
        return f"{self.base}/series/{instance.series}/instances/{instance.sop}"


def _not_addressed() -> CoffreError:
    return NotAcceptable(())
