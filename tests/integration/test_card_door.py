"""Professionals sign in by card, and structures get credentials to deposit, through a Coffre that runs.

The tests stand where the proxy does: at the socket on which certificates are believed. What nginx hands over
there, and what it takes away, is tested in test_proxy.py.
"""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from coffre.demonstration.doors.machines import environment_of
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.directory import DirectoryEntry, Exercise, Person, Structure
from records.text.base64url import unb64
from sign_in.certificates.client_cert import thumbprint
from sign_in.certificates.holders import CardType
from tests import igc
from tests.integration.page_visits import open_record
from tests.integration.pages import Browser, Page
from tests.integration.support import Coffre, serving
from tests.integration.test_sign_in import eventually

MACHINES = "https://machines.coffre.example"
STAFF = "3750000001/0042"
CLAIRE = Person(igc.DOCTOR, "MARTIN", "Claire")
CABINET = Structure(igc.CABINET, "CABINET DES LILAS", "ROUEN")
HOSPITAL = Structure(igc.HOSPITAL, "HOPITAL", "")
ALONE = Person("899700024451", "DURAND", "Paul")
REGULATOR = Person("899700024452", "PETIT", "Anne")
CENTRE = Structure("1750000008", "SAMU 75", "PARIS")


@dataclass(frozen=True)
class Door:
    coffre: Coffre
    authority: igc.Authority
    folder: Path
    socket: Path
    collector: socket.socket

    def seen(self, *events: str) -> list[dict[str, str]]:
        """What a collector of syslog hears, up to the last of these."""
        found: list[dict[str, str]] = []
        while [each["event"] for each in found[-len(events) :]] != list(events):
            found.append(json.loads(self.collector.recv(8192).decode().partition("\ufeff")[2]))
        return found

    def proxy(self) -> httpx.Client:
        """As the proxy reaches the socket."""
        return httpx.Client(transport=httpx.HTTPTransport(uds=str(self.socket)), base_url="http://proxy")

    def shown(self, address: str, card: igc.Issued | None) -> httpx.Response:
        """What comes back for a card shown at an address of the name of machines."""
        headers = {} if card is None else {"Client-Cert": igc.header_value(card.der).decode()}
        path = address.removeprefix(MACHINES)
        with self.proxy() as proxy:
            return proxy.get(path, headers=headers)

    def token(self, holder: igc.Issued, **form: str) -> httpx.Response:
        with self.proxy() as proxy:
            headers = {"Client-Cert": igc.header_value(holder.der).decode(), "X-Forwarded-For": "192.0.2.7"}
            return proxy.post("/token", data={"grant_type": "client_credentials", **form}, headers=headers)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("card")
    authority = igc.Authority(now=datetime.now(UTC))
    trusted = authority.publish(folder)
    initialise(load(data=folder / "data"))
    collector = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    collector.bind(str(folder / "log"))
    collector.settimeout(10)
    (folder / "settings.toml").write_text(f'SAMU_SMUR = ["{CENTRE.number}"]\n')
    settings = {
        "COFFRE_SYSLOG_URL": f"unix://{folder}/log",
        "COFFRE_MACHINES_URL": MACHINES,
        "COFFRE_CERTIFICATES_SOCKET": str(folder / "certificates.sock"),
        "COFFRE_PRACTICE_SETTINGS": str(folder / "settings.toml"),
        **environment_of(trusted),
    }
    with collector, serving(folder / "data", **settings) as coffre:
        entries = [
            DirectoryEntry(person, Exercise(person.number, "10", "SM26", place.number, "SA07"), place)
            for person, place in (
                (CLAIRE, CABINET),
                (CLAIRE, HOSPITAL),
                (ALONE, CABINET),
                (REGULATOR, CENTRE),
            )
        ]
        with coffre.system() as system:
            system.index.put_directory(entries, at=1)
        yield Door(coffre, authority, trusted["revocation_lists"], folder / "certificates.sock", collector)


def left(browser: Browser) -> str:
    """The address of the name of machines, to which a browser is sent."""
    page = browser.get("/sign-in?next=/mes-consultations")
    answer = browser.http.get(page.link("Se connecter avec ma carte CPS"))
    assert answer.status_code == 303
    return answer.headers["location"]


def returned(door: Door, address: str, card: igc.Issued | None) -> str:
    """Where the browser is sent back to."""
    answer = door.shown(address, card)
    assert answer.status_code == 303 and answer.headers["location"].startswith(door.coffre.url)
    return answer.headers["location"].removeprefix(door.coffre.url)


@pytest.mark.requirement("R5")
def test_a_professional_with_one_place_is_signed_in_by_card(door: Door) -> None:
    browser = Browser(door.coffre)
    back = returned(door, left(browser), door.authority.card(number=ALONE.number))
    answer = browser.http.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/mes-consultations")
    assert "Paul DURAND, RPPS 899700024451, CABINET DES LILAS, ROUEN" in browser.get("/").text
    shown = browser.get("/sign-in/sessions")
    assert "Nouveau" in shown.text and "ne vous est pas signalé" in shown.text, "nobody knows an address"
    eventually(lambda: browser.get(shown.link("Toutes mes connexions")).text, "Connexion")


@pytest.mark.requirement("R5")
def test_who_has_several_places_chooses_one(door: Door) -> None:
    browser = Browser(door.coffre)
    answer = browser.http.get(returned(door, left(browser), door.authority.card()))
    assert answer.headers["location"] == "/sign-in/lieu"
    page = browser.get("/sign-in/lieu")
    assert "CLAIRE MARTIN" in page.text and "Médecin, CABINET DES LILAS, ROUEN (1750000002)" in page.text
    chosen = browser.send(page.form("/sign-in/lieu"), lieu="1")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/mes-consultations")
    assert "CABINET DES LILAS, ROUEN" in browser.get("/").text
    assert browser.send(page.form("/sign-in/lieu"), lieu="0").status_code == 403, "chosen once"


@pytest.mark.requirement("R27")
def test_a_regulator_opens_a_record_in_the_mode_of_her_centre_and_no_other_doctor_is_offered_it(
    door: Door,
) -> None:
    """No card says that a place is a regulation centre: the site's own table does."""
    patient = door.coffre.open_record()
    regulator, doctor = Browser(door.coffre), Browser(door.coffre)
    for browser, person in ((regulator, REGULATOR), (doctor, ALONE)):
        browser.http.get(returned(door, left(browser), door.authority.card(number=person.number)))
    refused = open_record(regulator, patient.ins, 403)
    assert "Régulation du SAMU." in regulator.submit(refused.form("/dossier", purpose="centre_15")).text
    assert "centre 15" not in open_record(doctor, patient.ins, 403).text


def test_a_card_shown_for_another_browser_signs_nobody_in_there(door: Door) -> None:
    """Login CSRF and its reverse: neither the attacker's card here, nor this card at the attacker's."""
    mine, theirs = Browser(door.coffre), Browser(door.coffre)
    left(mine)
    back = returned(door, left(theirs), door.authority.card(number=ALONE.number))
    assert mine.http.get(back).status_code == 403
    mine.get("/choix", 403)
    stateless = parse_qs(urlsplit(back).query)
    assert theirs.http.get(f"/sign-in/carte/retour?state={stateless['state'][0]}").status_code == 403


def test_a_way_back_serves_once(door: Door) -> None:
    browser = Browser(door.coffre)
    back = returned(door, left(browser), door.authority.card(number=ALONE.number))
    assert browser.http.get(back).status_code == 303
    assert browser.http.get(back).status_code == 403


@pytest.mark.requirement("R5", "R7")
def test_a_card_that_may_not_read_is_told_why(door: Door) -> None:
    revoked = door.authority.card(number=ALONE.number)
    delta = door.authority.revocation_list([revoked], number=2, base=1)
    (door.folder / "delta.crl").write_bytes(delta.public_bytes(Encoding.DER))
    cards = {
        "Cette carte a été révoquée": revoked,
        "Cette carte dépose et ne lit pas": door.authority.card(CardType.CPE, STAFF),
        "ne vient pas d'une autorité acceptée": igc.Authority(now=datetime.now(UTC)).card(),
        "aucun lieu où vous exercez": door.authority.card(number="899700024459"),
        "Aucune carte n'a été présentée": None,
    }
    for said, card in cards.items():
        browser = Browser(door.coffre)
        answer = browser.http.get(returned(door, left(browser), card))
        assert answer.status_code == 403 and said in Page(answer.text).text
        browser.get("/choix", 403)


def test_certificates_are_believed_on_that_socket_alone(door: Door) -> None:
    headers = {"Client-Cert": igc.header_value(door.authority.card().der).decode()}
    assert httpx.get(f"{door.coffre.url}/sign-in/carte?state=x", headers=headers).status_code == 404
    assert httpx.post(f"{door.coffre.url}/token", headers=headers, data={}).status_code in (404, 405)


@pytest.mark.requirement("R7")
@pytest.mark.parametrize(("card", "subject"), [(None, "structure:1750000001"), (STAFF, f"psidnat:{STAFF}")])
def test_a_structure_or_its_staff_get_a_credential_to_deposit_bound_to_the_certificate(
    door: Door, card: str | None, subject: str
) -> None:
    holder = door.authority.organisation() if card is None else door.authority.card(CardType.CPE, card)
    answer = door.token(holder)
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["scope"]) == (200, "Bearer", "deposit")
    assert answer.headers["cache-control"] == "no-store"
    claims = json.loads(unb64(told["access_token"].split(".")[1]))
    assert (claims["role"], claims["structure"], claims["sub"]) == ("depositor", igc.HOSPITAL, subject)
    assert claims["cnf"] == {"x5t#S256": thumbprint(holder.certificate)}
    assert claims["exp"] - claims["iat"] == told["expires_in"]


def test_other_requests_for_a_credential_are_refused_as_oauth_has_it(door: Door) -> None:
    structure = door.authority.organisation()
    for form, status, error in (
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "read"}, 400, "invalid_scope"),
        ({"client_id": igc.CABINET}, 401, "invalid_client"),
    ):
        answer = door.token(structure, **form)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
    doctor = door.token(door.authority.card())
    assert (doctor.status_code, doctor.json()["code"]) == (401, "card_is_a_persons")


@pytest.mark.requirement("R54", "R56")
def test_whoever_watches_is_told_of_cards_and_certificates_and_the_log_as_well(door: Door) -> None:
    """One name for each event: in syslog, in the log, among the professional's own actions."""
    browser = Browser(door.coffre)
    browser.http.get(returned(door, left(browser), door.authority.card(number=ALONE.number)))
    by_card, device = door.seen("signed_in", "new_device")[-2:]
    assert by_card["who"] == device["who"] and ALONE.number not in str((by_card, device))
    assert door.token(door.authority.organisation()).status_code == 200
    assert door.seen("token_issued")[-1]["address"] == "192.0.2.7"
    assert door.token(igc.Authority(now=datetime.now(UTC)).organisation()).status_code == 401
    assert door.seen("certificate_refused")[-1]["address"] == "192.0.2.7"
    eventually(lambda: browser.get("/mes-consultations").text, "Connexion")
    counted = 'coffre_door_events_this_hour{event="token_issued"}'
    eventually(lambda: door.coffre.http.get("/metrics").text, counted)
