"""A rolling restart: programs of the previous version and of this one at work on the same databases."""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

from coffre.demonstration.files import data as demo
from coffre.demonstration.server import DemoServer
from coffre.installation.database_roles import RIGHTS
from records.vocabulary.shapes import SHAPES
from tests.architecture.test_shapes import order
from tests.integration.running import process
from tests.integration.support import LABORATORY, Coffre, bearer
from tests.services import warm
from tests.services.earlier import Earlier, lacking, previous
from tests.services.fixtures_postgres import NewDatabase
from tests.services.processes import free_port

INS, PERSON = demo.PATIENT_INS, demo.PATIENT
STUDIES = f"/records/{INS}/dicomweb/studies"
PACK = 1  # docs/formats.md section 1
PARTS: Mapping[str, tuple[str, ...]] = {
    "vault": ("vault", "serve"),
    "housekeeper": ("housekeeper",),
    "worker": ("worker",),
    "intake": ("serve", "--only", "intake"),
    "reader": ("serve", "--only", "reader"),
    "gateway": ("serve", "--only", "gateway"),
}
"""In the order of docs/upgrade.md: the vault first, since a new caller may ask for what an old one lacks."""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    commit = previous()
    if reason := lacking(commit):
        pytest.fail(reason)
    return Earlier(commit, tmp_path_factory.mktemp("earlier"))


@dataclass
class Site:
    """An installation, and its processes of either version by name: "reader" or "earlier reader"."""

    folder: Path
    env: dict[str, str]
    earlier: Earlier
    running: dict[str, ExitStack] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    deposited: list[bytes] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def coffre(self, *words: object) -> str:
        done = warm.run(*words, "--data", self.data, env={**os.environ, **self.env})
        assert done.returncode == 0, (words[:2], done.stderr)
        return done.stdout

    def earlier_coffre(self, *words: object) -> str:
        return self.earlier.run("-m", "coffre.cli", *words, "--data", self.data, env=self.env)

    def start(self, part: str, *, earlier: bool = False) -> None:
        name = f"earlier {part}" if earlier else part
        words, port = [*PARTS[part], "--data", str(self.data)], free_port()
        if part in ("intake", "reader", "gateway"):
            words += ["--port", str(port)]
            self.ports[name] = port
        self.running[name] = ExitStack()
        self.running[name].enter_context(
            self.earlier.process(*words, env=self.env, log=self.folder / f"{name}.log")
            if earlier
            else process(*words, env=self.env)
        )

    def stop(self, name: str) -> None:
        self.ports.pop(name, None)
        self.running.pop(name).close()

    def doors(self, part: str) -> list[Coffre]:
        """What answers HTTP of this kind, of either version."""
        return [
            Coffre(self.data, DemoServer(self.data, port))
            for name, port in self.ports.items()
            if name.endswith(part)
        ]

    @cached_property
    def laboratory(self) -> str:
        return self._token("depositor", "--structure", LABORATORY)

    @cached_property
    def patient(self) -> str:
        return self._token("patient", "--ins", INS)

    def _token(self, *who: str) -> str:
        told = self.coffre("identity", "issue", *who, "--out", self.folder / "identities", "--json")
        return str(json.loads(told)["token"])


@contextmanager
def site(folder: Path, earlier: Earlier, env: Mapping[str, str]) -> Iterator[Site]:
    """Installed by the previous version, with a record."""
    made = Site(folder, {"COFFRE_VAULT_URL": f"unix://{folder}/doors", **env}, earlier)
    made.earlier_coffre("init")
    names = ("--family-name", PERSON.family_name, "--given-name", PERSON.given_name, "--sex", PERSON.sex)
    born = ("--birth-date", PERSON.birth_date, "--consent", "spoken")
    with ExitStack() as stack:
        stack.callback(lambda: [each.close() for each in reversed(made.running.values())])
        made.start("vault", earlier=True)
        made.earlier_coffre("record", "open", INS, *names, *born)
        yield made


@pytest.mark.long
def test_a_rolling_restart_loses_nothing_and_refuses_nobody(
    earlier: Earlier, postgres_database: NewDatabase, tmp_path: Path
) -> None:
    """Each process is replaced while the others work on; whatever either version deposits both read."""
    places = ("COFFRE_INDEX_URL", "COFFRE_VAULT_STORE_URL", "COFFRE_DAY_KEYS_URL", "COFFRE_ACCOUNTS_URL")
    with site(tmp_path, earlier, {name: postgres_database() for name in places}) as made:
        for part in [*PARTS][1:]:
            made.start(part, earlier=True)
        work(made)
        made.coffre("migrate")
        made.stop("earlier reader")
        made.start("reader", earlier=True)  # one that fell over starts on the new tables, too
        work(made)
        for part in PARTS:
            if part == "vault":  # one alone has the sockets: callers wait for a second
                made.stop("earlier vault")
            made.start(part)
            work(made)
            if part != "vault":
                made.stop(f"earlier {part}")
        work(made)
        for part in ("worker", "intake", "reader", "gateway"):
            made.stop(part)
        made.coffre("audit", "verify")
        made.coffre("check", "--scrub")


def work(made: Site) -> None:
    """A report and an image through each intake, by whichever worker takes them; through each reader all that
    was ever deposited is found and opened, through each gateway the newest image is described.
    """
    for intake in made.doors("intake"):
        seed = len(made.deposited)
        [(_, image)] = demo.ct_study(INS, demo.OID, slices=1, size=16, seed=seed)
        report = demo.report_pdf(accession=f"RX26-{seed:06d}")
        answers = (
            intake.publish_pdf(made.laboratory, INS, report),
            intake.stow(made.laboratory, [image], INS),
        )
        assert [each.status_code for each in answers] == [201, 200], [each.text for each in answers]
        made.deposited += [report, image]
    for reader in made.doors("reader"):
        assert sorted(opened(reader, made.patient)) == sorted(made.deposited)
        studies = reader.http.get(STUDIES, headers=bearer(made.patient)).json()
        assert len(studies) == len(made.deposited) // 2
    for gateway in made.doors("gateway"):
        newest = f"{STUDIES}/{studies[0]['0020000D']['Value'][0]}/metadata"
        assert gateway.http.get(newest, headers=bearer(made.patient)).status_code == 200


def opened(reader: Coffre, patient: str) -> Iterator[bytes]:
    """The content of every document, and of every study's pack, through grants and presigned addresses."""
    grant = reader.grant(patient, INS)
    body = grant.open()
    for document in body.documents:
        yield grant.read(document.blob_id, document.offset, document.length)
    for blob in (each.sealed for each in body.blobs):
        if blob.ref.kind == PACK and blob.ref.blob_id not in {each.blob_id for each in body.documents}:
            yield grant.read(blob.ref.blob_id, 0, blob.plaintext_size)


def test_roles_of_before_keep_what_their_programs_need(earlier: Earlier) -> None:
    """`coffre roles` runs while programs of the previous version still work."""
    asked = (
        "import json; from coffre.installation.database_roles import RIGHTS;"
        "print(json.dumps({branch: dict(each.grants) for branch, each in RIGHTS.items()}))"
    )
    before = json.loads(earlier.run("-c", asked, env={}))
    for branch, rights in RIGHTS.items():
        for role, granted in before[branch].items():
            taken = {
                (verb, column, table)
                for verb, column, table in spelled_out(granted)
                if not {(verb, column, table), (verb, "", table)} & set(spelled_out(rights.grants[role]))
            }
            assert not taken, (branch, role)


def spelled_out(granted: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Verb, column or nothing, table, of each right between GRANT and TO."""
    for line in granted:
        verbs, _, tables = line.rpartition(" ON ")
        for verb, columns in re.findall(r"(\w+)(?: \(([^)]*)\))?", verbs):
            for column in columns.split(", "):
                yield from ((verb, column, table) for table in tables.split(", "))


def test_what_this_version_writes_the_previous_one_reads(earlier: Earlier) -> None:
    told = tomllib.loads((earlier.sources / "pyproject.toml").read_text())
    version = order(told["project"]["version"])
    sources = "".join(file.read_text("utf-8") for file in earlier.sources.rglob("*.py"))
    written = [label for label, since in SHAPES.items() if since.written and order(since.written) > version]
    assert [label for label in written if label not in sources] == []
