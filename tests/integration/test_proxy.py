"""The nginx that `coffre proxy render` configures, as clients and attackers meet it. Debian's nginx runs."""

import json
import secrets
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coffre.cli import app
from coffre.proxy.nginx import DEBIAN_MODULES, HERE, SCRIPT, Proxied, read_processes, rendered
from coffre.proxy.routing import Process
from records.errors import Invalid
from sign_in.certificates.client_cert import client_certificate
from tests import igc
from tests.opener.node import program
from tests.services.echo import Echo, echo
from tests.services.processes import debian, free_port, install
from tests.services.server import Server
from tests.services.service import certificate, listens

PEOPLE, MACHINES = "coffre.example", "machines.coffre.example"
RECORD = "records/0190b1c2-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Site:
    """A running proxy, and the processes behind it."""

    port: int
    behind: Mapping[Process, Echo]
    card: tuple[Path, Path]
    stranger: tuple[Path, Path]
    issued: igc.Issued

    def connected(
        self, name: str, *, client: tuple[Path, Path] | None = None, most: ssl.TLSVersion | None = None
    ) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if most is not None:
            context.maximum_version = most
        if client is not None:
            context.load_cert_chain(*client)
        return context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), 20), server_hostname=name
        )

    def raw(self, name: str, request: bytes, client: tuple[Path, Path] | None = None) -> bytes:
        """Everything that is answered until the connection ends."""
        with self.connected(name, client=client) as link:
            link.sendall(request)
            return b"".join(iter(lambda: link.recv(65_536), b""))

    def ask(
        self,
        name: str,
        line: str,
        *headers: str,
        body: bytes = b"",
        client: tuple[Path, Path] | None = None,
    ) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and JSON of one request such as "GET /fhir"."""
        length = [f"Content-Length: {len(body)}"] if body else []
        head = [f"{line} HTTP/1.1", f"Host: {name}", "Connection: close", *length, *headers]
        answer = self.raw(name, "\r\n".join([*head, "", ""]).encode() + body, client)
        told, _, content = answer.partition(b"\r\n\r\n")
        status, *fields = told.decode().split("\r\n")
        named = {key.lower(): value for key, value in (field.split(": ", 1) for field in fields)}
        return int(status.split()[1]), named, json.loads(content) if content else None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("proxy")
    program = debian("nginx", "nginx-light")
    if not Path(DEBIAN_MODULES, "ngx_http_js_module.so").exists():
        install("nginx's module for JavaScript", "libnginx-mod-http-js")
    health = igc.Authority(now=datetime.now(UTC))
    issued = health.card()
    (folder / "authorities.pem").write_bytes(health.root.pem + health.issuing.pem)
    own, key = certificate(folder)
    port = free_port()
    with ExitStack() as stack:
        behind = {process: stack.enter_context(echo(process.value)) for process in Process}
        files = rendered(
            Proxied(
                people=PEOPLE,
                machines=MACHINES,
                processes={process: each.address for process, each in behind.items()},
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
        stranger = igc.Authority(now=datetime.now(UTC)).card()
        yield Site(port, behind, issued.written(folder, "card"), stranger.written(folder, "stranger"), issued)


def test_a_certificate_is_handed_over_as_rfc_9440_has_it(site: Site) -> None:
    status, _, told = site.ask(MACHINES, "GET /sign-in/carte", client=site.card)
    assert (status, told["process"]) == (200, "certificates")
    headers = [(name.encode(), value.encode()) for name, value in told["headers"]]
    assert client_certificate(headers) == site.issued.certificate


SPOOFED = [
    ("Client-Cert: :AAAA:",),
    ("client-cert: :AAAA:", "Client-Cert: :BBBB:"),
    ("CLIENT-CERT: :AAAA:",),
    ("Client_Cert: :AAAA:",),
    ("client_cert: :AAAA:",),
    ("Client-Cert-Chain: :AAAA:",),
    ("Client_Cert_Chain: :AAAA:",),
    ("X-Forwarded-For: 10.0.0.1", "X_Forwarded_For: 10.0.0.2", "Forwarded: for=10.0.0.3"),
    ("X-Real-IP: 10.0.0.1", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http"),
]


@pytest.mark.parametrize("spoofed", SPOOFED, ids=str)
@pytest.mark.parametrize("name", [PEOPLE, MACHINES])
def test_what_only_the_proxy_may_say_is_taken_away_from_clients(
    site: Site, name: str, spoofed: tuple[str, ...]
) -> None:
    client = site.card if name == MACHINES else None
    status, _, told = site.ask(name, "GET /fhir/metadata", *spoofed, client=client)
    assert status == 200
    said = {key.lower().replace("_", "-"): value for key, value in told["headers"]}
    own = igc.header_value(site.issued.der).decode()
    assert said.get("client-cert") == (own if name == MACHINES else None)
    assert (said["x-forwarded-for"], said["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert not {"client-cert-chain", "forwarded", "x-real-ip", "x-forwarded-host"} & said.keys()
    names = [key.lower() for key, _ in told["headers"]]
    assert len(names) == len({*names}) and not any("_" in each for each in names)


@pytest.mark.parametrize(
    "head",
    [
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5",
        "Content-Length: 5\r\nTransfer-Encoding:\x0bchunked",
        "Client-Cert : :AAAA:",
        "X: a\r\n Client-Cert: :AAAA:",
    ],
    ids=repr,
)
def test_a_head_that_two_servers_could_read_differently_leads_to_one_request_or_none(
    site: Site, head: str
) -> None:
    """What follows the head is no second request behind the proxy, and no certificate."""
    before = {process: len(each.requests) for process, each in site.behind.items()}
    smuggled = "0\r\n\r\nGET /token HTTP/1.1\r\nHost: a\r\nClient-Cert: :AAAA:\r\n\r\n"
    request = f"POST /grants HTTP/1.1\r\nHost: {PEOPLE}\r\nConnection: close\r\n{head}\r\n\r\n{smuggled}"
    site.raw(PEOPLE, request.encode("latin-1"))
    arrived = [each for process, echoed in site.behind.items() for each in echoed.requests[before[process] :]]
    assert len(arrived) <= 1
    for each in arrived:
        names = {key.lower().replace("_", "-").strip() for key, _ in each["headers"]}
        assert "client-cert" not in names and each["path"] == "/grants"


@pytest.mark.parametrize(
    ("line", "process"),
    [
        ("POST /dicomweb/studies", "intake"),
        (f"POST /{RECORD}/dicomweb/studies", "intake"),
        ("POST /fhir/DocumentReference", "intake"),
        ("PUT /fhir/AllergyIntolerance/1", "intake"),
        ("GET /submissions/1", "reader"),
        ("POST /profil", "intake"),
        (f"GET /{RECORD}/dicomweb/studies", "reader"),
        (f"GET /{RECORD}/dicomweb/studies/1.2/instances", "reader"),
        (f"GET /{RECORD}/dicomweb/studies/1.2/series/1.3/instances/1.4", "gateway"),
        ("GET /fhir/Binary/1", "gateway"),
        ("GET /fhir/DocumentReference?status=current", "reader"),
        ("POST /grants", "reader"),
        ("GET /opener/index.js", "reader"),
        ("GET /me/access-log", "reader"),
        ("POST /accounts", "signin"),
        ("GET /", "gateway"),
        ("GET /consultations", "gateway"),
        ("GET /sign-in/code", "signin"),
    ],
)
def test_each_request_goes_to_the_process_that_may_answer_it(site: Site, line: str, process: str) -> None:
    status, _, told = site.ask(PEOPLE, line)
    assert (status, told["process"], f"{told['method']} {told['path']}") == (200, process, line)


@pytest.mark.parametrize(
    "line",
    ["GET /metrics", "GET /openapi.json", "GET /metrics/", "GET //openapi.json//", "GET /%6Detrics%2F"],
)
def test_what_is_for_operators_is_not_answered(site: Site, line: str) -> None:
    assert site.ask(PEOPLE, line)[0] == 404


@pytest.mark.parametrize("line", ["GET /", "GET /sign-in/code", "POST /profil", "GET /choix", "GET /metrics"])
def test_pages_are_not_on_the_name_of_machines(site: Site, line: str) -> None:
    status, headers, told = site.ask(MACHINES, line, client=site.card)
    assert (status, told["code"]) == (404, "no_such_address")
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("line", ["POST /token", "GET /sign-in/carte"])
def test_nobody_reaches_the_door_of_certificates_by_the_name_of_people(site: Site, line: str) -> None:
    before = len(site.behind[Process.CERTIFICATES].requests)
    site.ask(PEOPLE, line, "Client-Cert: :AAAA:")
    assert len(site.behind[Process.CERTIFICATES].requests) == before


@pytest.mark.parametrize("path", ["/token", "/fhir/metadata"])
def test_a_connection_made_for_one_name_asks_nothing_of_the_other(site: Site, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: {MACHINES}\r\nConnection: close\r\n\r\n"
    before = sum(len(each.requests) for each in site.behind.values())
    answer = site.raw(PEOPLE, head.encode())
    assert answer.startswith(b"HTTP/1.1 421") and b'"other_name"' in answer
    assert sum(len(each.requests) for each in site.behind.values()) == before


@pytest.mark.parametrize("whose", ["nobody", "stranger"])
def test_the_name_of_machines_wants_a_certificate_of_a_configured_authority(site: Site, whose: str) -> None:
    client = site.stranger if whose == "stranger" else None
    status, headers, told = site.ask(MACHINES, "POST /token", client=client)
    expected = "certificate_untrusted" if client else "certificate_missing"
    assert (status, told["code"], told["status"]) == (403, expected, 403)
    assert headers["content-type"] == "application/problem+json"


def test_nothing_older_than_tls_1_3_is_spoken(site: Site) -> None:
    with pytest.raises(ssl.SSLError):
        site.connected(PEOPLE, most=ssl.TLSVersion.TLSv1_2)
    with site.connected(PEOPLE) as link:
        assert link.version() == "TLSv1.3"


def test_another_name_is_not_answered(site: Site) -> None:
    with pytest.raises(ssl.SSLError):
        site.connected("other.example")


def test_a_plain_request_is_told_to_be_encrypted(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), 20) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: link.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400") and b'"not_encrypted"' in answer


def test_an_upload_is_passed_on_as_it_comes(site: Site) -> None:
    """The process behind has the beginning of a body before the client has sent its end."""
    echoed = site.behind[Process.INTAKE]
    echoed.begun.clear()
    half, size = b"a" * 200_000, 400_000
    head = f"POST /dicomweb/studies HTTP/1.1\r\nHost: {PEOPLE}\r\nConnection: close\r\nContent-Length: {size}"
    with site.connected(PEOPLE) as link:
        link.sendall(f"{head}\r\n\r\n".encode() + half)
        assert echoed.begun.wait(10)
        link.sendall(half)
        answer = b"".join(iter(lambda: link.recv(65_536), b""))
    assert b'"body": 400000' in answer


@pytest.mark.parametrize(
    ("line", "size", "status"),
    [
        ("POST /sign-in/code", 300_000, 413),
        ("POST /grants", 33 << 20, 413),
        ("POST /dicomweb/studies", 33 << 20, 200),
    ],
)
def test_bodies_are_bounded_by_what_the_address_takes(site: Site, line: str, size: int, status: int) -> None:
    head = f"{line} HTTP/1.1\r\nHost: {PEOPLE}\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    with site.connected(PEOPLE) as link:
        link.sendall(head.encode())
        sender = threading.Thread(target=_send, args=(link, size), daemon=True)
        if status == 200:
            sender.start()
        # nginx waits for the rest of a body that it refused: its answer is there before the end
        answer = b""
        while (b'"too_large"' if status == 413 else b'"body"') not in answer:
            answer += link.recv(65_536)
        if status == 200:
            sender.join(20)
    assert answer.startswith(f"HTTP/1.1 {status}".encode())
    assert status == 200 or b'"too_large"' in answer


def _send(link: ssl.SSLSocket, size: int) -> None:
    link.sendall(bytes(size))


def test_ranges_and_security_headers_pass(site: Site) -> None:
    _, headers, told = site.ask(PEOPLE, "GET /objects/1", "Range: bytes=0-9")
    assert ["Range", "bytes=0-9"] in told["headers"]
    assert headers["strict-transport-security"].startswith("max-age=63072000")
    assert headers["server"] == "nginx"  # its name, and no version


def test_guessing_at_a_door_is_slowed_down(site: Site) -> None:
    again = f"GET /sign-in/x HTTP/1.1\r\nHost: {PEOPLE}\r\n"
    last = f"{again}Connection: close\r\n\r\n"
    answers = site.raw(PEOPLE, f"{again}\r\n".encode() * 150 + last.encode())
    assert answers.startswith(b"HTTP/1.1 200") and b"HTTP/1.1 429" in answers
    status, headers, told = site.ask(PEOPLE, "GET /sign-in/x")
    if status == 429:
        assert (told["code"], headers["content-type"]) == ("too_many_calls", "application/problem+json")
    assert site.ask(PEOPLE, "GET /")[0] == 200


def test_another_credential_for_each_request_meets_the_limit_of_the_address(tmp_path: Path) -> None:
    """Of `Authorization` and of `Cookie` alike; a hospital's whole shift passes, which comes before."""
    nginx, port, (own, key) = debian("nginx", "nginx-light"), free_port(), certificate(tmp_path)
    away = f"127.0.0.1:{free_port()}"  # nginx itself answers, faster than any process
    processes = {process: away for process in Process if process is not Process.CERTIFICATES}
    place = f"127.0.0.1:{port}"
    files = rendered(
        Proxied(
            people=PEOPLE,
            machines=None,
            processes=processes,
            certificate=own,
            key=key,
            authorities=None,
            listen=place,
        ),
        tmp_path,
        foreground=True,
    )
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    command = [nginx, "-c", tmp_path / "nginx.conf", "-p", tmp_path, "-e", tmp_path / "error.log"]
    with Server("nginx", command, tmp_path / "nginx.log", lambda: listens(port)):
        proxy = Site(port, {}, (own, key), (own, key), None)  # type: ignore[arg-type]
        answers = b""
        for name in ("Authorization", "Cookie") * 15:
            answers += _flood(proxy, name, 900)
            if b"HTTP/1.1 429" in answers:
                break
    first = answers.index(b"HTTP/1.1 429")
    assert answers[:first].count(b"HTTP/1.1 502") >= 2000, "so many at once come from one address"


def _flood(proxy: Site, header: str, count: int) -> bytes:
    """What `count` requests of one connection are answered, each with another credential."""
    requests = [
        f"GET /fhir HTTP/1.1\r\nHost: {PEOPLE}\r\n{header}: {secrets.token_hex(8)}\r\n" for _ in range(count)
    ]
    with proxy.connected(PEOPLE) as link:
        whole = "\r\n".join([*requests, "Connection: close\r\n\r\n"]).encode()
        sender = threading.Thread(target=link.sendall, args=(whole,), daemon=True)
        sender.start()
        answers = b"".join(iter(lambda: link.recv(65_536), b""))
        sender.join(20)
    return answers


NETWORKS = {
    "192.0.2.7": "192.0.2.7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2",
    "2001:db8:1:2::9": "2001:db8:1:2",
    "2001:db8::9": "2001:db8:0:0",
    "::1": "0:0:0:0",
    "fe80::": "fe80:0:0:0",
}


def test_an_address_of_ipv6_is_counted_by_its_network(tmp_path: Path) -> None:
    (tmp_path / "proxy.mjs").write_text((HERE / SCRIPT).read_text())
    script = f"""
        import coffre from "./proxy.mjs";
        const asked = {json.dumps([*NETWORKS])};
        const network = (address) => coffre.network({{variables: {{remote_addr: address}}}});
        console.log(JSON.stringify(asked.map(network)));
    """
    command = [program(), "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [*NETWORKS.values()]


def test_a_process_that_is_away_is_a_problem_with_a_code(site: Site) -> None:
    gone = site.behind[Process.READER]
    gone.shutdown()
    gone.server_close()
    status, headers, told = site.ask(PEOPLE, "GET /grants")
    assert (status, told["code"]) == (502, "process_away")
    assert (headers["content-type"], headers["cache-control"]) == ("application/problem+json", "no-store")


@pytest.mark.parametrize(
    ("text", "named"),
    [("intake=a:1", "gateway"), ("intake=a:1,reader=b:2,gateway=c:3,printer=d:4", "signin"), ("intake=", "")],
)
def test_processes_that_are_missing_or_unknown_are_told(text: str, named: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_processes(text)
    assert refused.value.code == "bad_setting" and named in refused.value.sentence


@pytest.mark.parametrize("name", ["a b", "a;include /etc/passwd", "a}", "a$uri", "a'"])
def test_a_value_that_nginx_would_read_as_more_is_refused(name: str) -> None:
    site = Proxied(
        people=name, machines=None, processes={}, certificate=Path("/c"), key=Path("/k"), authorities=None
    )
    with pytest.raises(Invalid):
        rendered(site, Path("/f"))


def test_the_command_writes_both_files_or_says_which_settings_it_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CliRunner().invoke
    told = run(app, ["proxy", "render", "--out", str(tmp_path / "nginx")])
    assert told.exit_code == 2 and "COFFRE_PUBLIC_URL, COFFRE_PROXY_CERTIFICATE" in told.output
    for name, value in {
        "PUBLIC_URL": f"https://{PEOPLE}",
        "PROXY_CERTIFICATE": "/etc/coffre/tls.pem",
        "PROXY_KEY": "/etc/coffre/tls.key",
        "PROXY_PROCESSES": "127.0.0.1:8080",
    }.items():
        monkeypatch.setenv(f"COFFRE_{name}", value)
    assert run(app, ["proxy", "render", "--out", str(tmp_path / "nginx")]).exit_code == 0
    written = (tmp_path / "nginx" / "nginx.conf").read_text()
    assert f"server_name {PEOPLE};" in written and "ssl_verify_client" not in written
    assert (tmp_path / "nginx" / "client_cert.js").exists()
