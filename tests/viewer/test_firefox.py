"""Another browser than Chromium: Firefox opens and draws the same."""

from io import BytesIO
from typing import Any, cast

import pydicom
import pytest

from coffre.demonstration.files import data as demo_data
from tests.clients import encoded
from tests.clients.ohif_viewer import RIGHT, written
from tests.integration.support import Coffre
from tests.services.firefox import firefox
from tests.viewer.viewer_page import ViewerPage, deposited, published

TEXT = "() => document.querySelector('main').innerText"

pytestmark = pytest.mark.long


def test_firefox_shows_a_ct_a_compressed_image_and_a_pdf(served: Coffre) -> None:
    person = served.open_record()
    ct = pydicom.dcmread(BytesIO(*person.ct(1, 128)))
    compressed = encoded.SHORT["HTJ2K by resolution"](person)
    pdf = published(served, person, demo_data.report_pdf())
    with firefox() as page:
        viewer = ViewerPage(cast(Any, page), served)
        viewer.sign_in(person.token)
        for dataset in (ct, compressed):
            viewer.show(person, deposited(served, person, [dataset]))
            assert viewer.resembles([pydicom.dcmread(BytesIO(written(dataset)))]) >= RIGHT
        viewer.show(person, pdf)
        assert viewer.until(lambda: "Micronodule calcifié séquellaire" in page.evaluate(TEXT))
