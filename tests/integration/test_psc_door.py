"""Professionals sign in by Pro Santé Connect through a Coffre that runs, as the persons they are by card."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from coffre.demonstration.doors.machines import environment_of
from coffre.demonstration.files.data import report_pdf
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.directory import DirectoryEntry, Exercise, Person, Structure
from sign_in.federation.begun import Begun
from tests import igc
from tests.integration.pages import Browser, Page
from tests.integration.support import DOCTOR, OTHER_PRACTICE, Coffre, Patient, serving
from tests.services.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider, userinfo

SUB = f"f:550dc1c8:{DOCTOR}"
BACK = "/sign-in/psc/retour"


MACHINES = "https://machines.coffre.example"


@dataclass(frozen=True)
class Door:
    coffre: Coffre
    psc: OidcProvider
    cards: igc.Authority
    certificates: Path
    collector: socket.socket

    def heard(self) -> set[str]:
        """The events that a collector of syslog has heard, up to a refusal at the provider's door."""
        found: set[str] = set()
        while "provider_refused" not in found:
            found.add(json.loads(self.collector.recv(8192).decode().partition("\ufeff")[2])["event"])
        return found

    def browser(self) -> Browser:
        return Browser(self.coffre)

    def left(self, browser: Browser, path: str = "/sign-in?next=/mes-consultations") -> str:
        """The provider's address, to which the button sends a browser."""
        answer = browser.http.get(browser.get(path).link("Se connecter avec Pro Santé Connect"))
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def signed_in(self, told: dict[str, Any] | None = None) -> Browser:
        """A browser in which the doctor has come in, in his first place."""
        self.psc.person(SUB, told or in_one_place())
        browser = self.browser()
        assert browser.http.get(self.returned(self.left(browser))).status_code == 303
        return browser

    def by_card(self) -> Browser:
        """The same person, by card, in another place."""
        browser = self.browser()
        asked = browser.http.get(browser.get("/sign-in").link("Se connecter avec ma carte CPS"))
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(self.certificates))) as proxy:
            shown = {"Client-Cert": igc.header_value(self.cards.card(number=DOCTOR).der).decode()}
            path = asked.headers["location"].removeprefix(MACHINES)
            back = proxy.get(f"http://proxy{path}", headers=shown).headers["location"]
        assert browser.http.get(back.removeprefix(self.coffre.url)).headers["location"] == "/"
        return browser

    def returned(self, address: str) -> str:
        """Where the provider sends the browser back to, of whoever sits before it."""
        return self.psc.browsed(address).removeprefix(self.coffre.url)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("psc")
    cards = igc.Authority(now=datetime.now(UTC))
    trusted = cards.publish(folder)
    initialise(load(data=folder / "data"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as collector, oidc_provider(folder) as psc:
        collector.bind(str(folder / "log"))
        collector.settimeout(20)
        settings = {
            "COFFRE_MACHINES_URL": MACHINES,
            "COFFRE_SYSLOG_URL": f"unix://{folder}/log",
            "COFFRE_CERTIFICATES_SOCKET": str(folder / "certificates.sock"),
            **environment_of(trusted),
            "COFFRE_PSC_ISSUER": psc.issuer,
            "COFFRE_PSC_CLIENT_ID": CLIENT,
            "COFFRE_PSC_CLIENT_SECRET": SECRET,
        }
        with serving(folder / "data", **settings) as coffre:
            place = Structure(OTHER_PRACTICE, "CABINET DU PORT", "")
            exercise = Exercise(DOCTOR, "10", "SM26", OTHER_PRACTICE, "SA07")
            with coffre.system() as system:
                system.index.put_directory(
                    [DirectoryEntry(Person(DOCTOR, "MARTIN", "Claire"), exercise, place)], at=1
                )
            psc.registers(f"{coffre.url}{BACK}")
            yield Door(coffre, psc, cards, folder / "certificates.sock", collector)


@pytest.fixture(autouse=True)
def doctor(door: Door) -> None:
    door.psc.person(SUB, userinfo())


def in_one_place() -> dict[str, Any]:
    told = userinfo()
    del told["SubjectRefPro"]["exercices"][0]["activities"][1]
    return told


@pytest.mark.requirement("R5")
def test_who_has_several_places_chooses_one_and_is_signed_in(door: Door) -> None:
    browser = door.browser()
    answer = browser.http.get(door.returned(door.left(browser)))
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/lieu")
    page = browser.get("/sign-in/lieu")
    assert (
        "Claire MARTIN" in page.text and "Médecin, CABINET DES LILAS, 76000 ROUEN (1750000002)" in page.text
    )
    chosen = browser.send(page.form("/sign-in/lieu"), lieu="0")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/mes-consultations")
    browser.get("/mes-consultations")
    assert browser.send(page.form("/sign-in/lieu"), lieu="1").status_code == 403, "chosen once"


def test_who_has_one_place_goes_on_to_where_he_was(door: Door) -> None:
    door.psc.person(SUB, in_one_place())
    browser = door.browser()
    back = door.returned(door.left(browser))
    answer = browser.http.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/mes-consultations")
    assert "coffre-psc" not in browser.http.cookies
    assert browser.http.get(back).status_code == 403, "an answer serves once"


@pytest.fixture
def patient(door: Door) -> Patient:
    """Somebody with a report, who has authorised the doctor."""
    coffre = door.coffre
    found = coffre.open_record()
    assert coffre.publish_pdf(coffre.depositor(), found.ins, report_pdf(found.ins)).status_code == 201
    found.authorise(DOCTOR)
    return found


@pytest.mark.requirement("R5")
def test_by_card_and_by_pro_sante_connect_one_is_one_person(door: Door, patient: Patient) -> None:
    """The same traces of one's own, and one block of the patient for both."""
    by_psc, by_card = door.signed_in(), door.by_card()
    record = f"/dossier/{patient.public_id}"
    by_psc.get(record)
    assert str(patient.public_id) in by_card.get("/mes-consultations").html
    patient.call("POST", "/blocks", json={"professional": DOCTOR})
    for browser in (by_psc, by_card):
        browser.get(record, 403)


@pytest.mark.requirement("R26")
def test_who_signed_in_long_ago_identifies_himself_again_before_he_breaks_the_glass(
    door: Door, patient: Patient
) -> None:
    patient.call("DELETE", f"/authorisations/{DOCTOR}")
    door.psc.person(SUB, in_one_place(), auth_time=int(time.time()) - 3600)
    browser = door.browser()
    assert browser.http.get(door.returned(door.left(browser))).status_code == 303
    record = f"/dossier/{patient.public_id}"
    form = browser.get(record, 403).form(record, purpose="bris_de_glace")
    answer = browser.send(form, reason="Patient inconscient")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in/encore?next={record}")
    door.psc.person(SUB, in_one_place())
    address = door.left(browser, answer.headers["location"])
    assert "prompt=login" in address and "max_age=0" in address
    back = browser.http.get(door.returned(address))
    assert (back.status_code, back.headers["location"]) == (303, record)
    form = browser.get(record, 403).form(record, purpose="bris_de_glace")
    assert "Patient inconscient" in browser.submit(form, reason="Patient inconscient").text


@pytest.mark.requirement("R26")
def test_a_provider_that_does_not_ask_again_does_not_help(door: Door) -> None:
    browser = door.browser()
    address = door.left(browser, "/sign-in/encore?next=/mes-consultations")
    door.psc.person(SUB, in_one_place(), auth_time=int(time.time()) - 3600)
    told = browser.http.get(door.returned(address))
    assert told.status_code == 403 and "vous identifier à nouveau" in Page(told.text).text


# attacks


def refused(browser: Browser, path: str, *, status: int = 403, said: str) -> None:
    """The page that says so, in words for people; nobody is signed in, and nothing is told of anybody."""
    answer = browser.http.get(path)
    text = Page(answer.text).text
    assert answer.status_code == status and said in text
    assert DOCTOR not in answer.text and "MARTIN" not in text
    browser.get("/mes-consultations", 403)


def test_anothers_answer_signs_nobody_in(door: Door) -> None:
    """Login CSRF: the attacker sends his own good answer to somebody's browser, or steals theirs."""
    mine, theirs = door.browser(), door.browser()
    back, other = door.returned(door.left(theirs)), door.returned(door.left(mine))
    refused(mine, back, said="aucune connexion commencée dans ce navigateur")
    code = parse_qs(urlsplit(back).query)["code"][0]
    own = parse_qs(urlsplit(other).query)["state"][0]
    injected = urlencode({"code": code, "state": own, "iss": door.psc.issuer})
    refused(mine, f"{BACK}?{injected}", said="ne peut pas être acceptée")
    assert "provider_refused" in door.heard()


def test_an_answer_in_the_name_of_another_provider_is_not_exchanged(door: Door) -> None:
    """Mix-up (RFC 9207)."""
    browser = door.browser()
    back = door.returned(door.left(browser))
    path, _, query = back.partition("?")
    told = {name: values[0] for name, values in parse_qs(query).items()} | {"iss": "https://evil.example"}
    refused(browser, f"{path}?{urlencode(told)}", said="autre service d'identité")


@pytest.mark.requirement("R5")
def test_another_level_and_another_register_are_told_and_enter_nowhere(door: Door) -> None:
    for person, said in (
        ({"acr": "eidas0", "userinfo": in_one_place()}, "moyen assez sûr"),
        ({"userinfo": {**in_one_place(), "SubjectNameID": "3750000001/42"}}, "professionnel du RPPS"),
        ({"userinfo": {**in_one_place(), "SubjectRefPro": {}}}, "aucun lieu"),
    ):
        browser = door.browser()
        address = door.left(browser)
        door.psc.tell("person", {"sub": SUB, **person})
        refused(browser, door.returned(address), said=said)


@pytest.mark.parametrize(
    "following",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "/sign-in/psc/aller"],
)
def test_nobody_is_led_to_another_site_or_round_in_circles(door: Door, following: str) -> None:
    door.psc.person(SUB, in_one_place())
    browser = door.browser()
    browser.get("/sign-in")
    address = browser.http.get("/sign-in/psc/aller", params={"next": following}).headers["location"]
    assert browser.http.get(door.returned(address)).headers["location"] == "/"


def test_a_cookie_of_another_making_leads_nowhere_else(door: Door) -> None:
    door.psc.person(SUB, in_one_place())
    browser = door.browser()
    back = door.returned(door.left(browser))
    begun = Begun.read(browser.http.cookies["coffre-psc"], int(time.time()))
    assert begun is not None
    browser.http.cookies.set("coffre-psc", replace(begun, following="https://evil.example").cookie())
    assert browser.http.get(back).status_code == 403


def test_a_provider_that_is_down_is_told_and_cards_go_on(door: Door) -> None:
    browser = door.browser()
    back = door.returned(door.left(browser))
    for path in ("/token", "/me", "/introspection"):
        with door.psc.answering(path, "<html>", 502):
            refused(browser, back, status=503, said="ne répond pas en ce moment")
        back = door.returned(door.left(browser))
    door.by_card().get("/mes-consultations")


def test_who_does_not_come_back_signed_in_is_told_without_the_providers_words(door: Door) -> None:
    browser = door.browser()
    state = parse_qs(urlsplit(door.left(browser)).query)["state"][0]
    told = {
        "error": "access_denied",
        "error_description": "<b>boo</b>",
        "state": state,
        "iss": door.psc.issuer,
    }
    refused(browser, f"{BACK}?{urlencode(told)}", said="ne vous a pas identifié")
    assert "boo" not in browser.http.get(f"{BACK}?{urlencode(told)}").text
