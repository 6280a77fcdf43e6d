"""The commands of docs/deploy.md and of a day's work, typed in their order as the books have them.

Postgres and a store of S3 are real, the root is a file under a passphrase, and each process starts with what
its unit hands it: `settings/`, `roles/` and `secrets/` as these commands left them.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from coffre.deploying.processes import OWNERS_DOORS, PROCESSES
from coffre.deploying.site import ROLES_WRITE
from coffre.installation.database_roles import RIGHTS
from storage.objects.credentials import Credentials
from storage.objects.opening import open_locked_notes, prepare_objects
from tests.integration.running import process
from tests.integration.support import new_ins
from tests.integration.test_deploy_book import ELSEWHERE, PAGE, with_more
from tests.integration.typing_book import Shell, filled, lines
from tests.services.fixtures_postgres import Databases, NewDatabase
from tests.services.mail import Mail, mail_server
from tests.services.processes import free_port
from tests.services.service import S3Service, certificate

NOT_TYPED = {
    "terraform output": "needs a site that was applied: tests/terraform pipes what it puts out",
    "python3 -m venv /opt/coffre-": "installs for the whole machine: test_wheel.py installs the wheel",
    "/opt/coffre-": "as above",
    "ln -sf": "as above",
    "cp site/s": "needs systemd: test_units.py has it judge what lies there",
    "cp site/t": "as above",
    "systemd-tmpfiles": "needs systemd: the folders are made here",
    "systemctl": "needs systemd: each process is started here with what its unit hands it",
    "coffre send": "needs nginx at a name of DNS: test_send_laboratory.py deposits like this",
    "curl": "needs nginx at a name of DNS: test_certificate_token.py asks like this",
}
CONTAINERS = "### With containers"
"""Needs podman and root, and is walked by tests/container, which is long."""


@dataclass(frozen=True)
class Machine:
    """The folders that the page names, below one of a test's own; `words` is what takes their place, and that
    of what the page leaves to its reader.
    """

    folder: Path
    words: Mapping[str, str]

    def place(self, path: str) -> Path:
        return self.folder / filled(path, self.words)

    def write(self, path: str, text: str) -> None:
        self.place(path).parent.mkdir(parents=True, exist_ok=True)
        self.place(path).write_text(text)
        self.place(path).chmod(0o600)

    def handed(self, name: str) -> dict[str, str]:
        """What the unit of a process hands it."""
        told = self.place(f"/etc/coffre/settings/{name}.env").read_text("utf-8").splitlines()
        credentials = self.folder / "credentials" / name
        credentials.mkdir(parents=True)
        for kind in ("roles", "secrets"):
            shutil.copy(self.place(f"/etc/coffre/{kind}/{name}.env"), credentials / f"{kind}.env")
        settings = {key: value.strip("'") for key, _, value in (line.partition("=") for line in told)}
        return {**settings, "CREDENTIALS_DIRECTORY": str(credentials)}

    @contextmanager
    def started(self) -> Iterator[None]:
        """Every process, in the order of the table."""
        with ExitStack() as stack:
            for name, part in PROCESSES.items():
                port = ["--port", str(free_port())] if part.port else []
                data = ["--data", str(self.place("/var/lib/coffre"))]
                stack.enter_context(process(*part.arguments, *port, *data, env=self.handed(name)))
            yield

    def described(self, store: S3Service, mail: Mail) -> dict[str, Any]:
        """The page's site at a store of S3, at engines and for the one user of a test."""
        site, number = with_more(ELSEWHERE), uuid4().hex
        mine = [door for part in PROCESSES.values() for door in part.doors]
        site["settings"]["all"] |= {
            "COFFRE_OBJECTS_URL": store.url("s3", f"objects-{number}"),
            "COFFRE_OBJECTS_PUBLIC_URL": "https://coffre.example",
            "COFFRE_NOTICES_URL": mail.url,
        }
        site["settings"]["vault"] |= {
            "COFFRE_VAULT_ROOT": f"file:{self.folder}/root",
            "COFFRE_SECOND_PLACE_URL": store.url("s3", f"checkpoints-{number}"),
            "COFFRE_VAULT_PEERS": ",".join(f"{door}={os.geteuid()}" for door in {*mine, *OWNERS_DOORS}),
        }
        site["secrets"]["vault"] = ["COFFRE_VAULT_PASSPHRASE"]
        for told in site["settings"].values():
            if "COFFRE_OPERATOR_ADDRESS" in told:
                told["COFFRE_OPERATOR_ADDRESS"] = f"127.0.0.1:{free_port()}"
        return site


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Mail]:
    with mail_server(tmp_path / "mail") as server:
        yield server


@pytest.fixture
def machine(
    tmp_path: Path,
    postgres: Databases,
    postgres_database: NewDatabase,
    seaweedfs_server: S3Service,
    mail: Mail,
) -> Machine:
    """Before section 2: engines run, and what a person writes by hand is written."""
    for role in {role for rights in RIGHTS.values() for role in rights.grants}:
        postgres.execute(f"DROP ROLE IF EXISTS {role}")
    words = {each: f"{tmp_path}{each}" for each in ("/etc/coffre", "/var/lib/coffre", "/run/coffre-vault")}
    words |= {"INS": new_ins(), "ADDRESS": "zoe@example.fr", "NAMES": "ZOE", "NAME": "EXEMPLE"}
    made = Machine(tmp_path, {**words, "FOLDER": "backup", "OTHER": "vault-backup"})
    site = made.described(seaweedfs_server, mail)
    access, secret = seaweedfs_server.access_key, seaweedfs_server.secret_key
    prepare_objects(
        site["settings"]["all"]["COFFRE_OBJECTS_URL"],
        origins=(),
        create=True,
        versions=True,
        credentials=Credentials(access, secret),
    )
    open_locked_notes(
        site["settings"]["vault"]["COFFRE_SECOND_PLACE_URL"], credentials=Credentials(access, secret)
    ).prepare(create=True)
    keys = {"COFFRE_S3_ACCESS_KEY_ID": access, "COFFRE_S3_SECRET_ACCESS_KEY": secret}
    root = {"COFFRE_VAULT_PASSPHRASE": "cheval correct pile agrafe"}
    made.write("site.toml", filled(json.dumps(site), words))
    made.write(
        "secrets.json", json.dumps({name: keys | (root if name == "vault" else {}) for name in PROCESSES})
    )
    (owner,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    given = {**keys, **{name: postgres_database() for name in ROLES_WRITE}}
    assert {line.partition("=")[0] for line in owner.splitlines()} == {*given, "COFFRE_VAULT_TOKEN"}
    told = "".join(f"{name}='{value}'\n" for name, value in (given | root).items())
    made.write("/etc/coffre/secrets/owner.env", told)
    made.place("/run/coffre-vault").parent.mkdir()
    made.place("/etc/coffre/tls").mkdir()
    for ours, theirs in zip(
        certificate(tmp_path, "coffre.example", days=90), ("certificate.pem", "key.pem"), strict=True
    ):
        Path(ours).rename(made.place(f"/etc/coffre/tls/{theirs}"))
    return made


def of_the_page() -> list[str]:
    """What is typed, without the section about containers."""
    text = PAGE.read_text("utf-8")
    before, _, containers = text.partition(CONTAINERS)
    assert containers
    return [*lines(before), *lines("## 5." + containers.partition("\n## 5.")[2])]


def reason(line: str) -> str | None:
    return next((why for begun, why in NOT_TYPED.items() if line.startswith(begun)), None)


def test_what_is_not_typed_is_on_the_page() -> None:
    typed = of_the_page()
    assert [begun for begun in NOT_TYPED if not any(line.startswith(begun) for line in typed)] == []


def test_the_page_is_walked_from_nothing_to_a_record_and_its_backup(machine: Machine) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with ExitStack() as stack:
        shell = stack.enter_context(Shell(machine.folder, {"PATH": path, "HOME": str(machine.folder)}))
        for line in of_the_page():
            if line.startswith("systemctl enable --now coffre.target"):
                stack.enter_context(machine.started())
            if reason(line) is None:
                done = shell.type(filled(line, machine.words))
                assert done.code == 0, f"{line}\n{done.told}"
