"""The pictures of the patient's guide; `python -m tests.guide.pictures` takes them anew into docs/images/."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from coffre.demo_authority import identity_files
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import DOCTOR, HOSPITAL, Coffre, Patient, bearer, serving
from tests.services import ohif

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LARGEST = 150_000
SIZE = {"width": 900, "height": 760}
LONGEST_S = 60.0
Picture = Callable[[Page, Patient], None]


def take(coffre: Coffre, browser: Browser, folder: Path) -> list[Path]:
    """A picture of each scene, as the holder sees it in French."""
    person = _story(coffre)
    found = []
    for name, picture in PICTURES.items():
        with browser.new_context(locale="fr-FR", base_url=coffre.url, viewport=SIZE) as context:
            page = _signed_in(context, coffre, person)
            picture(page, person)
            found.append(folder / f"{name}.jpg")
            page.screenshot(path=found[-1], type="jpeg", quality=72)
    return found


def _story(coffre: Coffre) -> Patient:
    """A report and a CT; the doctor whom she authorised, and one who was refused and then broke the glass."""
    person = coffre.open_record()
    report = demo_data.report_pdf()
    coffre.publish_pdf(coffre.depositor(HOSPITAL), person.ins, report, title="Compte rendu du scanner")
    coffre.stow(coffre.depositor(), person.ct(24, 256), person.ins)
    person.authorise()
    doctor, other = coffre.professional(DOCTOR), coffre.professional("899700099990", setting="SAMU_SMUR")
    glass = {"Coffre-Purpose": "bris_de_glace", "Coffre-Reason": "Patiente inconsciente%2C allergies"}
    for token, headers in ((doctor, {}), (doctor, {}), (other, {}), (other, glass)):
        coffre.http.get(f"/records/{person.ins}/documents", headers={**bearer(token), **headers})
    return person


def _signed_in(context: BrowserContext, coffre: Coffre, person: Patient) -> Page:
    page = context.new_page()
    with coffre.system() as system:
        page.goto(identity_files.sign_in_link(system, person.token, coffre.url))
    return page


def _until(done: Callable[[], bool]) -> None:
    last = time.monotonic() + LONGEST_S
    while not done():
        assert time.monotonic() < last
        time.sleep(0.1)


def _documents(page: Page, person: Patient) -> None:
    page.set_viewport_size({**SIZE, "height": 1100})
    page.goto("/")


def _study(page: Page, person: Patient) -> None:
    """The viewer page, its tools and an image."""
    page.set_viewport_size({**SIZE, "height": 960})
    study = next(each["id"] for each in person.documents() if each["kind"] == "study")
    page.goto(f"/dossier/{person.public_id}/documents/{study}/viewer")
    covers = ("cover", "preview", "loading")
    hidden = "ids => ids.every(id => document.getElementById(id).hidden)"
    _until(lambda: page.is_visible("#images") and page.evaluate(hidden, covers))
    page.locator("#stage").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('stage').scrollIntoView()")


def _log(page: Page, person: Patient) -> None:
    """The second visit, with what was checked unfolded."""
    for _ in range(2):
        page.goto("/consultations")
        _until(lambda: page.get_attribute("#log-check", "data-verdict") == "sound")
    page.click("#log-check summary")
    page.evaluate("document.getElementById('log-check').scrollIntoView()")


def _lines(page: Page, person: Patient) -> None:
    """The lines themselves, an emergency among them."""
    page.goto("/consultations")
    _until(lambda: page.get_attribute("#log-check", "data-verdict") == "sound")
    page.evaluate("document.querySelector('table.log').scrollIntoView()")


def _alarm(page: Page, person: Patient) -> None:
    """What a page says whose lines were changed on the way."""

    def change(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        route.fulfill(response=answer, body=answer.text().replace(f"RPPS {DOCTOR}", "RPPS 899700024468"))  # type: ignore[attr-defined]

    page.route("**/consultations", change)
    page.goto("/consultations")
    _until(lambda: page.get_attribute("#log-check", "data-verdict") == "alarm")
    page.evaluate("document.getElementById('log-check').scrollIntoView()")


PICTURES: dict[str, Picture] = {
    "guide-documents": _documents,
    "guide-images": _study,
    "guide-consultations": _lines,
    "guide-controle": _log,
    "guide-alerte": _alarm,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        data = Path(made) / "data"
        initialise(load(data=data))
        with serving(data) as coffre, ohif.chromium() as browser:
            take(coffre, browser, IMAGES)


if __name__ == "__main__":
    main()
