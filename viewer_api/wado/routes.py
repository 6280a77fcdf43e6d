"""Addresses of the retrieve transactions of a record (PS3.18 section 10.4)."""

from urllib.parse import quote

from fastapi import APIRouter

from content.pixels.children import PixelChildren
from viewer_api.gateway.opened_study import OpenedStudy
from viewer_api.wado import metadata
from viewer_api.wado.accept import Offer, choose
from viewer_api.wado.answering import INSTANCE, SERIES, STUDY, Answered, Answering, StudyRequest, Work
from viewer_api.wado.bulk_data import PARTIAL, bulk_data
from viewer_api.wado.media_types import DICOM_JSON, JSON
from viewer_api.wado.multipart import Body
from viewer_api.wado.resources import attribute_path, frame_numbers
from viewer_api.wado.retrieval import Retrieval

_METADATA = [Offer(DICOM_JSON), Offer(JSON)]


class Retrieved:
    """Instances, frames, bulk data and metadata, as they were deposited or in a form that is asked for."""

    def __init__(self, pixels: PixelChildren, public_url: str) -> None:
        self._pixels = pixels
        self._origin = public_url.rstrip("/")

    def _of(self, request: StudyRequest, study: OpenedStudy) -> Retrieval:
        base = f"{self._origin}/records/{quote(request.locator)}/dicomweb/studies/{request.study}"
        return Retrieval(study, base, self._pixels)

    def instances(self, request: StudyRequest) -> Work:
        def work(study: OpenedStudy) -> Answered:
            found = self._of(request, study)
            return _told(found, found.instances(request.ranges, request.series, request.sop))

        return work

    def frames(self, request: StudyRequest) -> Work:
        numbers = frame_numbers(request.rest)

        def work(study: OpenedStudy) -> Answered:
            found = self._of(request, study)
            return _told(found, found.frames(request.ranges, *request.instance, numbers))

        return work

    def bulk_data(self, request: StudyRequest) -> Work:
        """Bulk data, whole or by range (RFC 9110 section 14)."""
        path = attribute_path(request.rest)
        # nothing here has a validator that If-Range could name: the whole is the answer (RFC 9110 section
        # 13.1.5)
        wanted = None if request.header("if-range") is not None else request.header("range")

        def work(study: OpenedStudy) -> Answered:
            retrieval = self._of(request, study)
            found = bulk_data(retrieval, request.ranges, *request.instance, path, wanted)
            if found.span is None:
                return _told(retrieval, found.body)
            first, last, size = found.span
            return _told(retrieval, found.body, PARTIAL, {"Content-Range": f"bytes {first}-{last}/{size}"})

        return work

    def metadata(self, request: StudyRequest) -> Work:
        """Metadata as DICOM JSON, or 304 (RFC 9110 section 15.4.5)."""
        media_type = choose(request.ranges, _METADATA).media_type
        coding = "gzip" if metadata.takes_gzip(request.header("accept-encoding")) else "identity"

        def work(study: OpenedStudy) -> Answered:
            retrieval = self._of(request, study)
            found, datasets = retrieval.described(request.series, request.sop)
            tag = metadata.tag_of(found, retrieval.base, f"{media_type} {coding}")
            headers = {"ETag": tag, "Vary": "Accept, Accept-Encoding"}
            if metadata.matches(request.header("if-none-match"), tag):
                return Answered(None, 304, headers)
            pieces = metadata.written(datasets())
            if coding == "gzip":
                pieces, headers["Content-Encoding"] = metadata.zipped(pieces), coding
            return _told(retrieval, Body(media_type, None, pieces), more=headers)

        return work


def _told(
    retrieval: Retrieval, body: Body, status: int = 200, more: dict[str, str] | None = None
) -> Answered:
    """With what has to be known of identifiers that two structures used."""
    return Answered(body, status, more or {}, tuple(sorted(retrieval.warnings)))


def router(answering: Answering, retrieved: Retrieved) -> APIRouter:
    routes = APIRouter(tags=["DICOMweb WADO-RS"])
    for path, summary, resource in (
        (STUDY, "Every instance of a study", retrieved.instances),
        (SERIES, "Every instance of a series", retrieved.instances),
        (INSTANCE, "An instance", retrieved.instances),
        (STUDY + "/metadata", "Metadata of a study", retrieved.metadata),
        (SERIES + "/metadata", "Metadata of a series", retrieved.metadata),
        (INSTANCE + "/metadata", "Metadata of an instance", retrieved.metadata),
        (INSTANCE + "/frames/{frames}", "Frames of an instance", retrieved.frames),
        (INSTANCE + "/bulkdata/{path:path}", "Bulk data of an instance", retrieved.bulk_data),
    ):
        answering.offer(routes, path, summary, resource)
    return routes
