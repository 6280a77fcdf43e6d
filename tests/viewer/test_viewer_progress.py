"""What the viewer page shows while the rest is still on its way, and what it holds of a long series."""

import re
from io import BytesIO
from urllib.parse import urlsplit

import pydicom
import pytest
from playwright.sync_api import Browser, CDPSession, Route

from keyvault.crypto.sealed_blob import BlobKind
from tests.clients.ohif_viewer import RIGHT
from tests.integration.support import Coffre, Patient
from tests.viewer.viewer_page import ViewerPage, deposited

OBJECTS = "**/objects/**"
SLICES, SIZE = 24, 256
"""Of 128 KiB each: none lies in a segment of the one before."""
RANGES_AT_ONCE = 6
"""Of the opener: four, and two that are urgent."""
MANY, SMALL = 500, 128
MOST_HELD = 64 * 1024 * 1024
"""Beyond what was held after the first image: of this series 16 MiB are decoded images."""
MOST_KEPT = 8 * 1024 * 1024


class HeldRanges:
    """Requests for the objects of a study, let through by what they are for."""

    def __init__(self, viewer: ViewerPage, person: Patient, study: str) -> None:
        granted = viewer.coffre.grant(person.token, str(person.public_id), documents=[study]).open()
        self._kinds = {str(each.sealed.ref.blob_id): each.sealed.ref.kind for each in granted.blobs}
        self.asked: list[BlobKind] = []
        self.held: list[tuple[BlobKind, Route]] = []
        self._left: dict[BlobKind, int] = {}
        viewer.page.context.route(OBJECTS, self._asked)

    def let(self, **left: int) -> None:
        """So many more of each kind pass; what is held goes first."""
        self._left = {BlobKind[kind]: count for kind, count in left.items()}
        waiting, self.held = self.held, []
        for kind, route in waiting:
            self._pass(kind, route)

    def _asked(self, route: Route) -> None:
        kind = self._kinds[urlsplit(route.request.url).path.split("/")[2]]
        self.asked.append(kind)
        self._pass(kind, route)

    def _pass(self, kind: BlobKind, route: Route) -> None:
        if self._left.get(kind, 0) > 0:
            self._left[kind] -= 1
            route.continue_()
        else:
            self.held.append((kind, route))


def images_received(viewer: ViewerPage) -> int:
    said = re.match(r"\d+", viewer.page.locator("#fetched-images").inner_text())
    return int(said[0]) if said else 0


def test_the_overview_then_the_first_image_are_seen_before_the_series_is_complete(
    served: Coffre, viewer: ViewerPage
) -> None:
    person = served.open_record()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in person.ct(SLICES, SIZE)]
    study = deposited(served, person, datasets)
    viewer.sign_in(person.token)
    ranges = HeldRanges(viewer, person, study)
    ranges.let(RENDITION=1)
    viewer.show(person, study)
    preview = viewer.page.locator("#preview img")
    assert viewer.until(lambda: preview.is_visible() and preview.evaluate("each => each.naturalWidth") > 0)
    assert ranges.asked.count(BlobKind.RENDITION) == 1
    assert viewer.page.evaluate(viewer.canvas) is None

    ranges.let(SERIES_METADATA=1, PACK=1)
    assert viewer.resembles(datasets[:1]) >= RIGHT
    assert viewer.place == f"image 1 sur {SLICES}"
    viewer.page.wait_for_timeout(500)
    assert images_received(viewer) < SLICES
    assert 0 < len(ranges.held) <= RANGES_AT_ONCE

    ranges.let(SERIES_METADATA=99, PACK=99, RENDITION=99)
    assert viewer.until(lambda: images_received(viewer) == SLICES)
    assert (viewer.failures, viewer.complaints) == ([], [])


def held(session: CDPSession) -> int:
    """Bytes of objects and of buffers in the page, once what nobody needs is collected."""
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return int(usage["usedSize"] + usage.get("backingStorageSize", 0))


@pytest.mark.long
def test_a_long_series_is_walked_through_in_bounded_memory(
    browser: Browser, served: Coffre, viewer: ViewerPage
) -> None:
    person = served.open_record()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in person.ct(MANY, SMALL)]
    study = deposited(served, person, datasets)
    viewer.sign_in(person.token)
    viewer.show(person, study)
    assert viewer.until(lambda: viewer.place == f"image 1 sur {MANY}")
    session = viewer.page.context.new_cdp_session(viewer.page)
    before = held(session)
    viewer.page.locator("#canvas").focus()
    walked = []
    for _ in range(2):
        for image in range(11, MANY, 10):
            viewer.page.keyboard.press("PageDown")
            assert viewer.until(lambda image=image: viewer.place == f"image {image} sur {MANY}")
        viewer.page.keyboard.press("End")
        assert viewer.until(lambda: viewer.place == f"image {MANY} sur {MANY}")
        assert viewer.until(lambda: images_received(viewer) == MANY)
        walked.append(held(session))
        viewer.page.keyboard.press("Home")
        assert viewer.until(lambda: viewer.place == f"image 1 sur {MANY}")
    assert walked[0] - before <= MOST_HELD
    assert walked[1] - walked[0] <= MOST_KEPT
    assert (viewer.failures, viewer.complaints) == ([], [])
