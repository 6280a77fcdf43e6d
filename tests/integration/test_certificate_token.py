"""From a certificate to a deposit, through Debian's nginx as `coffre proxy render` configures it (RFC 8705).

The structure's software shows its certificate, gets a credential that is bound to it, and deposits with both.
"""

import json
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
from typer.testing import CliRunner

from coffre.commands.send import send_command
from coffre.demonstration.doors.machines import environment_of
from coffre.installation.install import initialise
from coffre.proxy.routing import Process
from coffre.settings import load
from sign_in.certificates.holders import CardType
from tests import igc
from tests.integration.page_visits import PDF
from tests.integration.support import (
    HOSPITAL,
    Coffre,
    Patient,
    bearer,
    document_reference,
    multipart,
    related,
    serving,
)
from tests.services.machines import made, workers_user
from tests.services.processes import free_port

SEND = typer.Typer()
SEND.command()(send_command)
INSURER = "1750000005"
PEOPLE, MACHINES = "coffre.example", "machines.coffre.example"


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
    folder, health = tmp_path_factory.mktemp("site"), igc.Authority(now=datetime.now(UTC))
    initialise(load(data=folder / "data"))
    (folder / "settings.toml").write_text(f'AMO = ["{INSURER}"]\n')
    port = free_port()
    with ExitStack() as stack:
        # nginx's workers are another user, who gets to no folder of pytest's
        way = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        way.chmod(0o755)
        handed = way / "certificates.sock"
        settings = {
            **health.publish(folder),
            "public_url": f"https://{PEOPLE}",
            "machines_url": f"https://{MACHINES}",
            "certificates_socket": handed,
            "proxy_user": str(workers_user()),
            "certificate_proxies": "127.0.0.1",
            "practice_settings": folder / "settings.toml",
        }
        coffre = stack.enter_context(serving(folder / "data", **environment_of(settings)))
        processes = {each: coffre.url.removeprefix("http://") for each in Process}
        nginx = made(folder / "nginx", folder, port, handed, processes, people=PEOPLE, name=MACHINES)
        stack.enter_context(nginx)
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


@pytest.mark.requirement("R44")
def test_the_insurer_s_feed_comes_by_its_own_certificate_and_a_hospital_s_feeds_no_reimbursements(
    site: Site,
) -> None:
    patient = site.coffre.open_record()
    sent = document_reference(patient.ins, PDF, type_code="REMB", title="Remboursements")
    for structure, status in ((INSURER, 201), (HOSPITAL, 422)):
        with site.shown(site.health.organisation(structure), structure) as client:
            headers = bearer(site.token(client))
            assert site.sent(client, "/fhir/DocumentReference", headers, json=sent).status_code == status
    assert [each["type"] for each in patient.documents()] == ["REMB"]


@pytest.mark.requirement("R4", "R29")
def test_an_adviser_of_the_insurer_opens_an_account_by_card_and_reads_nothing(site: Site) -> None:
    """Neither the insurer's system nor a hospital's staff opens one."""
    patient = site.coffre.open_record()
    asked = {"ins": patient.ins, "contact": f"{patient.ins}@example.fr", "identity_checked": True}

    def by(holder: igc.Issued, name: str) -> httpx.Response:
        with site.shown(holder, name) as client:
            return site.sent(client, "/accounts", bearer(site.token(client)), json=asked)

    staff = {each: site.health.card(CardType.CPE, f"3{each[1:]}/0042") for each in (INSURER, HOSPITAL)}
    for holder, name in ((site.health.organisation(INSURER), "system"), (staff[HOSPITAL], "hospital")):
        answer = by(holder, name)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_entitled")
    opened = by(staff[INSURER], "adviser")
    assert opened.status_code == 201 and opened.json()["identifier"], opened.text
    with site.shown(staff[INSURER], "adviser") as client:
        reading = {**bearer(site.token(client)), "Host": MACHINES}
        path = f"/records/{patient.ins}/documents"
        assert client.get(path, headers=reading, extensions={"sni_hostname": MACHINES}).status_code == 403


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
                str(site.folder / "nginx" / "tls.crt"),
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
