"""Pages on the way to an image: no fault that axe-core finds, all of it by Tab, no wider than a phone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

import pydicom
import pytest
from playwright.sync_api import Browser, Page

from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from tests.clients.test_ohif import NO_X25519
from tests.integration.support import Coffre, Patient, serving
from tests.services import ohif
from tests.viewer.test_viewer_failures import OBJECTS, flipped
from tests.viewer.viewer_page import ViewerPage, deposited, published

PHONE, DESK = {"width": 360, "height": 640}, {"width": 1200, "height": 900}
MOST_TABS = 120
REACHABLE = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
)].filter(each => !each.disabled && each.checkVisibility({visibilityProperty: true}))
  .map((each, number) => (each.dataset.number = String(number)))"""
FOCUSED = "document.activeElement.dataset.number ?? null"


@dataclass(frozen=True)
class Record:
    """Of one person who is signed in: a CT and a report."""

    coffre: Coffre
    person: Patient
    study: str
    report: str
    page: Page

    def at(self, path: str) -> Page:
        self.page.goto(self.coffre.url + path)
        return self.page

    def document(self, of: str, viewer: str = "") -> Page:
        return self.at(f"/dossier/{self.person.public_id}/documents/{of}{viewer}")


@pytest.fixture(scope="module")
def coffre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    data = tmp_path_factory.mktemp("accessible") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_OHIF=str(ohif.dist())) as served:
        yield served


@pytest.fixture(scope="module")
def stored(coffre: Coffre) -> tuple[Patient, str, str]:
    person = coffre.open_record()
    study = deposited(coffre, person, [pydicom.dcmread(BytesIO(each)) for each in person.ct(3, 32)])
    return person, study, published(coffre, person, demo_data.report_pdf())


@pytest.fixture
def record(browser: Browser, coffre: Coffre, stored: tuple[Patient, str, str]) -> Iterator[Record]:
    page = browser.new_page(viewport=DESK, locale="fr-FR")  # type: ignore[arg-type]
    ViewerPage(page, coffre).sign_in(stored[0].token)
    yield Record(coffre, *stored, page)
    page.close()


def _list(record: Record) -> None:
    record.at("/")


def _study(record: Record) -> None:
    record.document(record.study)


def _one_file(record: Record) -> None:
    record.document(record.report)


def _images(record: Record) -> None:
    record.document(record.study, "/viewer").get_by_text("image 1 sur 3", exact=True).wait_for()


def _failure(record: Record) -> None:
    record.page.context.route(OBJECTS, flipped)
    record.document(record.study, "/viewer").wait_for_selector("#message", state="visible")


def _pdf(record: Record) -> None:
    record.document(record.report, "/viewer").wait_for_selector(".text-layer span", state="attached")


def _start_of_ohif(record: Record) -> None:
    """In a browser that cannot open anything, where the page stays."""
    record.page.add_init_script(NO_X25519)
    record.at(f"/records/{record.person.public_id}/ohif/viewer?StudyInstanceUIDs=1.2").wait_for_selector(
        "#too_old", state="visible"
    )


PAGES: dict[str, Callable[[Record], None]] = {
    "the list": _list,
    "a study": _study,
    "one file": _one_file,
    "images": _images,
    "a failure": _failure,
    "a PDF": _pdf,
    "OHIF is started": _start_of_ohif,
}


@pytest.mark.parametrize("shown", PAGES.values(), ids=PAGES)
def test_the_page_has_no_fault_of_accessibility_and_fits_a_phone(
    record: Record, shown: Callable[[Record], None]
) -> None:
    shown(record)
    viewer = ViewerPage(record.page, record.coffre)
    assert viewer.violations() == []
    assert reached_by_tab(record.page) == reachable(record.page) != set()
    record.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert record.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert viewer.violations() == []


def reachable(page: Page) -> set[str]:
    """What can be used, by numbers that are put on it."""
    return set(page.evaluate(REACHABLE))


def reached_by_tab(page: Page) -> set[str]:
    """The same numbers, of what Tab comes to from the top of the page."""
    reachable(page)
    page.evaluate("document.activeElement.blur()")
    reached: set[str] = set()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        number = page.evaluate(FOCUSED)
        if number in reached:
            break
        if number is not None:
            reached.add(number)
    return reached
