"""From a certificate to a deposit, through Debian's nginx as `coffre proxy render` configures it (RFC 8705).

The structure's software shows its certificate, gets a credential that is bound to it, and deposits with both.
"""

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import typer
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from coffre.commands.send import send_command
from coffre.installation.install import initialise
from coffre.proxy.nginx import DEBIAN_MODULES, Proxied, rendered
from coffre.proxy.routing import Process
from coffre.settings import load
from tests import igc
from tests.integration.support import Coffre, Patient, bearer, multipart, related, serving
from tests.services.processes import debian, free_port, install
from tests.services.server import Server
from tests.services.service import certificate, listens

SEND = typer.Typer()
SEND.command()(send_command)
PEOPLE, MACHINES = "coffre.example", "machines.coffre.example"
NOBODY = 65_534
"""As whom the workers of an nginx run that root has started, where its configuration names nobody."""


@dataclass(frozen=True)
class Site:
    """A running Coffre behind a running nginx, and whose certificates are accepted."""

    port: int
    coffre: Coffre
    health: igc.Authority
    folder: Path

    def shown(self, issued: igc.Issued | None, name: str = "own") -> httpx.Client:
        """A client that shows this certificate at the name of machines, or none at all."""
        files = None if issued is None else tuple(map(str, issued.written(self.folder, name)))
        return httpx.Client(base_url=f"https://127.0.0.1:{self.port}", verify=False, cert=files, timeout=60)  # type: ignore[arg-type]  # noqa: S501

    def token(self, client: httpx.Client) -> str:
        answer = self.sent(client, "/token", data={"grant_type": "client_credentials"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def deposited(self, client: httpx.Client, token: str, patient: Patient, **more: str) -> httpx.Response:
        headers = {**bearer(token), "Content-Type": related(), **more}
        content = multipart(patient.ct(1))
        return self.sent(client, f"/records/{patient.ins}/dicomweb/studies", headers, content=content)

    def sent(
        self, client: httpx.Client, path: str, headers: dict[str, str] | None = None, **body: object
    ) -> httpx.Response:
        named = {"Host": MACHINES, **(headers or {})}
        sni = {"sni_hostname": MACHINES}
        return client.post(path, headers=named, extensions=sni, **body)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    program = debian("nginx", "nginx-light")
    if not Path(DEBIAN_MODULES, "ngx_http_js_module.so").exists():
        install("nginx's module for JavaScript", "libnginx-mod-http-js")
    health = igc.Authority(now=datetime.now(UTC))
    (folder / "authorities.pem").write_bytes(health.root.pem + health.issuing.pem)
    lists = folder / "lists"
    lists.mkdir()
    for name, issuer in (("leaves", None), ("authorities", health.root)):
        made = health.revocation_list(issuer=issuer)
        (lists / f"{name}.crl").write_bytes(made.public_bytes(Encoding.DER))
    own, key = certificate(folder, PEOPLE, MACHINES)
    initialise(load(data=folder / "data"))
    port, user = free_port(), NOBODY if os.getuid() == 0 else os.getuid()
    with ExitStack() as stack:
        # nginx's workers are another user, who gets to no folder of pytest's
        way = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        way.chmod(0o755)
        settings = {
            "COFFRE_PUBLIC_URL": f"https://{PEOPLE}",
            "COFFRE_MACHINES_URL": f"https://{MACHINES}",
            "COFFRE_CERTIFICATES_SOCKET": str(way / "certificates.sock"),
            "COFFRE_PROXY_USER": str(user),
            "COFFRE_CERTIFICATE_PROXIES": "127.0.0.1",
            "COFFRE_ORGANISATION_AUTHORITIES": str(folder / "authorities.pem"),
            "COFFRE_CARD_AUTHORITIES": str(folder / "authorities.pem"),
            "COFFRE_REVOCATION_LISTS": str(lists),
        }
        coffre = stack.enter_context(serving(folder / "data", **settings))
        processes = {each: coffre.url.removeprefix("http://") for each in Process}
        processes[Process.CERTIFICATES] = f"unix:{way}/certificates.sock"
        files = rendered(
            Proxied(
                people=PEOPLE,
                machines=MACHINES,
                processes=processes,
                certificate=own,
                key=key,
                authorities=folder / "authorities.pem",
                listen=f"127.0.0.1:{port}",
            ),
            folder,
            foreground=True,
        )
        for name, content in files.items():
            (folder / name).write_text(content)
        command = [program, "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "error.log"]
        stack.enter_context(Server("nginx", command, folder / "nginx.log", lambda: listens(port)))
        yield Site(port, coffre, health, folder)


@pytest.mark.requirement("R7")
def test_an_organisation_s_certificate_deposits_and_its_credential_serves_nobody_else(site: Site) -> None:
    patient, organisation = site.coffre.open_record(), site.health.organisation()
    with site.shown(organisation) as own:
        token = site.token(own)
        stored = site.deposited(own, token, patient)
        assert stored.status_code in (200, 202), stored.text
    other = site.health.organisation()
    smuggled = igc.header_value(organisation.der).decode()
    with site.shown(other, "other") as another:
        taken = site.deposited(another, token, patient)
        assert (taken.status_code, taken.json()["code"]) == (401, "certificate_required"), taken.text
        said = site.deposited(another, token, patient, **{"Client-Cert": smuggled})
        assert (said.status_code, said.json()["code"]) == (401, "certificate_required")
        spelled = site.deposited(another, token, patient, Client_Cert=smuggled)
        assert (spelled.status_code, spelled.json()["code"]) == (401, "certificate_required")
    with site.shown(None) as nobody:
        refused = site.deposited(nobody, token, patient, **{"Client-Cert": smuggled})
        assert (refused.status_code, refused.json()["code"]) == (403, "certificate_missing")


def test_on_the_name_of_people_a_smuggled_certificate_is_nobody_s(site: Site) -> None:
    patient, organisation = site.coffre.open_record(), site.health.organisation()
    with site.shown(organisation) as own:
        token = site.token(own)
    headers = {**bearer(token), "Content-Type": related(), "Host": PEOPLE}
    headers["Client-Cert"] = igc.header_value(organisation.der).decode()
    with site.shown(None) as client:
        answer = client.post(
            f"/records/{patient.ins}/dicomweb/studies",
            headers=headers,
            content=multipart(patient.ct(1)),
            extensions={"sni_hostname": PEOPLE},
        )
    assert (answer.status_code, answer.json()["code"]) == (401, "certificate_required"), answer.text


@pytest.fixture
def named_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of machines is this machine's, as a resolver would say."""
    asked = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: asked("127.0.0.1" if host == MACHINES else host, *a, **k)
    )


def sent_by_command(site: Site, patient: Patient, issued: igc.Issued, name: str) -> tuple[int, str]:
    shown, key = issued.written(site.folder, name)
    folder = site.folder / f"{name}-images"
    folder.mkdir()
    for number, image in enumerate(patient.ct(2)):
        (folder / f"{number}.dcm").write_bytes(image)
    told = CliRunner().invoke(
        SEND,
        [
            *(str(folder), "--record", patient.ins, "--to", f"https://{MACHINES}:{site.port}", "--json"),
            *(
                "--certificate",
                str(shown),
                "--certificate-key",
                str(key),
                "--ca",
                str(site.folder / "tls.crt"),
            ),
            *("--journal", str(site.folder / f"{name}.log")),
        ],
    )
    return told.exit_code, told.output


@pytest.mark.usefixtures("named_here")
def test_the_sender_fetches_its_token_with_the_certificate(site: Site) -> None:
    patient = site.coffre.open_record()
    status, told = sent_by_command(site, patient, site.health.organisation(), "sender")
    assert status == 0, told
    assert [one["outcome"] for one in json.loads(told)["files"]] == ["published", "published"]


@pytest.mark.usefixtures("named_here")
def test_the_sender_says_why_its_certificate_is_refused_and_sends_nothing(site: Site) -> None:
    stranger = igc.Authority(now=datetime.now(UTC)).organisation()
    status, told = sent_by_command(site, site.coffre.open_record(), stranger, "stranger")
    assert status == 1
    assert told.startswith("certificate_"), told
