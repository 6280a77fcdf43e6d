"""The pages that sign in: axe finds nothing, a phone's width holds them, and the keyboard is enough."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from coffre.demo_authority.identities import Identities
from coffre.demo_authority.identity_files import sign_in_link
from coffre.installation.places import read_secret
from keyvault.credentials.account_keys import AccountKeys
from sign_in.accounts.account import AccountRows
from sign_in.accounts.linked import LinkedIdentities
from tests.integration.entering import PASSWORD, Door, Person, door
from tests.integration.support import DOCTOR, PRACTICE, new_ins
from tests.services import axe

PHONE = {"width": 360, "height": 740}
PAGES = (
    "/sign-in",
    "/sign-in/code",
    "/sign-in/letter",
    "/sign-in/recover",
    "/sign-in/browser",
    "/sign-in/contact/code",
    "/sign-in/open",
    "/sign-in/encore",
    "/sign-in?lang=en",
)


@pytest.fixture(scope="module")
def at_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    # nobody is asked before somebody leaves for it
    provider = {"ISSUER": "http://127.0.0.1:9/", "CLIENT_ID": "coffre", "CLIENT_SECRET": "a secret"}
    settings = {f"COFFRE_FRANCECONNECT_{name}": value for name, value in provider.items()}
    with door(tmp_path_factory.mktemp("accessible-door"), **settings) as found:
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
    for name in ("Changer mon mot de passe", "Changer où arrivent mes codes"):
        page.get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name).wait_for()
        assert_accessible(page)
        page.get_by_role("link", name="Mes connexions").click()
    page.get_by_role("link", name="FranceConnect").click()
    page.get_by_role("button", name="Relier").wait_for()
    assert_accessible(page)
    with person.coffre.system() as system, system.accounts.writing() as tx:
        keys = AccountKeys(read_secret(system.places.accounts_key))
        account = AccountRows(keys).of_identifier(tx, person.identifier)
        assert account is not None
        LinkedIdentities(keys).link(tx, account.account_id, "https://provider.example", "zoe", 1)
    page.reload()
    page.get_by_role("button", name="Ne plus").wait_for()
    assert_accessible(page)


def test_a_wrong_password_is_read_out(person: Person, page: Page) -> None:
    page.goto(person.coffre.url + "/sign-in")
    page.fill("#identifier", person.identifier)
    page.fill("#password", "pas le bon mot de passe")
    page.click("main button")
    assert "Identifiant et mot de passe" in page.get_by_role("alert").inner_text()
    assert_accessible(page)


def test_an_account_is_asked_for_by_the_keyboard(at_door: Door, page: Page) -> None:
    page.goto(at_door.coffre.url + "/sign-in/open")
    page.focus("#ins")
    page.keyboard.type(new_ins())
    page.keyboard.press("Tab")
    page.keyboard.type("zoe@example.fr")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Notez votre identifiant").wait_for()
    assert re.search("[0-9A-Z]{5}-[0-9A-Z]{5}", page.inner_text("main"))
    assert_accessible(page)


def test_a_professional_opens_an_account_by_the_keyboard(at_door: Door, page: Page) -> None:
    """Every step, a mistake included, is for everybody."""
    with at_door.coffre.system() as system:
        token = Identities(system).professional(DOCTOR, "10", PRACTICE)
        page.goto(sign_in_link(system, token, at_door.coffre.url))
    page.goto(at_door.coffre.url + "/sign-in/accounts")
    assert_accessible(page)
    page.fill("#ins", "277079999900168")
    page.fill("#contact", "zoe@example.fr")
    page.focus("#identity")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    assert "Ce numéro n'est pas juste" in page.get_by_role("alert").inner_text()
    assert_accessible(page)
    page.fill("#ins", new_ins())
    page.focus("#identity")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Le compte est ouvert").wait_for()
    assert_accessible(page)
