"""The pages that sign in: axe finds nothing, a phone's width holds them, and the keyboard is enough."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.integration.entering import PASSWORD, Door, Person, door
from tests.services import axe

PHONE = {"width": 360, "height": 740}
PAGES = ("/sign-in", "/sign-in/code", "/sign-in/letter", "/sign-in/recover", "/sign-in?lang=en")


@pytest.fixture(scope="module")
def at_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("accessible-door")) as found:
        yield found


@pytest.fixture(scope="module")
def person(at_door: Door) -> Person:
    return at_door.person()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=PHONE, locale="fr-FR")  # type: ignore[arg-type]
    yield page
    page.close()


def assert_accessible(page: Page) -> None:
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than a phone"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_door_is_for_everybody(at_door: Door, page: Page, path: str) -> None:
    page.goto(at_door.coffre.url + path)
    assert_accessible(page)


def test_the_keyboard_alone_signs_in_and_sees_the_sessions(person: Person, page: Page) -> None:
    before = len(person.arrived())
    page.goto(person.coffre.url + "/sign-in?next=/sign-in/sessions")
    page.focus("#identifier")
    page.keyboard.type(person.identifier)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code")
    page.focus("#code")
    page.keyboard.type(person.code_after(before))
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/sessions")
    assert page.get_by_role("heading", name="Mes connexions").is_visible()
    assert_accessible(page)


def test_a_wrong_password_is_read_out(person: Person, page: Page) -> None:
    page.goto(person.coffre.url + "/sign-in")
    page.fill("#identifier", person.identifier)
    page.fill("#password", "pas le bon mot de passe")
    page.click("main button")
    assert "Identifiant et mot de passe" in page.get_by_role("alert").inner_text()
    assert_accessible(page)
