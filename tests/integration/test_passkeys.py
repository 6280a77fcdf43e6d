"""Passkeys of patients: made on one's own page, then alone or in place of the code (issue: point 1)."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from coffre.installation.places import read_secret
from keyvault.credentials.account_keys import AccountKeys
from sign_in.passkeys.passkey import Passkeys
from tests.integration.entering import PASSWORD, Door, Person, door, text_of
from tests.integration.pages import Browser, Page
from tests.services.authenticator import Authenticator

OWN = "/sign-in/passkeys"


@pytest.fixture(scope="module")
def at_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("passkeys"), by_name=True) as found:
        yield found


@dataclass
class Holder:
    """A person with a passkey."""

    person: Person
    key: Authenticator

    def options(self, browser: Browser, path: str = "/sign-in") -> str:
        return options_in(browser.get(path))

    def alone(self, browser: Browser | None = None, **told: object) -> httpx.Response:
        browser = browser or self.person.browser()
        page = browser.get("/sign-in?next=/choix")
        return browser.send(page.form("/sign-in/passkey"), answer=self.key.use(options_in(page), **told))

    def second(self, browser: Browser, key: Authenticator | None = None, **told: object) -> httpx.Response:
        page = browser.get("/sign-in/code")
        answer = (key or self.key).use(options_in(page), **told)
        return browser.send(page.form("/sign-in/code/passkey"), answer=answer)


def options_in(page: Page) -> str:
    found = re.search(r'data-passkey="([^"]+)"', page.html)
    assert found is not None, page.text
    return html.unescape(found[1])


def add(browser: Browser, key: Authenticator, label: str = "Ma clé", **told: object) -> httpx.Response:
    page = browser.get(OWN)
    answer = key.make(options_in(page), **told)
    return browser.send(page.form(f"{OWN}/add"), answer=answer, label=label)


def holder(at_door: Door, **key: object) -> Holder:
    person = at_door.person()
    found = Holder(person, Authenticator(at_door.coffre.url, **key))  # type: ignore[arg-type]
    answer = add(person.enter(), found.key)
    assert (answer.status_code, answer.headers.get("location")) == (303, f"{OWN}?fait=passkey_added"), (
        answer.text
    )
    return found


@pytest.fixture(scope="module")
def zoe(at_door: Door) -> Holder:
    return holder(at_door)


@pytest.fixture(scope="module")
def thief(at_door: Door) -> Holder:
    """Somebody else, with an account and a passkey of their own."""
    return holder(at_door)


class TestOwn:
    def test_the_holder_is_told_of_a_new_way_in(self, zoe: Holder) -> None:
        assert "clé d'accès vient d'être ajoutée" in zoe.person.arrived()[-1]

    def test_one_is_listed_named_and_removed_and_then_signs_nobody_in(self, at_door: Door) -> None:
        found = holder(at_door)
        browser = found.person.browser()
        assert found.alone(browser).status_code == 303
        page = browser.get(OWN)
        assert "Ma clé" in page.text
        name = page.form(f"{OWN}/rename").fields["passkey"]
        renamed = browser.submit(page.form(f"{OWN}/rename"), label="  Mon\ttéléphone ")
        assert "Mon téléphone" in renamed.text
        unsure = browser.send(renamed.form(f"{OWN}/remove"), passkey=name)
        assert unsure.status_code == 400 and "Cochez la case" in text_of(unsure)
        gone = browser.submit(renamed.form(f"{OWN}/remove"), passkey=name, sure="oui")
        assert "Vous n'en avez pas encore" in gone.text
        assert found.alone().status_code == 403
        assert found.person.enter(), "the password and a code are left"

    @pytest.mark.parametrize("label", ["", "x" * 61, "a\u202eb"])
    def test_a_name_is_short_and_readable(self, at_door: Door, zoe: Holder, label: str) -> None:
        browser = zoe.person.browser()
        assert zoe.alone(browser).status_code == 303
        answer = add(browser, Authenticator(at_door.coffre.url), label)
        assert answer.status_code == 400 and "60 lettres" in text_of(answer)

    def test_nobody_removes_anothers(self, at_door: Door, zoe: Holder, thief: Holder) -> None:
        browser = zoe.person.browser()
        assert zoe.alone(browser).status_code == 303
        name = browser.get(OWN).form(f"{OWN}/remove").fields["passkey"]
        theirs = thief.person.browser()
        assert thief.alone(theirs).status_code == 303
        form = theirs.get(OWN).form(f"{OWN}/remove")
        assert theirs.send(form, passkey=name, sure="oui").status_code == 404
        assert zoe.alone().status_code == 303

    def test_a_letters_new_password_removes_all(self, at_door: Door) -> None:
        found = holder(at_door)
        letter = at_door.coffre.data.parent / "letter.json"
        at_door.command("account", "letter", found.person.patient.ins, "--out", str(letter))
        code = re.search(r'"code": "([^"]+)"', letter.read_text())
        letter.unlink()
        assert code is not None
        found.person.code = code[1]
        assert found.person.choose().status_code == 303
        assert found.alone().status_code == 403
        assert found.person.enter()

    def test_whoever_is_not_signed_in_is_sent_to_the_door(self, at_door: Door) -> None:
        answer = Browser(at_door.coffre).http.get(OWN)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={OWN}")


class TestAlone:
    def test_a_passkey_signs_in_and_brings_back(self, zoe: Holder) -> None:
        browser = zoe.person.browser()
        answer = zoe.alone(browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/choix")
        assert browser.get("/").headings[0] == (1, "Mes documents")

    def test_known_and_unknown_browsers_are_asked_alike(self, at_door: Door, zoe: Holder) -> None:
        known = zoe.person.browser()
        assert zoe.alone(known).status_code == 303
        asked = [
            re.sub(r'"challenge": *"[^"]+"', "", zoe.options(each))
            for each in (known, Browser(at_door.coffre))
        ]
        assert asked[0] == asked[1]
        assert '"allowCredentials": []' in asked[0]

    def test_what_the_authenticator_keeps_says_nothing_of_the_person(self, zoe: Holder) -> None:
        browser = zoe.person.browser()
        assert zoe.alone(browser).status_code == 303
        making = zoe.options(browser, OWN)
        ins, identifier = zoe.person.patient.ins, zoe.person.identifier.replace("-", "")
        assert zoe.key.handle is not None and len(zoe.key.handle) == 32
        for secret in (ins, identifier, zoe.person.address):
            assert secret not in making and secret.encode() not in zoe.key.handle

    def test_an_answer_serves_once(self, zoe: Holder) -> None:
        browser = zoe.person.browser()
        page = browser.get("/sign-in")
        form, answer = page.form("/sign-in/passkey"), zoe.key.use(options_in(page))
        kept = dict(browser.http.cookies)
        assert browser.send(form, answer=answer).status_code == 303
        browser.http.cookies.clear()
        for name in ("coffre-browser", "coffre-device"):
            if name in kept:
                browser.http.cookies.set(name, kept[name])
        again = browser.send(form, answer=answer)
        assert again.status_code == 403 and "déjà servi" in text_of(again)

    def test_an_answer_is_good_in_the_browser_alone_that_asked(self, zoe: Holder, thief: Holder) -> None:
        options = zoe.options(zoe.person.browser())
        thief = zoe.person.browser()
        form = thief.get("/sign-in").form("/sign-in/passkey")
        answer = thief.send(form, answer=zoe.key.use(options))
        assert answer.status_code == 403 and "déjà servi" in text_of(answer)

    def test_an_answer_to_one_question_is_none_to_another(self, zoe: Holder) -> None:
        browser = zoe.person.browser()
        assert zoe.person.knock(browser).status_code == 303
        second = zoe.options(browser, "/sign-in/code")
        form = browser.get("/sign-in").form("/sign-in/passkey")
        assert browser.send(form, answer=zoe.key.use(second)).status_code == 403


FORGED: dict[str, dict[str, object]] = {
    "another origin": {"origin": "https://c0ffre.example"},
    "the same name without its port": {"origin": "http://localhost"},
    "another site's passkey": {"party": "c0ffre.example"},
    "a making in place of a use": {"type": "webauthn.create"},
    "another challenge": {"challenge": "AAAA"},
    "no finger": {"flags": 1},
    "nobody there": {"flags": 4},
    "another's signature": {"signature": bytes(70)},
    "another's handle": {"handle": bytes(32)},
    "no handle": {"handle": None},
}


class TestAttacks:
    @pytest.mark.parametrize("how", FORGED)
    def test_a_forged_answer_signs_nobody_in(self, zoe: Holder, how: str) -> None:
        browser = zoe.person.browser()
        answer = zoe.alone(browser, **FORGED[how])
        assert answer.status_code == 403, how
        assert "coffre" not in browser.http.cookies
        assert zoe.alone().status_code == 303, "its holder's counts on"

    @pytest.mark.parametrize("text", ["", "{}", "[]", "null", "x" * 60_000, '{"id":"a","rawId":"a"}'])
    def test_what_is_no_answer_is_refused_like_a_wrong_one(self, zoe: Holder, text: str) -> None:
        browser = zoe.person.browser()
        form = browser.get("/sign-in").form("/sign-in/passkey")
        assert browser.send(form, answer=text).status_code == 403

    def test_a_passkey_that_nobody_has_and_a_wrong_answer_read_alike(
        self, at_door: Door, zoe: Holder
    ) -> None:
        stranger = Holder(zoe.person, Authenticator(at_door.coffre.url, handle=bytes(32)))
        unknown, wrong = stranger.alone(), zoe.alone(signature=bytes(70))
        assert unknown.status_code == wrong.status_code == 403
        texts = [re.sub(r'(value|data-passkey)="[^"]*"', "", each.text) for each in (unknown, wrong)]
        assert texts[0] == texts[1]

    def test_a_counter_that_goes_back_is_refused_and_told_and_the_passkey_is_over(
        self, at_door: Door
    ) -> None:
        found = holder(at_door)
        assert found.alone(count=20).status_code == 303
        before = len(found.person.arrived())
        assert found.alone(count=20).status_code == 403
        assert (
            "semble avoir été copiée"
            in found.person.mail.wait_for(found.person.address, before + 1)[-1].get_content()
        )
        assert found.alone(count=21).status_code == 403, "nobody knows whose is the right one"
        browser = found.person.enter()
        assert "semble avoir été copiée" in browser.get(OWN).text

    def test_a_wrong_signature_makes_no_passkey_look_copied(self, at_door: Door) -> None:
        found = holder(at_door)
        assert found.alone(count=9).status_code == 303
        assert found.alone(count=1, signature=bytes(70)).status_code == 403
        assert found.alone(count=10).status_code == 303

    def test_an_authenticator_that_counts_nothing_goes_on(self, at_door: Door, zoe: Holder) -> None:
        found, browser = zoe, zoe.person.browser()
        assert found.alone(browser).status_code == 303
        silent = Authenticator(at_door.coffre.url)
        assert add(browser, silent, count=0).status_code == 303
        quiet = Holder(found.person, silent)
        assert [quiet.alone(count=0).status_code for _ in range(2)] == [303, 303]

    def test_a_passkey_is_of_one_account(self, at_door: Door, zoe: Holder, thief: Holder) -> None:
        browser = thief.person.browser()
        assert thief.alone(browser).status_code == 303
        stolen = Authenticator(at_door.coffre.url, credential=zoe.key.credential)
        answer = add(browser, stolen)
        assert answer.status_code == 409 and "déjà connue" in text_of(answer)
        assert zoe.alone().status_code == 303

    def test_a_row_that_is_moved_to_another_account_opens_nothing(
        self, at_door: Door, zoe: Holder, thief: Holder
    ) -> None:
        with at_door.coffre.system() as system, system.accounts.writing() as tx:
            names = Passkeys(AccountKeys(read_secret(system.places.accounts_key)))
            mine, theirs = (
                tx.get("passkey", passkey=names.name(each.key.credential)) for each in (thief, zoe)
            )
            assert mine is not None and theirs is not None
            tx.update("passkey", {"account_id": theirs["account_id"]}, passkey=mine["passkey"])
        try:
            assert thief.alone().status_code == 500
        finally:
            with at_door.coffre.system() as system, system.accounts.writing() as tx:
                tx.update("passkey", {"account_id": mine["account_id"]}, passkey=mine["passkey"])
        assert thief.alone().status_code == 303

    @pytest.mark.parametrize(
        "told", [{"origin": "https://c0ffre.example"}, {"party": "c0ffre.example"}, {"type": "webauthn.get"}]
    )
    def test_nothing_is_made_for_another_site(
        self, at_door: Door, zoe: Holder, told: dict[str, object]
    ) -> None:
        browser = zoe.person.browser()
        assert zoe.alone(browser).status_code == 303
        assert add(browser, Authenticator(at_door.coffre.url), **told).status_code == 403

    def test_a_making_is_bound_to_its_session(self, at_door: Door, zoe: Holder, thief: Holder) -> None:
        theirs, mine = thief.person.browser(), zoe.person.browser()
        assert thief.alone(theirs).status_code == zoe.alone(mine).status_code == 303
        planted = Authenticator(at_door.coffre.url).make(thief.options(theirs, OWN))
        answer = mine.send(mine.get(OWN).form(f"{OWN}/add"), answer=planted, label="Planted")
        assert answer.status_code == 403

    def test_no_forged_form_adds_one(self, at_door: Door, zoe: Holder) -> None:
        browser = zoe.person.browser()
        assert zoe.alone(browser).status_code == 303
        page = browser.get(OWN)
        fields = page.form(f"{OWN}/add").fields | {"label": "x", "csrf": ""}
        fields["answer"] = Authenticator(at_door.coffre.url).make(options_in(page))
        assert browser.post(f"{OWN}/add", fields).status_code == 403


class TestSecond:
    def test_it_stands_in_for_the_code_and_no_message_leaves(self, zoe: Holder) -> None:
        before, browser = len(zoe.person.arrived()), zoe.person.browser()
        assert zoe.person.knock(browser, next="/choix").status_code == 303
        answer = zoe.second(browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/choix")
        assert not any("code pour vous connecter" in text for text in zoe.person.arrived()[before:])

    def test_a_code_is_sent_to_who_asks_for_it(self, zoe: Holder) -> None:
        before, browser = len(zoe.person.arrived()), zoe.person.browser()
        assert zoe.person.knock(browser).status_code == 303
        page = browser.get("/sign-in/code")
        assert browser.send(page.form("/sign-in/code/send")).status_code == 303
        assert zoe.person.give(browser, zoe.person.code_after(before)).status_code == 303

    def test_one_that_asks_for_no_finger_serves_after_the_password_alone(self, at_door: Door) -> None:
        found = holder(at_door, verifies=False)
        assert found.alone().status_code == 403
        browser = found.person.browser()
        assert found.person.knock(browser).status_code == 303
        assert found.second(browser).status_code == 303

    def test_anothers_passkey_is_no_second_factor(self, at_door: Door, zoe: Holder, thief: Holder) -> None:
        browser = zoe.person.browser()
        assert zoe.person.knock(browser).status_code == 303
        answer = zoe.second(browser, thief.key)
        assert answer.status_code == 403 and "n'est pas acceptée" in text_of(answer)
        assert "coffre" not in browser.http.cookies

    def test_without_the_password_nobody_learns_who_has_one(self, at_door: Door, zoe: Holder) -> None:
        pages = []
        for identifier in (zoe.person.identifier, "AAAAA-AAAAA"):
            browser = zoe.person.browser()
            assert zoe.person.knock(browser, "pas le bon mot de passe", identifier).status_code == 403
            pages.append(browser.get("/sign-in/code").text)
        assert pages[0] == pages[1] and "Votre code" in pages[0]

    def test_it_needs_a_right_password_in_this_browser(self, zoe: Holder) -> None:
        knocked, other = zoe.person.browser(), zoe.person.browser()
        assert zoe.person.knock(knocked).status_code == 303
        options = zoe.options(knocked, "/sign-in/code")
        fields = other.get("/sign-in").form("/sign-in/passkey").fields
        answer = other.post("/sign-in/code/passkey", fields | {"answer": zoe.key.use(options)})
        assert answer.status_code == 403


def test_an_address_without_a_name_offers_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Browsers give no passkey there."""
    with door(tmp_path_factory.mktemp("unnamed")) as found:
        assert "data-passkey" not in Browser(found.coffre).get("/sign-in").html
        assert PASSWORD
