"""What the demo prints of where to click is there: a browser goes the whole way."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from coffre.demonstration.clicks import WALKS, Click, Way, guide
from coffre.notifying.carriers import RINGS
from tests.services.processes import free_port
from tests.services.service import process, wait_until
from viewer_api.web.texts import Texts

LONGEST_MS = 60_000


def test_the_path_is_told_to_doctor_and_patient_in_both_languages() -> None:
    french, english = guide("fr"), guide("en")
    assert "médecin : [Ouvrir un dossier] > " in french and "patiente : [Mes autorisations] > " in french
    assert "[Voir les images] > [Voir les images à l'écran]" in french
    assert "doctor: [Open a record] > " in english
    assert len(french.splitlines()) == len(english.splitlines()) == 1 + 2 * len(WALKS)


@pytest.mark.long
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_click_that_is_printed_can_be_made(browser: Browser, tmp_path: Path, language: str) -> None:
    port, log = free_port(), tmp_path / "log"
    command = [".venv/bin/coffre", "demo", "--serve", "--data", tmp_path / "data", "--port", str(port)]
    with process(command, log, environment={"COLUMNS": "400"}) as child:
        wait_until(lambda: "Ctrl-C" in log.read_text("utf-8"), child, log, timeout_s=200)
        said = log.read_text("utf-8")
        assert guide("fr") in said and said.index(guide("fr")) < said.index(guide("en"))
        door, doctor, emergency = re.findall(r"http://127\.0\.0\.1:\d+/\S+", said)
        links = {"doctor": doctor, "emergency": emergency}
        pages = {name: signed_in(browser, link, language) for name, link in links.items()}
        pages["patient"] = entered(browser, door, said, log, language)
        for walk in WALKS:
            for click in walk.clicks:
                made(pages[walk.who], click, Texts(language))
        for page in pages.values():
            page.context.close()


def entered(browser: Browser, door: str, said: str, log: Path, language: str) -> Page:
    """By identifier, password and the code that the terminal shows."""
    page = signed_in(browser, door, language)
    for name in ("identifier", "password"):
        page.fill(f"#{name}", re.search(rf"/ {name}\s+(.+)", said)[1])  # type: ignore[index]
    page.click("main button")
    code = re.search(rf"{RINGS} .*?\b([0-9]{{6}})\b", log.read_text("utf-8"))
    assert code is not None
    page.fill("#code", code[1])
    page.click("main button")
    return page


def signed_in(browser: Browser, link: str, language: str) -> Page:
    page = browser.new_context(locale={"fr": "fr-FR", "en": "en-GB"}[language]).new_page()
    page.set_default_timeout(LONGEST_MS)
    page.goto(link)
    return page


def made(page: Page, click: Click, t: Texts) -> None:
    name = t(click.name)
    match click.way:
        case Way.LINK:
            page.get_by_role("link", name=begun(name)).first.click()
        case Way.BUTTON:
            page.get_by_role("button", name=begun(name)).first.click()
        case Way.FIELD:
            page.get_by_label(name).first.fill(click.value)
        case Way.SHOWN:
            expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=LONGEST_MS)


def begun(name: str) -> re.Pattern[str]:
    """What completes a name, for those who do not see where it stands, follows it."""
    return re.compile(f"^{re.escape(name)}")
