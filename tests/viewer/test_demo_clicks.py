"""What the demo prints of doors and of where to click is there: a browser goes the whole way."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from coffre.demonstration.clicks import WALKS, Click, Way, guide
from coffre.demonstration.doors.card_reader import label
from coffre.demonstration.people.cast import CARDS
from coffre.notifying.carriers import RINGS
from keyvault.credentials.issuers import DEMO_ISSUER
from tests.services.authenticator import HardwareKey
from tests.services.processes import free_port
from tests.services.service import process, wait_until
from tests.services.warm import run
from viewer_api.web.texts import Texts

LONGEST_MS = 60_000
CARD = {"fr": "Se connecter avec ma carte CPS", "en": "Sign in with my CPS card"}
PLACE = re.compile(r"\(1750000002\)")


def test_the_path_is_told_to_doctor_and_patient_in_both_languages() -> None:
    french, english = guide("fr"), guide("en")
    assert "médecin : [Ouvrir un dossier] > " in french and "patiente : [Mes autorisations] > " in french
    assert "[Voir les images] > [Voir les images à l'écran]" in french
    assert "doctor: [Open a record] > " in english
    assert len(french.splitlines()) == len(english.splitlines()) == 1 + 2 * len(WALKS)


@pytest.mark.long
@pytest.mark.parametrize("language", ["fr", "en"])
def test_everybody_comes_in_as_it_is_printed_and_every_click_can_be_made(
    browser: Browser, tmp_path: Path, language: str
) -> None:
    port, log = free_port(), tmp_path / "log"
    command = [".venv/bin/coffre", "demo", "--serve", "--data", tmp_path / "data", "--port", str(port)]
    with process(command, log, environment={"COLUMNS": "400"}) as child:
        wait_until(lambda: "Ctrl-C" in log.read_text("utf-8"), child, log, timeout_s=200)
        told = log.read_text("utf-8")
        assert guide("fr") in told and told.index(guide("fr")) < told.index(guide("en"))
        door, operators = re.findall(r"http://localhost:\d+/\S+", told)
        (origin,) = re.findall(r"COFFRE_PUBLIC_URL=(\S+)", told)
        pages = {name: by_card(browser, door, name, language) for name in ("doctor", "emergency")}
        pages["patient"] = entered(browser, door, told, log, language)
        for walk in WALKS:
            for click in walk.clicks:
                made(pages[walk.who], click, Texts(language))
        operator = opened(browser, operators, language)
        expect(operator.get_by_role("heading", level=1)).to_be_visible()
        expect(operator.get_by_role("button").first).to_be_enabled()
        assert "operator:alice" in enrolled(origin, tmp_path)
        for page in (*pages.values(), operator):
            page.context.close()


def by_card(browser: Browser, door: str, name: str, language: str) -> Page:
    """By the card that the terminal names; who has several places chooses the practice."""
    page = opened(browser, door, language)
    page.get_by_role("link", name=CARD[language]).click()
    page.get_by_role("link", name=label(name)).click()
    if CARDS[name].place:
        page.get_by_label(PLACE).check()
        page.click("main button")
    return page


def entered(browser: Browser, door: str, told: str, log: Path, language: str) -> Page:
    """By identifier, password and the code that the terminal shows."""
    page = opened(browser, door, language)
    for name in ("identifier", "password"):
        page.fill(f"#{name}", re.search(rf"/ {name}\s+(.+)", told)[1])  # type: ignore[index]
    page.click("main button")
    page.wait_for_selector("#code")
    code = re.search(rf"{RINGS} .*?\b([0-9]{{6}})\b", log.read_text("utf-8"))
    assert code is not None
    page.fill("#code", code[1])
    page.click("main button")
    return page


def enrolled(origin: str, folder: Path) -> str:
    """What the list of operators says once two of the demo have taken a key of hers, made for that origin."""
    data, key = ("--data", folder / "data"), folder / "alice.json"
    key.write_text(HardwareKey(origin).registration())
    env = {**os.environ, "COFFRE_PUBLIC_URL": origin}
    for name in ("un", "deux"):
        said("identity", "issue", "operator", "--name", name, "--out", folder, *data, env=env)
    first, second = (folder / f"operator-{name}.token" for name in ("un", "deux"))
    both = ("--operator", first, "--second-operator", second)
    until = ("--until", "2099-01-01", "--beside", DEMO_ISSUER, "--yes")
    said("operator", "enrol", "alice", "--key", key, *until, *both, *data, env=env)
    return said("operator", "list", "--operator", first, *data, env=env)


def said(*words: object, env: dict[str, str]) -> str:
    ended = run(*words, env=env)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def opened(browser: Browser, address: str, language: str) -> Page:
    page = browser.new_context(locale={"fr": "fr-FR", "en": "en-GB"}[language]).new_page()
    page.set_default_timeout(LONGEST_MS)
    page.goto(address)
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
