"""OHIF, a stock viewer, below a record, over the gateway: what it asks is answered, and what it shows is what
was deposited. Without the gateway its service worker opens: test_ohif_worker.py.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from playwright.sync_api import Browser
from pydicom.data import get_testdata_file

from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from tests.clients import encoded
from tests.clients.ohif_viewer import RIGHT, Viewer, encapsulated, given_to, written
from tests.integration.support import DOCTOR, STRANGER, Coffre, Patient, serving
from tests.services import ohif
from viewer_api.web.words import grouped_ins

SHORT = {"JPEG 2000": "MR_small_jp2klossless.dcm"}
"""OHIF shows this in make test; of the others test_ohif_worker compares the frames that it is given."""
LONG = {
    "RLE": "MR_small_RLE.dcm",
    "JPEG of a film, eight bits": "color3d_jpeg_baseline.dcm",
    "deflated": "image_dfl.dcm",
    "JPEG Baseline": "SC_rgb_jpeg_dcmtk.dcm",
    "JPEG Extended, twelve bits": "JPEG-lossy.dcm",
    "JPEG Lossless": "JPEG-LL.dcm",
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "JPEG 2000, film": "emri_small_jpeg_2k_lossless.dcm",
    "JPEG 2000, colour": "examples_jpeg2k.dcm",
    "ultrasound film": "examples_ybr_color.dcm",
    "JPEG 2000, palette of a CT": "JPEG2000.dcm",
    "MR, uncompressed": "MR_small.dcm",
    "big endian": "MR_small_bigendian.dcm",
}


def packaged(name: str) -> encoded.Made:
    return lambda person: given_to(person, str(get_testdata_file(name)))


OF_EACH_SYNTAX: dict[str, encoded.Made] = {
    **{title: packaged(name) for title, name in LONG.items()},
    **encoded.SHORT,
    **encoded.LONG,
}
TRACE = (255, 255, 255)
"""The colour of the lines of an electrocardiogram, on a grid of dark red."""
NO_X25519 = """crypto.subtle.generateKey = () => Promise.reject(new DOMException("", "NotSupportedError"));"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    data = tmp_path_factory.mktemp("coffre") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_OHIF=str(ohif.dist())) as coffre:
        yield coffre


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with ohif.chromium() as found:
        yield found


@pytest.fixture
def viewer(browser: Browser, served: Coffre) -> Iterator[Viewer]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    yield Viewer(page, served)
    page.close()


def deposited(coffre: Coffre, person: Patient, datasets: list[pydicom.FileDataset]) -> str:
    answer = coffre.stow(coffre.depositor(), [written(each) for each in datasets], person.ins)
    assert answer.status_code in (200, 202), answer.text  # 202: with a warning
    return str(datasets[0].StudyInstanceUID)


@pytest.mark.long
def test_an_authorised_doctor_reads_a_ct(served: Coffre, viewer: Viewer) -> None:
    person = served.open_record()
    person.authorise()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in person.ct(3, 128)]
    study = deposited(served, person, datasets)
    viewer.sign_in(served.professional(DOCTOR))
    viewer.open(person, study, over_gateway=True)
    assert viewer.resembles(datasets) >= RIGHT
    assert viewer.failures == []


WHOSE = "#coffre-whose"
"""Whose record is open, above OHIF."""


@pytest.mark.parametrize(
    "over_gateway",
    [
        pytest.param(True, marks=pytest.mark.long, id="over the gateway"),
        pytest.param(False, id="opened here"),
    ],
)
def test_a_doctor_sees_whose_record_is_open_above_the_images(
    served: Coffre, viewer: Viewer, over_gateway: bool
) -> None:
    person = served.open_record()
    person.authorise()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in person.ct(1, 64)]
    study = deposited(served, person, datasets)
    viewer.page.set_viewport_size({"width": 1200, "height": 700})
    viewer.sign_in(served.professional(DOCTOR))
    viewer.open(person, study, over_gateway=over_gateway)
    bar = viewer.page.locator(WHOSE)
    bar.wait_for(timeout=1000 * viewer.longest_s)
    told = bar.inner_text()
    name, born = demo_data.PATIENT.family_name.upper(), demo_data.PATIENT.birth_date[:4]
    for each in (name, born, "female", grouped_ins(person.ins), "Normal"):
        assert each in told, told
    assert viewer.resembles(datasets) >= RIGHT
    assert bar.is_visible()
    box, picture = bar.bounding_box(), viewer.page.locator("canvas.cornerstone-canvas").first.bounding_box()
    assert box and picture and box["y"] == 0
    assert box["y"] + box["height"] <= picture["y"], "the bar stands above the picture"
    assert picture["y"] + picture["height"] <= 700, "nothing of the picture is pushed off the screen"
    assert viewer.failures == []


@pytest.mark.parametrize("name", SHORT.values(), ids=SHORT)
def test_an_image_is_shown_as_it_is(served: Coffre, viewer: Viewer, name: str) -> None:
    assert_shown(served, viewer, packaged(name))


@pytest.mark.long
@pytest.mark.parametrize("make", OF_EACH_SYNTAX.values(), ids=OF_EACH_SYNTAX)
def test_each_syntax_is_shown_as_it_is(served: Coffre, viewer: Viewer, make: encoded.Made) -> None:
    assert_shown(served, viewer, make)


def assert_shown(served: Coffre, viewer: Viewer, make: encoded.Made) -> None:
    person = served.open_record()
    dataset = make(person)
    study = deposited(served, person, [dataset])
    viewer.sign_in(person.token)
    viewer.open(person, study, over_gateway=True)
    assert viewer.resembles([pydicom.dcmread(BytesIO(written(dataset)))]) >= RIGHT
    assert viewer.page.locator(WHOSE).count() == 0, "the holder knows whose record it is"
    assert viewer.failures == []


@pytest.mark.long
def test_a_structured_report_is_read_from_its_metadata(served: Coffre, viewer: Viewer) -> None:
    person = served.open_record()
    study = deposited(served, person, [given_to(person, str(get_testdata_file("reportsi.dcm")))])
    viewer.sign_in(person.token)
    viewer.open(person, study, over_gateway=True)
    assert viewer.until(lambda: "Section Heading" in viewer.page.inner_text("body"))
    assert viewer.failures == []


@pytest.mark.long
def test_an_electrocardiogram_is_drawn(served: Coffre, viewer: Viewer) -> None:
    person = served.open_record()
    study = deposited(served, person, [given_to(person, str(get_testdata_file("waveform_ecg.dcm")))])
    viewer.sign_in(person.token)
    viewer.open(person, study, over_gateway=True)
    assert viewer.until(lambda: any("/bulkdata/" in url for _, url, _ in viewer.answers))
    assert viewer.until(lambda: viewer.drawn(TRACE) > 1000)
    assert viewer.failures == []


@pytest.mark.long
def test_an_encapsulated_pdf_is_shown(served: Coffre, viewer: Viewer) -> None:
    person = served.open_record()
    study = deposited(served, person, [encapsulated(person, demo_data.report_pdf())])
    viewer.sign_in(person.token)
    viewer.open(person, study, over_gateway=True)
    assert viewer.until(lambda: any("/bulkdata/" in url for _, url, _ in viewer.answers))
    shown = viewer.page.locator('[data-viewport-id] object[type="application/pdf"]')
    shown.wait_for(state="visible", timeout=1000 * viewer.longest_s)
    assert (shown.get_attribute("data") or "").startswith("blob:")
    assert viewer.failures == []


def test_a_browser_without_x25519_is_asked_whether_the_server_may_open(
    served: Coffre, viewer: Viewer
) -> None:
    person = served.open_record()
    datasets = [pydicom.dcmread(BytesIO(content)) for content in person.ct(1, 64)]
    study = deposited(served, person, datasets)
    viewer.sign_in(person.token)
    viewer.page.add_init_script(NO_X25519)
    viewer.open(person, study)
    assert viewer.until(lambda: viewer.page.is_visible("#too_old"))
    assert "the server then decrypts" in viewer.page.inner_text("#otherwise")
    viewer.page.click("#otherwise a.button")
    assert viewer.resembles(datasets) >= RIGHT
    assert viewer.failures == []


def test_without_a_sign_in_nothing_is_asked(served: Coffre, viewer: Viewer) -> None:
    person = served.open_record()
    study = deposited(served, person, [pydicom.dcmread(BytesIO(content)) for content in person.ct(1, 32)])
    assert_nothing_is_asked(viewer, person, study)


def test_a_doctor_without_authorisation_sees_nothing(served: Coffre, viewer: Viewer) -> None:
    person = served.open_record()
    study = deposited(served, person, [pydicom.dcmread(BytesIO(content)) for content in person.ct(1, 32)])
    viewer.sign_in(served.professional(STRANGER))
    assert_nothing_is_asked(viewer, person, study)


def assert_nothing_is_asked(viewer: Viewer, person: Patient, study: str) -> None:
    """OHIF does not run where it cannot be said whose record this is."""
    viewer.open(person, study, over_gateway=True)
    viewer.page.locator(WHOSE, has_text="nothing is shown").wait_for(timeout=1000 * viewer.longest_s)
    assert [url.rpartition("/")[2] for _, url in viewer.failures] == ["titulaire"]
    assert not any("/dicomweb/" in url for _, url, _ in viewer.answers)


class TestItsFiles:
    def test_none_outside_its_folder_is_given(self, served: Coffre) -> None:
        for name in ("../../pyproject.toml", "%2e%2e/%2e%2e/pyproject.toml", "assets/../../../Makefile.x"):
            answer = served.http.get(f"/records/{served.open_record().public_id}/ohif/{name}")
            assert answer.status_code == 404

    @pytest.mark.parametrize("name", ["a.%00b", "a." + "b" * 300], ids=["a zero byte", "too long"])
    def test_a_name_that_no_file_can_have_is_not_there(self, served: Coffre, name: str) -> None:
        answer = served.http.get(f"/records/{served.open_record().public_id}/ohif/{name}")
        assert answer.status_code == 404

    def test_any_number_of_them_may_be_fetched_from_one_address(self, served: Coffre) -> None:
        path = f"/records/{served.open_record().public_id}/ohif/app-config.js"
        assert {served.http.get(path).status_code for _ in range(300)} == {200}

    def test_its_page_runs_no_inline_script(self, served: Coffre) -> None:
        answer = served.http.get(f"/records/{served.open_record().public_id}/ohif/viewer")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "<script>" not in answer.text

    def test_what_has_a_digest_in_its_name_is_kept_for_good(self, served: Coffre) -> None:
        script = next(path.name for path in Path(ohif.dist()).glob("app.bundle.*.js"))
        answer = served.http.get(f"/records/{served.open_record().public_id}/ohif/{script}")
        assert "immutable" in answer.headers["cache-control"]
