"""Routes of the rendered and thumbnail resources of a record's studies (PS3.18 section 10.4.1.1.3)."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from content.pixels.children import PixelChildren
from viewer_api.wado.multipart import Body
from viewer_api.wado.parameters import Parameters, of_rendered, of_thumbnail
from viewer_api.wado.rendering import Pictures
from viewer_api.wado.resources import frame_numbers
from viewer_api.wado.routes import INSTANCE, SERIES, STUDY, Asked, Wado
from viewer_api.wado.streaming import Begun, in_a_thread, sent

Work = Callable[[Pictures], Body]


class RenderedResources:
    """Pictures of what a request names, over HTTP."""

    def __init__(self, wado: Wado, pixels: PixelChildren) -> None:
        self._wado = wado
        self._pixels = pixels

    async def answer(self, asked: Asked, parameters: Parameters, work: Work) -> Response:
        """The answer that `work` makes; it begins in a thread, before any header is sent."""

        def begun() -> Begun:
            pictures = Pictures(self._wado.opened_study(asked), self._pixels, asked.ranges)
            return Begun(work(pictures))

        answer = sent(asked.request, await in_a_thread(begun))
        for each in parameters.unsupported:  # PS3.18 section 8.3.5.1.1
            answer.headers.append("Warning", f'299 coffre "Not supported: {each}"')
        return answer

    async def rendered(self, asked: Asked, series: str | None = None, sop: str | None = None) -> Response:
        parameters = of_rendered(asked.request.query_params)
        return await self.answer(asked, parameters, lambda found: found.rendered(parameters, series, sop))

    async def thumbnail(
        self, asked: Asked, series: str | None = None, sop: str | None = None, number: int | None = None
    ) -> Response:
        parameters = of_thumbnail(asked.request.query_params)
        return await self.answer(
            asked, parameters, lambda found: found.thumbnail(parameters, series, sop, number)
        )

    async def frames(self, asked: Asked, series: str, sop: str, text: str) -> Response:
        parameters, numbers = of_rendered(asked.request.query_params), frame_numbers(text)
        return await self.answer(
            asked, parameters, lambda found: found.frames(parameters, series, sop, numbers)
        )


def router(wado: Wado, pixels: PixelChildren) -> APIRouter:
    routes = APIRouter(tags=["DICOMweb WADO-RS"])
    resources = RenderedResources(wado, pixels)

    @routes.get(STUDY + "/rendered", summary="Every picture of a study")
    async def study_rendered(ins: str, study: str, request: Request) -> Response:
        return await resources.rendered(await wado.asked(request, ins, study))

    @routes.get(SERIES + "/rendered", summary="Every picture of a series")
    async def series_rendered(ins: str, study: str, uid: str, request: Request) -> Response:
        return await resources.rendered(await wado.asked(request, ins, study, uid), uid)

    @routes.get(INSTANCE + "/rendered", summary="The picture of an instance")
    async def instance_rendered(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        return await resources.rendered(await wado.asked(request, ins, study, uid, sop), uid, sop)

    @routes.get(INSTANCE + "/frames/{frames}/rendered", summary="Pictures of frames")
    async def frames_rendered(
        ins: str, study: str, uid: str, sop: str, frames: str, request: Request
    ) -> Response:
        return await resources.frames(await wado.asked(request, ins, study, uid, sop), uid, sop, frames)

    @routes.get(STUDY + "/thumbnail", summary="A small picture for a study")
    async def study_thumbnail(ins: str, study: str, request: Request) -> Response:
        return await resources.thumbnail(await wado.asked(request, ins, study))

    @routes.get(SERIES + "/thumbnail", summary="A small picture for a series")
    async def series_thumbnail(ins: str, study: str, uid: str, request: Request) -> Response:
        return await resources.thumbnail(await wado.asked(request, ins, study, uid), uid)

    @routes.get(INSTANCE + "/thumbnail", summary="A small picture of an instance")
    async def instance_thumbnail(ins: str, study: str, uid: str, sop: str, request: Request) -> Response:
        return await resources.thumbnail(await wado.asked(request, ins, study, uid, sop), uid, sop)

    @routes.get(INSTANCE + "/frames/{frames}/thumbnail", summary="A small picture of a frame")
    async def frame_thumbnail(
        ins: str, study: str, uid: str, sop: str, frames: str, request: Request
    ) -> Response:
        asked = await wado.asked(request, ins, study, uid, sop)
        return await resources.thumbnail(asked, uid, sop, frame_numbers(frames)[0])

    return routes
