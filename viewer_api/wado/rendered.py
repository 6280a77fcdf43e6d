"""Addresses of the rendered and thumbnail resources of a record's studies (PS3.18 section 10.4.1.1.3)."""

from collections.abc import Callable, Sequence
from functools import partial

from fastapi import APIRouter

from content.pixels.children import PixelChildren
from viewer_api.gateway.opened_study import OpenedStudy
from viewer_api.wado.accept import Offer
from viewer_api.wado.answering import INSTANCE, SERIES, STUDY, Answered, Answering, StudyRequest, Work
from viewer_api.wado.multipart import Body
from viewer_api.wado.parameters import Parameters, of_rendered, of_thumbnail
from viewer_api.wado.rendering import ALONE, OF_ONE, OF_SEVERAL, TOGETHER, Pictures
from viewer_api.wado.resources import frame_numbers


class Rendered:
    """Pictures of what a request names."""

    def __init__(self, pixels: PixelChildren) -> None:
        self._pixels = pixels

    def pictures(self, request: StudyRequest) -> Work:
        parameters = of_rendered(request.http.query_params)
        names, forms = (request.series, request.sop), OF_SEVERAL if request.sop is None else OF_ONE
        return self._work(request, parameters, lambda found: found.rendered(parameters, *names), forms)

    def frames(self, request: StudyRequest) -> Work:
        parameters, numbers = of_rendered(request.http.query_params), frame_numbers(request.rest)
        forms = OF_ONE if len(numbers) == 1 else TOGETHER
        return self._work(
            request,
            parameters,
            lambda found: found.frames(parameters, *request.instance, numbers),
            forms,
            numbers,
        )

    def thumbnail(self, request: StudyRequest) -> Work:
        parameters = of_thumbnail(request.http.query_params)
        numbers = frame_numbers(request.rest) if request.rest else ()
        number = numbers[0] if numbers else None
        names = request.series, request.sop
        return self._work(
            request, parameters, lambda found: found.thumbnail(parameters, *names, number), ALONE, numbers[:1]
        )

    def _work(
        self,
        request: StudyRequest,
        parameters: Parameters,
        draw: Callable[[Pictures], Body],
        forms: Sequence[Offer],
        numbers: Sequence[int] = (),
    ) -> Work:
        # what is asked for and not done is told (PS3.18 section 8.3.5.1.1)
        warnings = tuple(f"Not supported: {each}" for each in parameters.unsupported)

        def work(study: OpenedStudy) -> Answered:
            found = Pictures(study, self._pixels, request.ranges)
            head = partial(found.head, forms, request.series, request.sop, numbers)
            return Answered(draw(found) if request.is_read else head(), warnings=warnings)

        return work


def router(answering: Answering, rendered: Rendered) -> APIRouter:
    routes = APIRouter(tags=["DICOMweb WADO-RS"])
    for path, summary, resource in (
        (STUDY + "/rendered", "Every picture of a study", rendered.pictures),
        (SERIES + "/rendered", "Every picture of a series", rendered.pictures),
        (INSTANCE + "/rendered", "The picture of an instance", rendered.pictures),
        (INSTANCE + "/frames/{frames}/rendered", "Pictures of frames", rendered.frames),
        (STUDY + "/thumbnail", "A small picture for a study", rendered.thumbnail),
        (SERIES + "/thumbnail", "A small picture for a series", rendered.thumbnail),
        (INSTANCE + "/thumbnail", "A small picture of an instance", rendered.thumbnail),
        (INSTANCE + "/frames/{frames}/thumbnail", "A small picture of a frame", rendered.thumbnail),
    ):
        answering.offer(routes, path, summary, resource)
    return routes
