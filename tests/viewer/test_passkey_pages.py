"""Passkeys in a real browser with an authenticator of its own (WebAuthn Level 2, section 11.3)."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from keyvault.credentials.hardware_tokens import asked, read_registration
from keyvault.credentials.issuers import IssuerList, own_key
from keyvault.credentials.tokens import verify
from records.vocabulary.codes import Environment
from tests.integration.entering import PASSWORD, Door, Person, door
from tests.services import axe

TELEPHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def at_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("passkey-pages"), by_name=True) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=PHONE, locale="fr-FR")  # type: ignore[arg-type]
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    yield page
    page.close()


@pytest.fixture
def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A telephone that takes its holder's finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": TELEPHONE})
    return session, made["authenticatorId"]


def assert_accessible(page: Page) -> None:
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than a phone"


def sign_in(person: Person, page: Page, next: str) -> None:
    before = len(person.arrived())
    page.goto(f"{person.coffre.url}/sign-in?next={next}")
    page.fill("#identifier", person.identifier)
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.fill("#code", person.code_after(before))
    page.click("button.main")
    page.wait_for_url(f"{person.coffre.url}{next}")


def test_the_keyboard_makes_a_passkey_and_signs_in_by_it(
    at_door: Door, page: Page, authenticator: tuple[CDPSession, str]
) -> None:
    person = at_door.person()
    sign_in(person, page, "/sign-in/passkeys")
    assert_accessible(page)
    page.focus("#label")
    page.keyboard.press("Control+A")
    page.keyboard.type("Mon téléphone")
    page.keyboard.press("Enter")
    page.wait_for_url("**fait=passkey_added")
    expect(page.get_by_role("heading", name="Mon téléphone")).to_be_visible()
    assert_accessible(page)

    page.context.clear_cookies()
    page.goto(person.coffre.url + "/sign-in?next=/choix")
    assert_accessible(page)
    page.get_by_role("button", name="Me connecter avec ma clé d'accès").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{person.coffre.url}/choix")

    page.context.clear_cookies()
    page.goto(person.coffre.url + "/sign-in?next=/choix")
    page.fill("#identifier", person.identifier)
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.wait_for_url("**/sign-in/code")
    expect(page.get_by_role("heading", name="Votre clé d'accès", exact=True)).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Utiliser ma clé d'accès").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{person.coffre.url}/choix")


def test_a_device_that_gives_no_passkey_is_told_aloud(
    at_door: Door, page: Page, authenticator: tuple[CDPSession, str]
) -> None:
    session, number = authenticator
    page.goto(at_door.coffre.url + "/sign-in?lang=en")
    session.send("WebAuthn.setUserVerified", {"authenticatorId": number, "isUserVerified": False})
    button = page.get_by_role("button", name="Sign in with my passkey")
    button.click()
    expect(page.get_by_role("alert").filter(has_text="Your device gave no passkey")).to_be_visible()
    expect(button).to_be_focused()
    assert_accessible(page)


def test_a_hardware_key_is_made_and_signs_what_a_command_asked(
    at_door: Door, page: Page, authenticator: tuple[CDPSession, str]
) -> None:
    session, internal = authenticator
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": internal})
    session.send("WebAuthn.addVirtualAuthenticator", {"options": TELEPHONE | {"transport": "usb"}})
    origin = at_door.coffre.url
    now = int(time.time())
    page.goto(f"{origin}/sign-in/operateur#{asked('operator:alice', 'coffre/demo', 'number', now)}")
    page.fill("#name", "alice")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_be_focused()
    public = read_registration(page.input_value("#made"), origin)
    expect(page.locator("#who")).to_contain_text("operator:alice")
    page.get_by_role("button", name="Signer avec ma clé").click()
    expect(page.locator("#signed")).to_be_focused()
    assert_accessible(page)
    table = IssuerList((own_key("alice", public, Environment.DEMO, origin),))
    token = page.input_value("#signed")
    found = verify(token, issuers=table, audience="coffre/demo", at=now, environment=Environment.DEMO)
    assert found.subject == "operator:alice"
