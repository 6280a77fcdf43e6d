"""A card reader for `coffre demo --serve`: a page on the loopback where one of the demo's cards is put in.

It stands where a site has its proxy, and hands the certificate of that card over on the sign-in's socket.
Anybody on this machine may put any of them in, as anybody may read the links and codes that a demo prints.
"""

import html
import multiprocessing
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from coffre.demonstration.doors.health_authority import HealthAuthority, Issued
from coffre.demonstration.doors.machines import AtTheSocket, settings_at_the_socket, socket_in
from coffre.demonstration.people.cast import CARDS
from records.vocabulary.professions import PROFESSIONS

HOST = "127.0.0.1"
ASKS, READS = "/sign-in/carte", "/carte/"
TITLE = "Lecteur de carte de la démonstration"
PAGE = """<!doctype html>
<html lang="fr">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title></head>
<body><main>
<h1>{title}</h1>
<p>Quelle carte insérez-vous ? <span lang="en">Which card do you put in?</span></p>
<ul>
{cards}
</ul>
</main></body>
</html>
"""
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class CardReader:
    """At `url`; `settings` are those of a Coffre that believes its cards, by field."""

    url: str
    settings: Mapping[str, str | Path]


@contextmanager
def running(host: str = HOST) -> Iterator[CardReader]:
    """In a process of its own until the end: what serves afterwards is forked from this one. `host`: the name
    by which browsers find it.
    """
    with tempfile.TemporaryDirectory(prefix="coffre-cards-") as made:
        authority, folder = HealthAuthority(), Path(made)
        cards = {name: card.issued(authority) for name, card in CARDS.items()}
        server = ThreadingHTTPServer((HOST, 0), partial(_Reading, cards, socket_in(folder)))
        url = f"http://{host}:{server.server_port}"
        process = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
        process.start()
        server.socket.close()
        try:
            yield CardReader(url, settings_at_the_socket(authority, folder, url))
        finally:
            process.terminate()
            process.join()


class _Reading(BaseHTTPRequestHandler):
    def __init__(
        self,
        cards: Mapping[str, Issued],
        door: Path,
        request: socket.socket,
        client: tuple[str, int],
        server: ThreadingHTTPServer,
    ) -> None:
        self._cards, self._door = cards, door
        super().__init__(request, client, server)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        state = parse_qs(asked.query).get("state", [""])[0]
        card = self._cards.get(asked.path.removeprefix(READS))
        if asked.path == ASKS:
            self._answer(200, _page(state).encode())
        elif asked.path.startswith(READS) and card is not None:
            self._hand_over(card, state)
        else:
            self._answer(404)

    def _hand_over(self, card: Issued, state: str) -> None:
        """The browser goes back to where the sign-in sends it."""
        door = AtTheSocket("http://signin", self._door)
        with httpx.Client(base_url=door.url, transport=door.showing(card), timeout=60) as proxy:
            try:
                answer = proxy.get(ASKS, params={"state": state})
            except httpx.HTTPError:  # it is being started again
                self._answer(502)
            else:
                self._answer(303, location=answer.headers["location"])

    def _answer(self, status: int, body: bytes = b"", location: str | None = None) -> None:
        self.send_response(status)
        told = {**HEADERS, "Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
        for name, value in {**told, **({"Location": location} if location else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: addresses have the state of a sign-in."""


def _page(state: str) -> str:
    query = urlencode({"state": state})
    links = "\n".join(
        f'<li><a href="{html.escape(f"{READS}{name}?{query}")}">{html.escape(label(name))}</a></li>'
        for name in CARDS
    )
    return PAGE.format(title=TITLE, cards=links)


def label(name: str) -> str:
    """What stands on a card: name, profession, number."""
    card = CARDS[name]
    family, given = card.names
    return f"{given.capitalize()} {family}, {PROFESSIONS[card.profession].display}, {card.number}"
