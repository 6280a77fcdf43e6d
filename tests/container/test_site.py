"""A site in containers, from its description to a deposit that is read back, as docs/deploy.md says."""

import hashlib
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from coffre.commands.fetch import fetch_command
from coffre.commands.send import send_command
from coffre.demonstration.files.data import PATIENT, ct_study, report_pdf
from coffre.deploying.compose import ASKS, FRONT, OUTSIDE, networks_of
from coffre.deploying.engines import ENGINES
from coffre.deploying.processes import PROCESSES, PROXY, number_of
from keyvault.credentials.authority import Authority
from keyvault.credentials.proving import ProofKey
from records.people.identity import INS, INS_NIR
from records.vocabulary.codes import Environment, Role
from tests import igc
from tests.integration.support import new_ins
from tests.integration.test_deploy_book import IN_CONTAINERS, with_more
from tests.integration.test_production import operators_in
from tests.services import compose
from tests.services.compose import SERVED, Composed
from tests.services.service import certificate

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
PEOPLE, MACHINES, PATIENTS = "coffre.example", "machines.coffre.example", "https://patients.example"
NAMES = (FRONT, PROXY, *PROCESSES, *ENGINES)
KEYS = "/var/lib"
"""Where the owner's container has the folder keys/."""
FILES = {
    "certificate.pem": "tls.crt",
    "key.pem": "tls.key",
    "authorities.pem": "authorities.pem",
    "lists": "lists",
}
"""What the page calls files of the machine, and what they are here."""


def described(folder: Path) -> str:
    """The page's own description, with files of this folder, and without what is on other machines."""
    site = with_more(IN_CONTAINERS)
    del site["settings"]["all"]["COFFRE_NOTICES_URL"]
    del site["settings"]["vault"]["COFFRE_SECOND_PLACE_URL"]
    text = json.dumps(site).replace("/etc/coffre/tls/", "/etc/coffre/")
    for named, here in FILES.items():
        text = text.replace(f"/etc/coffre/{named}", f"{folder}/{here}")
    return text


@dataclass
class Place:
    """The running site, the folder of those who use it, and whose certificates it accepts."""

    composed: Composed
    folder: Path
    health: igc.Authority

    def commanded(self, command: object, *words: object) -> str:
        """What a command of a client says, which meets the site under its names."""
        app = typer.Typer()
        app.command()(command)  # type: ignore[type-var]
        told = CliRunner().invoke(app, [*map(str, words)])
        assert told.exit_code == 0, told.output
        return told.stdout

    def both(self) -> list[object]:
        """Tokens of two operators, as options."""
        for name in ("alice", "bob"):
            token = ("--key", f"{KEYS}/{name}.key", "--out", f"{KEYS}/{name}.token")
            self.composed.owner("issuers", "token", name, *token)
        return ["--operator", f"{KEYS}/alice.token", "--second-operator", f"{KEYS}/bob.token"]


@pytest.fixture(scope="module")
def place(images: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    assert os.geteuid() == 0, "whose files are whose, and networks, root alone sets"
    folder = tmp_path_factory.mktemp("site")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)  # the processes' users read the authorities in it
    health = _authorities(folder)
    for file in certificate(folder, PEOPLE, MACHINES):
        os.chown(file, number_of(PROXY), number_of(PROXY))
    named = operators_in(folder, "alice", "bob")["COFFRE_OPERATORS"]
    operators = {name: Path(file) for name, _, file in (each.partition("=") for each in named.split(","))}
    with compose.running(folder, described(folder), operators) as composed:
        for name in operators:
            (composed.srv / f"keys/{name}.key").write_bytes((folder / f"{name}.key").read_bytes())
        yield Place(composed, folder, health)
        composed.compose("down", "-v", "-t", "30")
        assert compose.left(composed) == {}
    assert images


def _authorities(folder: Path) -> igc.Authority:
    """A health authority and its lists."""
    health = igc.Authority("IGC-SANTE", now=datetime.now(UTC))
    (folder / "authorities.pem").write_bytes(health.root.pem + health.issuing.pem)
    (folder / "lists").mkdir()
    for name, issuer in (("leaves", None), ("authorities", health.root)):
        made = health.revocation_list(issuer=issuer)
        (folder / "lists" / f"{name}.crl").write_bytes(made.public_bytes(Encoding.DER))
    return health


@pytest.fixture
def named_here(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's names are this machine's, and 443 is the port that the front has here."""
    asked, port = socket.getaddrinfo, place.composed.port

    def answered(host: str, service: object, *more: object, **options: object) -> object:
        if host in (PEOPLE, MACHINES):
            return asked("127.0.0.1", port, *more, **options)  # type: ignore[arg-type]
        return asked(host, service, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answered)
    monkeypatch.setenv("SSL_CERT_FILE", str(place.folder / "tls.crt"))


@dataclass
class Reader:
    """A patient with an identity service of her own, and the files that identify her."""

    ins: str
    token: Path
    key: Path


def reader_of(place: Place, authority: Authority, ins: str) -> Reader:
    key = Ed25519PrivateKey.generate()
    token = authority.issue(
        role=Role.PATIENT,
        subject="patient",
        audience="coffre/production",
        now=int(time.time()),
        key=ProofKey(key.private_bytes_raw()).thumbprint,
        ins=INS(ins, INS_NIR),
    )
    found = Reader(ins, place.folder / "patient.token", place.folder / "patient.key")
    found.token.write_text(token)
    found.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for file in (found.token, found.key):
        file.chmod(0o600)
    return found


@pytest.mark.usefixtures("named_here")
def test_a_structure_deposits_with_its_certificate_and_the_patient_reads_it_back(place: Place) -> None:
    ins, owner = new_ins(), place.composed.owner
    patients = Authority(secrets.token_bytes(32), environment=Environment.PRODUCTION, issuer=PATIENTS)
    (place.composed.srv / "keys/patients.hex").write_text(patients.public.hex())
    owner("signin", "key", "--out", f"{KEYS}/sign-in.pub")
    until = ("--until", "2099-12-31", "--yes", *place.both())
    owner("issuers", "add", "coffre-sign-in", "--key", f"{KEYS}/sign-in.pub", "--role", "depositor", *until)
    owner("issuers", "add", PATIENTS, "--key", f"{KEYS}/patients.hex", "--role", "patient", *until)
    named = ("--family-name", PATIENT.family_name, "--given-name", PATIENT.given_name, "--sex", PATIENT.sex)
    told = ("--birth-date", PATIENT.birth_date, "--consent", "written", "--operator", f"{KEYS}/alice.token")
    owner("record", "open", ins, *named, *told)

    sent = deposited(place, ins)
    assert {each["outcome"] for each in sent["files"]} == {"published"}, sent
    assert read_back(place, reader_of(place, patients, ins)) == {each["sha256"] for each in sent["files"]}
    assert len(sent["files"]) == 4
    assert_confined(place)


def deposited(place: Place, ins: str) -> dict[str, list[dict[str, str]]]:
    """Three images and a report, with the certificate of a structure."""
    folder = place.folder / "deposit"
    folder.mkdir()
    for name, image in ct_study(ins, INS_NIR, slices=3, size=64):
        (folder / name).write_bytes(image)
    (folder / "report.pdf").write_bytes(report_pdf(ins))
    shown, key = place.health.organisation().written(place.folder, "laboratory")
    where = ("--record", ins, "--oid", INS_NIR, "--to", f"https://{MACHINES}", "--json")
    who = ("--certificate", shown, "--certificate-key", key, "--ca", place.folder / "tls.crt")
    told = place.commanded(send_command, folder, *where, *who, "--journal", place.folder / "journal")
    return dict(json.loads(told))


def read_back(place: Place, reader: Reader) -> set[str]:
    """Digests of what the patient gets, decrypted here."""
    out = place.folder / "fetched"
    who = ("--token-file", reader.token, "--key-file", reader.key, "--known-keys", place.folder / "known")
    where = ("--record", reader.ins, "--oid", INS_NIR, "--from", f"https://{PEOPLE}", "--out", out)
    place.commanded(fetch_command, *where, *who)
    files = [each for each in out.rglob("*") if each.is_file() and each.name != "manifest.json"]
    return {hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def assert_confined(place: Place) -> None:
    """The worker's children, as the kernel sees them."""
    listed = place.composed.podman("top", place.composed.name("worker"), "hpid", "args").splitlines()[1:]
    children = [line.split()[0] for line in listed if "content.sandbox.child" in line]
    ours = Path("/proc/self/ns/net").readlink()
    of_worker = Path(f"/proc/{listed[0].split()[0]}/ns/net").readlink()
    assert len(children) >= 2, listed
    for child in children:
        assert Path(f"/proc/{child}/ns/net").readlink() not in (ours, of_worker)
        status = Path(f"/proc/{child}/status").read_text()
        assert "\nNoNewPrivs:\t1\n" in status and "\nSeccomp:\t2\n" in status
        assert "\nCapEff:\t0000000000000000\n" in status
    assert "in part only" not in place.composed.log("worker")


def test_where_namespaces_are_denied_a_worker_does_not_start(place: Place) -> None:
    """As the default of some engines denies them."""
    composed, profile = place.composed, place.folder / "seccomp.json"
    rule = {"names": ["unshare"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    worker = composed.inspected("worker")["Config"]
    told = [word for each in worker["Env"] if each.startswith("COFFRE_") for word in ("-e", each)]
    closed = ("--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
    kept = f"{composed.project}_data:/var/lib/coffre:ro"
    words = ("--user", worker["User"], "-v", kept, f"--security-opt=seccomp={profile}", *told)
    with pytest.raises(AssertionError, match=r"not_confined: .* network is not granted"):
        composed.podman("run", "--rm", *closed, *words, "localhost/coffre", "worker")


@pytest.mark.parametrize("service", NAMES)
def test_each_container_is_as_closed_as_its_description(place: Place, service: str) -> None:
    found = place.composed.inspected(service)
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"] and not host["Privileged"]
    assert not found["EffectiveCaps"] and not found["BoundingCaps"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert found["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert host["PidsLimit"] > 0 and host["Memory"] > 0
    published = {each["HostIp"] for ports in host["PortBindings"].values() for each in ports}
    assert published == ({"127.0.0.1"} if service == FRONT else set())


@pytest.mark.parametrize("service", NAMES)
def test_each_is_in_the_networks_of_what_it_asks(place: Place, service: str) -> None:
    composed = place.composed
    found = composed.inspected(service)
    joined = {
        name.removeprefix(f"{composed.project}_") for name in found["NetworkSettings"]["Networks"] or ()
    }
    if service == PROXY or (service in PROCESSES and PROCESSES[service].port):
        front = composed.inspected(FRONT)["Id"]
        assert found["HostConfig"]["NetworkMode"] == f"container:{front}"
    elif service in PROCESSES:
        assert joined == {*networks_of(service)}
    else:
        assert joined == ({service} if service in ENGINES else {"edge", *ASKS} - {"keys", "root"})


def test_networks_of_engines_lead_nowhere_else(place: Place) -> None:
    names = [f"{place.composed.project}_{name}" for name in (*ASKS, "edge", OUTSIDE)]
    found = json.loads(place.composed.podman("network", "inspect", *names))
    assert {each["name"].rpartition("_")[2] for each in found if each["internal"]} == {*ASKS}


def test_secrets_are_files_of_their_reader_and_stand_nowhere_else(place: Place) -> None:
    composed = place.composed
    files = [
        each for name in ("secrets", "roles") for each in (composed.srv / name).rglob("*") if each.is_file()
    ]
    assert len(files) > 20 and all(each.stat().st_mode & 0o077 == 0 for each in files)
    values = {line.partition("=")[2] or line for each in files for line in each.read_text().splitlines()}
    shown = json.dumps([composed.inspected(service) for service in NAMES])
    assert not [value for value in values if len(value) > 20 and value in shown]
    for service in NAMES:
        mounts = [
            each for each in composed.inspected(service)["Mounts"] if "/run/secrets" in each["Destination"]
        ]
        assert not [each for each in mounts if each["RW"]]
        user = int(composed.inspected(service)["Config"]["User"].split(":")[0])
        assert {Path(each["Source"]).stat().st_uid for each in mounts} <= {user}


def test_nginx_starts_again_and_takes_the_loopback_from_nobody(place: Place) -> None:
    place.composed.podman("restart", place.composed.name(PROXY))
    place.composed.wait_healthy(*SERVED)


def test_the_log_and_the_objects_are_whole(place: Place) -> None:
    place.composed.owner("audit", "verify")
    place.composed.owner("check", "--scrub")
