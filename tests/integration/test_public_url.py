"""Addresses in answers are of COFFRE_PUBLIC_URL, whatever Host a request names: a cache, a mail or a program
behind a proxy would follow another one to a stranger.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from coffre.installation.install import initialise
from coffre.settings import load
from tests import igc
from tests.integration.support import Coffre, Patient, bearer, document_reference, multipart, related, serving
from tests.unit.content.pdf_bytes import pdf

PUBLIC, MACHINES, STRANGER = "https://coffre.example", "https://machines.coffre.example", "stranger.example"
SAID = {
    "Host": STRANGER,
    "X-Forwarded-Host": STRANGER,
    "X-Forwarded-Proto": "http",
    "Forwarded": f"host={STRANGER}",
}
RETRIEVE_URL, BULK_DATA = "00081190", "BulkDataURI"


@pytest.fixture(scope="module")
def coffre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    folder = tmp_path_factory.mktemp("public")
    (folder / "authorities.pem").write_bytes(igc.Authority(now=datetime.now(UTC)).root.pem)
    initialise(load(data=folder / "data"))
    settings = {
        "COFFRE_PUBLIC_URL": PUBLIC,
        "COFFRE_MACHINES_URL": MACHINES,
        "COFFRE_CERTIFICATES_SOCKET": str(folder / "certificates.sock"),
        "COFFRE_CARD_AUTHORITIES": str(folder / "authorities.pem"),
    }
    with serving(folder / "data", **settings) as found:
        yield found


def found_in(value: object, name: str) -> list[object]:
    """Every value under this name, however deep it is."""
    if isinstance(value, list):
        return [each for item in value for each in found_in(item, name)]
    if not isinstance(value, Mapping):
        return []
    own = [value[name]] if name in value else []
    return own + [each for item in value.values() for each in found_in(item, name)]


class Asking:
    """Requests that name a stranger's host; no answer names it."""

    def __init__(self, coffre: Coffre) -> None:
        self._http = coffre.http

    def __call__(self, method: str, path: str, token: str = "", **more: object) -> httpx.Response:
        headers = {**SAID, **(bearer(token) if token else {}), **more.pop("headers", {})}  # type: ignore[dict-item]
        answer = self._http.request(method, path, headers=headers, **more)  # type: ignore[arg-type]
        assert answer.status_code < 400, answer.text
        assert STRANGER not in str(answer.headers) + answer.text
        return answer


def test_public_url_stands_in_answers(coffre: Coffre, tmp_path: Path) -> None:
    ask, patient, lab = Asking(coffre), coffre.open_record(), coffre.depositor()
    of_images(ask, patient, lab)
    of_documents(ask, patient, lab)
    of_signing_in(ask, coffre.data.parent / "certificates.sock")


def of_images(ask: Asking, patient: Patient, lab: str) -> None:
    """STOW-RS, QIDO-RS and WADO-RS: RetrieveURL and BulkDataURI."""
    place, sent = f"/records/{patient.ins}/dicomweb/studies", {"Content-Type": related()}
    stored = ask("POST", place, lab, content=multipart(patient.ct(1)), headers=sent).json()
    own = f"/records/{patient.public_id}/dicomweb/studies"
    rows = filled(lambda: _read(ask("GET", own, patient.token)))
    study = rows[0]["0020000D"]["Value"][0]
    metadata = ask("GET", f"{own}/{study}/metadata", patient.token).json()
    for told, name in ((rows, RETRIEVE_URL), (metadata, BULK_DATA)):
        addresses = _addresses(told, name)
        assert addresses and all(each.startswith(f"{PUBLIC}/") for each in addresses), (name, addresses)
    assert all(each.startswith(f"{PUBLIC}/") for each in _addresses(stored, RETRIEVE_URL))


def _addresses(told: object, name: str) -> list[str]:
    return [str(each["Value"][0] if isinstance(each, Mapping) else each) for each in found_in(told, name)]


def of_documents(ask: Asking, patient: Patient, lab: str) -> None:
    """FHIR: Location, links of a bundle, fullUrl, addresses of attachments, and where this server is."""
    sent = {"Content-Type": "application/fhir+json"}
    document = document_reference(patient.ins, pdf())
    made = ask("POST", "/fhir/DocumentReference", lab, json=document, headers=sent)
    assert made.headers["location"].startswith(f"{PUBLIC}/fhir/")
    path = f"/fhir/DocumentReference?patient=Patient/{patient.public_id}&status=current"
    bundle = filled(lambda: _bundle(ask("GET", path, patient.token)))
    assert all(link["url"].startswith(f"{PUBLIC}/fhir/") for link in bundle["link"])
    assert all(each["fullUrl"].startswith(f"{PUBLIC}/fhir/") for each in bundle["entry"])
    (url,) = found_in(bundle["entry"][0]["resource"]["content"], "url")
    assert str(url).startswith(f"{PUBLIC}/fhir/")
    assert ask("GET", "/fhir/metadata").json()["implementation"]["url"].startswith(PUBLIC)


def _read(answer: httpx.Response) -> Any:
    return answer.json() if answer.content else None


def _bundle(answer: httpx.Response) -> Any:
    bundle = answer.json()
    return bundle if bundle.get("entry") else None


def filled(read: Callable[[], Any]) -> Any:
    """What is read once there is something: a deposit is published within seconds."""
    until = time.monotonic() + 30
    while not (found := read()):
        assert time.monotonic() < until
        time.sleep(0.1)
    return found


def of_signing_in(ask: Asking, socket: Path) -> None:
    """To the name of machines and back, as settings name both; elsewhere to a path of the same origin."""
    first = ask("GET", "/sign-in")
    browser = {"Cookie": "; ".join(f"{name}={value}" for name, value in first.cookies.items())}
    leaves = ask("GET", "/sign-in/carte/aller", headers=browser, follow_redirects=False)
    assert leaves.headers["location"].startswith(f"{MACHINES}/sign-in/carte?")
    sessions = ask("GET", "/sign-in/sessions", follow_redirects=False)
    assert sessions.headers["location"].startswith("/sign-in?")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://proxy") as proxy:
        back = proxy.get("/sign-in/carte?state=x", headers=SAID)
    assert back.headers["location"].startswith(f"{PUBLIC}/sign-in/carte/retour?")
