"""The commands of docs/deploy.md and of a day's work, typed in their order as the books have them.

Postgres and a store of S3 are real, the root is a file under a passphrase, and each process starts with what
its unit hands it: `settings/`, `roles/` and `secrets/` as these commands left them.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from coffre.deploying import environment_file
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

OPERATE = PAGE.with_name("operate.md")
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
NOT_TYPED_DAILY = {
    "coffre vault replay": "needs a vault that is frozen: test_backup.py restores one, and plays",
    "coffre vault accept-gap": "as above",
    "coffre restore": "as above",
    "coffre vault rotate-": "two people ask: test_rotation_commands.py",
    "coffre roles": "processes start anew with what it writes: test_roles_command.py",
    "coffre signin": "keys of the sign-in change: test_production_sign_in.py",
    "coffre issuers add": "as above",
    "coffre identity withdraw": "somebody has a card: test_withdraw_credential.py",
    "coffre audit traces": "somebody has read: test_traces.py",
    "coffre check": "typed above",
    "systemctl": "needs systemd",
    "compose": "needs podman and root: tests/container",
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
        settings = environment_file.read(self.place(f"/etc/coffre/settings/{name}.env").read_text("utf-8"))
        credentials = self.folder / "credentials" / name
        credentials.mkdir(parents=True)
        for kind in ("roles", "secrets"):
            shutil.copy(self.place(f"/etc/coffre/{kind}/{name}.env"), credentials / f"{kind}.env")
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
    made = Machine(
        tmp_path, {**words, "FOLDER": "backup", "OTHER": "vault-backup", "/srv/letters": "letters"}
    )
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


def of_a_day() -> list[str]:
    return [*lines(OPERATE.read_text("utf-8"))]


def is_typed(line: str, reasons: Iterable[str]) -> bool:
    return not line.startswith((*reasons,))


@pytest.mark.parametrize(("book", "reasons"), [(of_the_page, NOT_TYPED), (of_a_day, NOT_TYPED_DAILY)])
def test_what_is_not_typed_is_in_the_book(book: Callable[[], list[str]], reasons: dict[str, str]) -> None:
    assert [each for each in reasons if all(is_typed(line, [each]) for line in book())] == []


def test_the_books_are_walked_from_nothing_to_a_record_and_through_a_day(machine: Machine) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with ExitStack() as stack:
        shell = stack.enter_context(Shell(machine.folder, {"PATH": path, "HOME": str(machine.folder)}))
        for line in of_the_page():
            if line.startswith("systemctl enable --now coffre.target"):
                stack.enter_context(machine.started())
            if is_typed(line, NOT_TYPED):
                done = shell.type(filled(line, machine.words))
                assert done.code == 0, f"{line}\n{done.told}"
        for line in filter(lambda line: is_typed(line, NOT_TYPED_DAILY), of_a_day()):
            done = shell.type(filled(line, machine.words))
            wrong = re.findall(r"^WRONG +(\w+)", done.told, re.M)
            assert wrong == (["issuer_new"] if line == "coffre doctor" else []), done.told
            assert done.code == len(wrong), f"{line}\n{done.told}"
