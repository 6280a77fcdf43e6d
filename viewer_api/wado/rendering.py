"""Rendered and thumbnail resources (PS3.18 sections 8.7.4, 10.4.1.1.3, 10.4.1.1.4), without their transport.

Pictures are made in sandboxed children (`content/pixels`) and never kept. Of a multi-frame image the picture
is its first frame, the thumbnail its middle one; a series and a study have the thumbnail of a middle image,
which is the sealed overview where there is one.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from content.pixels.answers import RenderedImage
from content.pixels.children import PixelChildren
from content.pixels.failures import CANNOT_RENDER, error_of
from content.pixels.wanted import JPEG, PDF, PNG, MediaType, Rendering, Viewport
from content.rendition import Rendition
from records.errors import Invalid
from viewer_api.gateway.opened_study import OpenedStudy, StoredInstance
from viewer_api.wado.accept import MediaRange, NotAcceptable, Offer, choose
from viewer_api.wado.multipart import Body, BodyPart, Pieces, in_parts, single
from viewer_api.wado.parameters import Parameters
from viewer_api.wado.sources import InstanceSource, OverviewSource

THUMBNAIL = Viewport(256, 256)
_PICTURES: tuple[MediaType, ...] = ("image/jpeg", "image/png")
ALONE = [Offer(JPEG), Offer(PNG)]
TOGETHER = [Offer(JPEG, multipart=True), Offer(PNG, multipart=True)]
OF_ONE = [*ALONE, Offer(PDF), *TOGETHER]
"""What is rendered of an instance, which may be a PDF."""
OF_SEVERAL = [*TOGETHER, *ALONE]
_SOP, _ROWS, _INSTANCE_NUMBER = "00080018", "00280010", "00200013"


class Pictures:
    """The pictures of a study that was opened for one request.

    Raises `NotFound`, `NotAcceptable`, and what `PixelChildren` raises.
    """

    def __init__(self, study: OpenedStudy, pixels: PixelChildren, ranges: Sequence[MediaRange]) -> None:
        self._study = study
        self._pixels = pixels
        self._ranges = ranges

    def rendered(self, asked: Parameters, series: str | None, sop: str | None) -> Body:
        """The picture of an instance, or the PDF that it carries; of a study or series all pictures as
        multipart or, where that is not accepted, the middle one.
        """
        if series is not None and sop is not None:
            return self._single(self._study.instances(series, sop)[0], 1, asked)
        found = [image for each in self._series(series) for image in self._images(each)]
        form = choose(self._ranges, OF_SEVERAL)
        middle = _middle(found)
        if not form.multipart:
            return self._single(middle, 1, asked)
        return self._together(form, asked, [(image, 1) for image in found])

    def head(
        self, forms: Sequence[Offer], series: str | None, sop: str | None, numbers: Sequence[int]
    ) -> Body:
        """What is known of an answer without opening anything: that it is there, and its type where no PDF
        may come in its place.
        """
        found = self._study.instances(series, sop)
        _check_numbers([(found[0], number) for number in numbers])
        form = choose(self._ranges, forms)
        if form.multipart:
            return replace(in_parts(form.media_type, []), length=None)
        may_differ = Offer(PDF) in forms and form != Offer(PDF) and self._takes_pdf()
        return Body(None if may_differ else form.media_type, None, iter(()))

    def _takes_pdf(self) -> bool:
        try:
            return choose(self._ranges, [Offer(PDF)]) is not None
        except NotAcceptable:
            return False

    def frames(self, asked: Parameters, series: str, sop: str, numbers: Sequence[int]) -> Body:
        """Frames of one instance, in the order asked."""
        instance = self._study.instances(series, sop)[0]
        if len(numbers) == 1:
            return self._single(instance, numbers[0], asked)
        form = choose(self._ranges, TOGETHER)
        return self._together(form, asked, [(instance, number) for number in numbers])

    def thumbnail(
        self, asked: Parameters, series: str | None, sop: str | None, number: int | None = None
    ) -> Body:
        """One small picture, whatever it stands for."""
        form = choose(self._ranges, ALONE)
        if series is not None and sop is not None:
            return self._small(self._study.instances(series, sop)[0], number, asked, form)
        for each in self._series(series):
            # an overview is a JPEG; who takes PNG alone has the image decoded
            overview = self._overview(each) if form.media_type == JPEG else None
            if overview is not None:
                return self._fitted(overview, asked.viewport)
            images = self._images(each)
            if images:
                return self._small(_middle(images), None, asked, form)
        raise error_of(CANNOT_RENDER)

    def _small(self, instance: StoredInstance, number: int | None, asked: Parameters, form: Offer) -> Body:
        small = Parameters(None, asked.viewport or THUMBNAIL, asked.quality)
        drawn = self._drawn(instance, number or _middle_frame(instance), small, form)
        if drawn.media_type == PDF:
            raise error_of(CANNOT_RENDER)
        return _body(drawn)

    def _overview(self, series: str) -> Rendition | None:
        try:
            return self._study.rendition(series)
        except Invalid as error:
            if error.code != "rendition_not_valid":
                raise
            return None  # the images themselves are there

    def _fitted(self, overview: Rendition, viewport: Viewport | None) -> Body:
        """As it is where it fits: a thumbnail's viewport is a size at most (PS3.18 section 8.3.5.2)."""
        data = overview.jpeg
        if viewport and (viewport.width < overview.width or viewport.height < overview.height):
            data = self._pixels.smaller(OverviewSource(overview), viewport.width, viewport.height)
        return _body(RenderedImage(JPEG, len(data), iter((data,))))

    def _single(self, instance: StoredInstance, number: int, asked: Parameters) -> Body:
        form = choose(self._ranges, OF_ONE)
        drawn = self._drawn(instance, number, asked, form)
        choose(self._ranges, [Offer(drawn.media_type, multipart=form.multipart)])
        if not form.multipart:
            return _body(drawn)
        return in_parts(drawn.media_type, [BodyPart(drawn.media_type, None, lambda: drawn.pieces)])

    def _together(self, form: Offer, asked: Parameters, wanted: Sequence[tuple[StoredInstance, int]]) -> Body:
        _check_numbers(wanted)  # before the first one is sent
        parts = [
            BodyPart(form.media_type, None, partial(self._pieces, instance, number, asked, form))
            for instance, number in wanted
        ]
        return in_parts(form.media_type, parts)

    def _pieces(self, instance: StoredInstance, number: int, asked: Parameters, form: Offer) -> Pieces:
        return self._drawn(instance, number, asked, form).pieces

    def _drawn(self, instance: StoredInstance, number: int, asked: Parameters, form: Offer) -> RenderedImage:
        kind = next((each for each in _PICTURES if each == form.media_type), _PICTURES[0])
        wanted = Rendering(kind, asked.viewport, asked.window, asked.quality)
        drawn = self._pixels.rendered(InstanceSource(self._study, instance), number, wanted)
        if form.media_type == PDF != drawn.media_type:
            raise NotAcceptable(ALONE)
        return drawn

    def _series(self, series: str | None) -> list[str]:
        """Of each series of the study, or of this one, its UID."""
        return list(dict.fromkeys(each.series for each in self._study.instances(series)))

    def _images(self, series: str) -> list[StoredInstance]:
        """The instances of a series that hold an image, by their instance number."""
        numbers = {
            _first(each, _SOP): _first(each, _INSTANCE_NUMBER)
            for each in self._study.metadata(series)
            if _first(each, _ROWS)
        }
        found = [each for each in self._study.instances(series) if each.sop in numbers]
        return sorted(found, key=lambda each: _whole(numbers[each.sop]))


def _check_numbers(wanted: Sequence[tuple[StoredInstance, int]]) -> None:
    for instance, number in wanted:
        if instance.frames is not None and number > len(instance.frames):
            raise error_of("no_such_frame")


def _first(dataset: dict[str, Any], tag: str) -> Any:
    return next(iter(dataset.get(tag, {}).get("Value", ())), None)


def _whole(number: Any) -> int:
    return number if isinstance(number, int) else 0


def _middle(images: Sequence[StoredInstance]) -> StoredInstance:
    if not images:
        raise error_of(CANNOT_RENDER)
    return images[len(images) // 2]


def _middle_frame(instance: StoredInstance) -> int:
    return 1 if instance.frames is None else len(instance.frames) // 2 + 1


def _body(drawn: RenderedImage) -> Body:
    return single(BodyPart(drawn.media_type, drawn.length, lambda: drawn.pieces))
