"""The viewer page draws what was deposited, in the browser alone: the server opens no content."""

import struct
from io import BytesIO

import pydicom
import pytest
from pydicom.data import get_testdata_file

from coffre.demonstration.files import data as demo_data
from tests.clients import encoded
from tests.clients.ohif_viewer import RIGHT, encapsulated, given_to, written
from tests.integration.support import DOCTOR, Coffre
from tests.viewer.viewer_page import ViewerPage, deposited, published

SHORT = {"JPEG 2000": "MR_small_jp2klossless.dcm"}
LONG = {
    "deflated": "image_dfl.dcm",
    "RLE": "MR_small_RLE.dcm",
    "RLE, colour": "SC_rgb_rle.dcm",
    "JPEG Baseline": "SC_rgb_jpeg_dcmtk.dcm",
    "JPEG Baseline, grey": "JPGLosslessP14SV1_1s_1f_8b.dcm",
    "JPEG Extended, twelve bits": "JPEG-lossy.dcm",
    "JPEG Lossless": "JPEG-LL.dcm",
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "JPEG 2000, film": "emri_small_jpeg_2k_lossless.dcm",
    "JPEG 2000, colour": "examples_jpeg2k.dcm",
    "JPEG 2000 of a CT": "JPEG2000.dcm",
    "JPEG of a film, eight bits": "color3d_jpeg_baseline.dcm",
    "ultrasound film": "examples_ybr_color.dcm",
    "palette": "examples_palette.dcm",
    "colour by plane": "examples_rgb_color.dcm",
    "subsampled colour, uncompressed": "SC_ybr_full_422_uncompressed.dcm",
    "MR, uncompressed": "MR_small.dcm",
    "big endian": "MR_small_bigendian.dcm",
}
SYNTAXES = [
    *(pytest.param(name, id=what) for what, name in SHORT.items()),
    *(pytest.param(name, id=what, marks=pytest.mark.long) for what, name in LONG.items()),
]
ENCODED = [
    *(pytest.param(make, id=what) for what, make in encoded.SHORT.items()),
    *(pytest.param(make, id=what, marks=pytest.mark.long) for what, make in encoded.LONG.items()),
]


def test_an_authorised_doctor_reads_a_ct_with_the_keyboard(served: Coffre, viewer: ViewerPage) -> None:
    person = served.open_record()
    person.authorise()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in person.ct(3, 128)]
    study = deposited(served, person, datasets)
    viewer.sign_in(served.professional(DOCTOR))
    viewer.show(person, study)
    assert viewer.resembles(datasets[:1]) >= RIGHT
    assert viewer.says("scanner, Série 1 – Thorax")
    assert viewer.place == "image 1 sur 3"
    viewer.page.locator("#canvas").focus()
    viewer.page.keyboard.press("End")
    assert viewer.until(lambda: viewer.place == "image 3 sur 3")
    assert viewer.resembles(datasets[2:]) >= RIGHT
    viewer.page.locator("summary").press("Enter")
    assert viewer.says("Images, chiffrées")
    assert viewer.violations() == []
    viewer.page.set_viewport_size({"width": 360, "height": 640})
    assert viewer.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())


@pytest.mark.parametrize("name", SYNTAXES)
def test_each_syntax_is_shown_as_it_is(served: Coffre, viewer: ViewerPage, name: str) -> None:
    person = served.open_record()
    dataset = given_to(person, str(get_testdata_file(name)))
    study = deposited(served, person, [dataset])
    viewer.sign_in(person.token)
    viewer.show(person, study)
    assert viewer.resembles([pydicom.dcmread(BytesIO(written(dataset)))]) >= RIGHT
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())


@pytest.mark.parametrize("make", ENCODED)
def test_what_was_encoded_for_this_is_shown_as_it_is(
    served: Coffre, viewer: ViewerPage, make: encoded.Made
) -> None:
    person = served.open_record()
    dataset = make(person)
    study = deposited(served, person, [dataset])
    viewer.sign_in(person.token)
    viewer.show(person, study)
    assert viewer.resembles([pydicom.dcmread(BytesIO(written(dataset)))]) >= RIGHT
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())


@pytest.mark.long
def test_a_graphics_card_draws_the_same(served: Coffre, viewer: ViewerPage) -> None:
    person = served.open_record()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in person.ct(1, 128)]
    study = deposited(served, person, datasets)
    viewer.sign_in(person.token)
    viewer.show(person, study, "?rendu=carte")
    assert viewer.resembles(datasets) >= RIGHT
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())


@pytest.mark.long
@pytest.mark.parametrize("drawn_by", ["processeur", "carte"])
@pytest.mark.parametrize("tables", ["ModalityLUTSequence", "VOILUTSequence"])
def test_greys_follow_the_table_of_the_file(
    served: Coffre, viewer: ViewerPage, tables: str, drawn_by: str
) -> None:
    """The table turns dark into bright: drawn without it, the picture would be the opposite."""
    person = served.open_record()
    dataset = following_table(given_to(person, str(get_testdata_file("MR_small.dcm"))), tables)
    viewer.sign_in(person.token)
    viewer.show(person, deposited(served, person, [dataset]), f"?rendu={drawn_by}")
    assert viewer.resembles([pydicom.dcmread(BytesIO(written(dataset)))]) >= RIGHT
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())


def following_table(dataset: pydicom.FileDataset, tables: str) -> pydicom.FileDataset:
    entries = [(4095 - value) ** 2 // 256 for value in range(4096)]
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), 0, 16])
    item.add_new("LUTData", "OW", struct.pack(f"<{len(entries)}H", *entries))
    for name in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"):
        dataset.pop(name, None)
    setattr(dataset, tables, pydicom.Sequence([item]))
    return dataset


@pytest.mark.long
def test_a_film_is_played_in_a_loop_and_stopped(served: Coffre, viewer: ViewerPage) -> None:
    person = served.open_record()
    study = deposited(served, person, [given_to(person, str(get_testdata_file("examples_ybr_color.dcm")))])
    viewer.sign_in(person.token)
    viewer.show(person, study)
    assert viewer.until(lambda: viewer.place == "image 1 sur 30")
    viewer.page.locator("#play").click()
    assert viewer.until(lambda: viewer.place not in ("image 1 sur 30", ""))
    viewer.page.locator("#play").click()
    viewer.page.wait_for_timeout(500)
    stopped = viewer.place
    viewer.page.wait_for_timeout(500)
    assert viewer.place == stopped
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())


def test_a_pdf_is_drawn_with_its_text(served: Coffre, viewer: ViewerPage) -> None:
    person = served.open_record()
    document = published(served, person, demo_data.report_pdf())
    viewer.sign_in(person.token)
    viewer.show(person, document)
    assert viewer.says("Micronodule calcifié séquellaire")
    assert viewer.violations() == []
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())


@pytest.mark.long
def test_a_pdf_in_a_dicom_file_is_drawn_too(served: Coffre, viewer: ViewerPage) -> None:
    person = served.open_record()
    study = deposited(served, person, [encapsulated(person, demo_data.report_pdf())])
    viewer.sign_in(person.token)
    viewer.show(person, study)
    assert viewer.says("Micronodule calcifié séquellaire")
    assert (viewer.failures, viewer.complaints, viewer.strangers) == ([], [], set())
