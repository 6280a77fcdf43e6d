"""Patients sign in by a provider like FranceConnect, once they have linked an identity to their account."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sign_in.federation.begun import Begun
from tests.integration.entering import Door, Person, door, eventually, text_of
from tests.integration.pages import Browser
from tests.integration.support import DOCTOR
from tests.services.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider

OWN = "/sign-in/franceconnect"
COOKIE = "coffre-franceconnect"


@dataclass(frozen=True)
class Linking:
    """A Coffre that knows such a provider."""

    door: Door
    provider: OidcProvider

    def back(self, address: str, subject: str, acr: str = "eidas2") -> str:
        """Where the provider sends a browser in which `subject` signs in there."""
        self.provider.person(subject, {}, acr=acr)
        parts = urlsplit(self.provider.browsed(address))
        return f"{parts.path}?{parts.query}"

    def leave(self, browser: Browser) -> str:
        """The provider's address, from the page of signing in."""
        button = browser.get("/sign-in?next=/choix").link("Se connecter avec FranceConnect")
        return browser.http.get(button).headers["location"]

    def to_link(self, browser: Browser) -> str:
        """The provider's address, from the page of somebody who is signed in."""
        page = browser.submit(browser.get(OWN).form(f"{OWN}/lier"))
        return page.link("Continuer vers FranceConnect")

    def linked(self, person: Person, subject: str) -> Browser:
        browser = person.enter()
        answer = browser.http.get(self.back(self.to_link(browser), subject))
        assert (answer.status_code, answer.headers["location"]) == (303, f"{OWN}?fait=linked")
        return browser


@pytest.fixture(scope="module")
def linking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linking]:
    folder = tmp_path_factory.mktemp("france-connect")
    with oidc_provider(folder) as provider:
        settings = {
            "COFFRE_FRANCECONNECT_ISSUER": provider.issuer,
            "COFFRE_FRANCECONNECT_CLIENT_ID": CLIENT,
            "COFFRE_FRANCECONNECT_CLIENT_SECRET": SECRET,
        }
        with door(folder, **settings) as found:
            provider.registers(f"{found.coffre.url}{OWN}/retour")
            yield Linking(found, provider)


@pytest.fixture(scope="module")
def person(linking: Linking) -> Person:
    """Somebody who has linked "fc-claire"."""
    found = linking.door.person()
    linking.linked(found, "fc-claire")
    return found


@pytest.mark.requirement("R4")
def test_who_has_linked_an_identity_enters_by_it_and_was_told(linking: Linking, person: Person) -> None:
    assert any("FranceConnect" in message for message in person.arrived())
    browser = person.browser()
    address = linking.leave(browser)
    assert "acr_values=eidas2" in address and "prompt=login" in address and "scope=openid&" in address
    answer = browser.http.get(linking.back(address, "fc-claire"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/choix")
    person.patient.authorise(DOCTOR)
    assert DOCTOR in browser.get("/choix").text, "her own choices"


def test_who_has_linked_none_is_let_in_nowhere(linking: Linking, person: Person) -> None:
    browser = person.browser()
    answer = browser.http.get(linking.back(linking.leave(browser), "fc-somebody"))
    assert answer.status_code == 403 and "Aucun compte n'est relié" in text_of(answer)
    browser.get("/choix", 403)


@pytest.mark.requirement("R4")
def test_one_factor_there_is_not_enough(linking: Linking, person: Person) -> None:
    browser = person.browser()
    answer = browser.http.get(linking.back(linking.leave(browser), "fc-claire", acr="eidas1"))
    assert answer.status_code == 403 and "moyen assez sûr" in text_of(answer)


def test_an_identity_is_of_one_account(linking: Linking, person: Person) -> None:
    other = linking.door.person()
    browser = other.enter()
    answer = browser.http.get(linking.back(linking.to_link(browser), "fc-claire"))
    assert answer.status_code == 409 and "déjà reliée" in text_of(answer)


def test_nobody_links_an_identity_to_anothers_session(linking: Linking, person: Person) -> None:
    """The attacker's own good answer, brought into the browser of somebody who is signed in."""
    attacker = linking.door.person()
    theirs, mine = attacker.enter(), person.enter()
    back = linking.back(linking.to_link(theirs), "fc-attacker")
    assert mine.http.get(back).status_code == 403, "no cookie of this sign-in"
    mine.http.cookies.set(COOKIE, theirs.http.cookies[COOKIE])
    answer = mine.http.get(back)
    assert answer.status_code == 403 and "aucune connexion commencée" in text_of(answer)
    form = theirs.get(OWN).form(f"{OWN}/lier")
    assert mine.post(form.action, form.fields).status_code == 403, "a form of another browser"
    with pytest.raises(KeyError):
        person.browser().http.cookies[COOKIE]


def test_a_sign_in_does_not_become_a_link_nor_a_link_a_sign_in(linking: Linking, person: Person) -> None:
    browser = person.enter()
    back = linking.back(linking.leave(browser), "fc-new")
    begun = Begun.read(browser.http.cookies[COOKIE], int(time.time()))
    assert begun is not None and begun.by == ""
    browser.http.cookies.set(COOKIE, replace(begun, by="0" * 36).cookie())
    assert browser.http.get(back).status_code == 403


def test_what_was_unlinked_enters_no_more(linking: Linking) -> None:
    someone = linking.door.person()
    browser = linking.linked(someone, "fc-paul")
    page = browser.submit(browser.get(OWN).form(f"{OWN}/delier"))
    text = eventually(lambda: browser.get("/consultations?qui=tous").text, "FranceConnect séparé du compte")
    assert "FranceConnect relié au compte" in text
    assert "n'est relié à aucune" in page.text
    other = someone.browser()
    assert other.http.get(linking.back(linking.leave(other), "fc-paul")).status_code == 403


def test_a_letters_new_password_ends_the_link(linking: Linking, tmp_path: Path) -> None:
    someone, letter = linking.door.person(), tmp_path / "letter.json"
    linking.linked(someone, "fc-lettre")
    linking.door.command("account", "letter", someone.patient.ins, "--out", str(letter))
    someone.code = json.loads(letter.read_text())["code"]
    assert someone.choose().status_code == 303
    browser = someone.browser()
    assert browser.http.get(linking.back(linking.leave(browser), "fc-lettre")).status_code == 403
