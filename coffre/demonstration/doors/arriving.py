"""The ways in of the demo's professionals and structures: by card, and by certificate."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx

from client.http_client import CoffreClient
from coffre.demonstration.doors.health_authority import Issued
from coffre.demonstration.doors.machines import Machines
from coffre.demonstration.expecting import expect
from coffre.demonstration.people.browser import Browser, Page

_PLACE = r'value="([0-9]+)"[^>]*> <label [^>]*>[^<]*\({}\)'
CARD = "Se connecter avec ma carte CPS"


def by_certificate(machines: Machines, certificate: Issued) -> tuple[CoffreClient, str]:
    """`POST /token` with a structure's certificate: a client that deposits with both, and its credential."""
    transport = machines.showing(certificate)
    with httpx.Client(base_url=machines.url, transport=machines.showing(certificate), timeout=60) as door:
        answer = door.post("/token", data={"grant_type": "client_credentials"})
    expect(answer.status_code == httpx.codes.OK, "A structure's certificate gets no credential.")
    token = str(answer.json()["access_token"])
    return CoffreClient(machines.url, token, transport=transport), token


def by_card(url: str, machines: Machines, card: Issued, place: str | None) -> Browser:
    """The browser of a professional whose card was read, acting in `place` where he has several."""
    browser = Browser(url)
    answer = browser.http.get(shown(browser, machines, card))
    if answer.headers.get("location") == "/sign-in/lieu":
        page = browser.get("/sign-in/lieu")
        expect(place is not None, "The demo's card has several places.")
        browser.submit(page.form("/sign-in/lieu"), lieu=_number(page, place or ""))
    else:
        expect(answer.status_code == httpx.codes.SEE_OTHER, "A card that must be accepted is not.")
    expect("/sign-out" in browser.get("/").html, "Whoever signed in is not.")
    return browser


def card_refused(url: str, machines: Machines, card: Issued) -> Page:
    """What a browser is told whose card opens nothing."""
    browser = Browser(url)
    return browser.get(shown(browser, machines, card), httpx.codes.FORBIDDEN)


def shown(browser: Browser, machines: Machines, card: Issued) -> str:
    """Where the browser is sent back to from the name of machines."""
    left = browser.http.get(browser.get("/sign-in").link(CARD)).headers["location"]
    with httpx.Client(base_url=machines.url, transport=machines.showing(card), timeout=60) as reader:
        back = reader.get(_path_of(left)).headers["location"]
    expect(bool(parse_qs(urlsplit(back).query).get("state")), "The door of cards leads nowhere.")
    return _path_of(back)


def _number(page: Page, structure: str) -> str:
    """Of this place in the list."""
    found = re.search(_PLACE.format(re.escape(structure)), page.html)
    expect(found is not None, "A place of the directory is not offered.")
    assert found is not None
    return found[1]


def _path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"
